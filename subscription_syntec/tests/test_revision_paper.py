from io import BytesIO

from lxml import html
from pypdf import PdfReader

from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import html2plaintext

from .common import RevisionCommon

NUMBERS = {
    "en_US": {
        "values": ["245.6", "246.8"],
        "months": ["February 2014", "February 2015"],
        "prices": ["500.00", "502.44"],
    },
    "fr_FR": {
        "values": ["245,6", "246,8"],
        "months": ["février 2014", "février 2015"],
        "prices": ["500,00", "502,44"],
    },
}


@tagged("post_install", "-at_install")
@freeze_time("2015-03-10")
class TestRevisionPaper(RevisionCommon, HttpCase):
    """What the customer reads on paper, read back from the PDF in both languages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        term = {"base_rule": "named", "base_period": "2014-02", "reading_rule": "lag", "lag": 0}
        cls.clause = cls._clause(cls.index, term)

    def revised(self, lang):
        """A revision that is applied, and its first invoice."""
        customer = self.customer.copy({"lang": lang, "email": "customer@example.com"})
        contract = self._contract(
            {"product_id": self.hosting.id, "price_unit": 500.0},
            date_start="2014-02-01",
            partner_id=customer.id,
            revision_clause_id=self.clause.id,
        )
        self._bill(contract, "2015-01-31")
        [revision] = self._revise(contract, "2015-03-10")
        self._bill(contract, "2015-03-10")
        return revision

    def pdf(self, report, record, lang):
        """The text of a report on paper, without style sheets: letters of web fonts may be drawn, and leave no text."""
        reports = self.env["ir.actions.report"].with_context(lang=lang)
        page, _kind = reports._render_qweb_html(report, record.ids)
        tree = html.fromstring(page)
        for sheet in tree.xpath("//link | //script | //img"):
            sheet.drop_tree()
        return _text(reports._run_wkhtmltopdf([html.tostring(tree, encoding="unicode")]))

    def assertSays(self, text, lang, *kinds):
        for kind in kinds:
            for number in NUMBERS[lang][kind]:
                self.assertIn(number, text)

    def test_invoice(self):
        for lang in NUMBERS:
            with self.subTest(lang):
                revision = self.revised(lang)
                move = revision.told_move_id
                text = self.pdf("account.account_invoices", move, lang)
                self.assertSays(text, lang, "values", "months", "prices")
                sentence = _flat(revision.with_context(lang=lang).sentence)
                self.assertEqual(text.count(sentence), 1, text)
                self.assertEqual(html2plaintext(move.narration).count(NUMBERS[lang]["values"][0]), 1)
                others = revision.contract_id.invoice_ids - move
                self.assertTrue(others)
                self.assertFalse(others.filtered("narration"), "it is told once")

    def test_letter(self):
        for lang in NUMBERS:
            with self.subTest(lang):
                text = _text(self.revised(lang)._letter_attachment().raw)
                self.assertSays(text, lang, "values", "months", "prices")
                self.assertEqual(text.count(NUMBERS[lang]["values"][0]), 1)

    def test_file(self):
        for lang in NUMBERS:
            with self.subTest(lang):
                revision = self.revised(lang)
                text = self.pdf("subscription_syntec.report_subscription_revision", revision, lang)
                self.assertSays(text, lang, "values", "months", "prices")
                for exact in (
                    "2014-02", "2015-02", "2014-03-31", "2015-03-31",
                    revision.evidence["coefficient"], revision.evidence["price"],
                    *(part for step in revision.evidence["steps"] for part in (step["before"], step["after"])),
                ):  # fmt: skip
                    self.assertIn(exact, text)

    def test_electronic_invoice(self):
        """The note travels with the invoice, in both formats that European customers are sent."""
        revision = self.revised("en_US")
        move = revision.told_move_id
        for name in ("account.edi.xml.ubl_bis3", "account.edi.xml.cii"):
            if name not in self.env:
                self.skipTest("Electronic invoices are not installed.")
            with self.subTest(name):
                xml, _errors = self.env[name]._export_invoice(move)
                text = _flat(xml.decode())
                self.assertEqual(text.count(_flat(revision.sentence)), 1, text)


def _text(content) -> str:
    return _flat(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))


def _flat(text) -> str:
    """One ordinary space between words."""
    return " ".join(text.split())
