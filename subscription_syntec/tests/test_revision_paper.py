from io import BytesIO

from lxml import etree, html
from pypdf import PdfReader

from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import html2plaintext

from .common import RevisionCommon

NUMBERS = {
    "en_US": {
        "values": ["245.6", "246.8"],
        "months": ["February 2014", "February 2015"],
        "prices": ["500.00", "502.44"],
        "days": ["03/31/2014", "03/31/2015"],
        "point": ".",
        "letter": ["Madam, Sir,", "Old price", "Variation", "Formula: P0 × S1/S0", "Yours faithfully,"],
        "labels": ["File of a price revision", "Price before", "The price only, 2 decimals, to the nearest", "Final"],
    },
    "fr_FR": {
        "values": ["245,6", "246,8"],
        "months": ["février 2014", "février 2015"],
        "prices": ["500,00", "502,44"],
        "days": ["31/03/2014", "31/03/2015"],
        "point": ",",
        "letter": ["Madame, Monsieur,", "Ancien prix", "Variation", "Formule : P0 × S1/S0", "salutations distinguées."],
        "labels": [
            "Dossier d'une révision de prix",
            "Prix précédent",
            "Le prix seulement, 2 décimales, au plus proche",
            "Définitive",
        ],
    },
}


# where each format has the notes of the whole invoice; the localization of France brings both
NOTES = {
    "account.edi.xml.ubl_bis3": "{*}Note",
    "account.edi.xml.cii": "{*}ExchangedDocument/{*}IncludedNote/{*}Content",
}


@tagged("post_install", "-at_install")
@freeze_time("2015-03-10")
class TestRevisionPaper(RevisionCommon, HttpCase):
    """What the customer reads on paper, read back from the PDF in both languages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.env["ir.module.module"]._load_module_terms(["subscription_syntec"], ["fr_FR"])
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
                self.assertSays(text, lang, "letter")

    def test_file(self):
        for lang in NUMBERS:
            with self.subTest(lang):
                revision = self.revised(lang)
                text = self.pdf("subscription_syntec.report_subscription_revision", revision, lang)
                self.assertSays(text, lang, "values", "months", "prices", "days", "labels")
                exact = [revision.evidence["coefficient"], revision.evidence["price"]]
                exact += [step[side] for step in revision.evidence["steps"] for side in ("before", "after")]
                for number in exact:
                    self.assertIn(number.replace(".", NUMBERS[lang]["point"]), text)
                for code in ("2014-02", "2015-02"):
                    self.assertIn(code, text)
                for code in ("half_up", "final,"):
                    self.assertNotIn(code, text, "words, no codes")

    def test_electronic_invoice(self):
        """The note travels with the invoice, in both formats that European customers are sent."""
        revision = self.revised("en_US")
        move = revision.told_move_id
        for name, note in NOTES.items():
            with self.subTest(name):
                xml, _errors = self.env[name]._export_invoice(move)
                notes = [_flat(node.text or "") for node in etree.fromstring(xml).iterfind(note)]
                self.assertEqual(sum(_flat(revision.sentence) in text for text in notes), 1, notes)


def _text(content) -> str:
    return _flat(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))


def _flat(text) -> str:
    """One ordinary space between words."""
    return " ".join(text.split())
