from lxml import html

from odoo.tests import freeze_time, tagged

from .test_life import LifeCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestAmendmentPrint(LifeCommon):
    """The amendment on paper."""

    def page(self, amendment):
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            "subscription_billing.report_subscription_amendment", amendment.ids
        )
        return html.fromstring(content)

    def table(self, page, name):
        return [
            [" ".join(cell.text_content().split()) for cell in row.xpath("td|th[not(../../../thead)]")]
            for row in page.xpath(f"//table[@name='{name}']/tbody/tr")
        ]

    def test_what_changes_before_and_after(self):
        contract = self._contract(self.hosting, self.support)
        hosting, support = contract.line_ids
        setup = {"product_id": self.setup_fee.id, "price_unit": 50.0}
        amendment = contract._amend(
            self._day("2026-03-01"),
            [(hosting, {"quantity": 2.0, "discount": 10.0}), (support, None), (None, setup)],
            reason="As agreed by phone",
        )
        page = self.page(amendment)
        self.assertEqual(
            self.table(page, "lines"),
            [
                [
                    "Hosting",
                    "1.00 × 100.00 = $ 100.00 per month",
                    "2.00 × 100.00, −10.00 % = $ 180.00 per month",
                    "03/01/2026",
                    "",
                ],
                ["Setup", "–", "1.00 × 50.00 = $ 50.00", "03/01/2026", "03/01/2026"],
                ["Support", "1.00 × 30.00 = $ 30.00 per month", "–", "", "02/28/2026"],
            ],
        )
        [[_whole, before, after]] = self.table(page, "amounts")
        self.assertEqual((before, after), ("$ 130.00 per month", "$ 180.00 per month"))
        text = page.text_content()
        for said in ("Amendment no. 2", contract.name, "A customer", "As agreed by phone", "signature"):
            self.assertIn(said, text)

    def test_it_stays_what_it_was(self):
        contract = self._contract()
        first = contract._amend(self._day("2026-03-01"), [(contract.line_ids, {"quantity": 2.0})])
        second = contract._amend(self._day("2026-03-01"), [(contract.line_ids.chain_id, {"quantity": 5.0})])
        self.assertEqual(first._printed_amounts(), ("$\xa0100.00 per month", "$\xa0200.00 per month"))
        self.assertEqual(second._printed_amounts(), ("$\xa0200.00 per month", "$\xa0500.00 per month"))
        third = contract._amend(self._day("2026-02-01"), [(contract.line_ids.chain_id, {"price_unit": 90.0})])
        self.assertEqual(third._printed_amounts(), ("$\xa0100.00 per month", "$\xa090.00 per month"))
        self.assertEqual(first._printed_amounts(), ("$\xa0100.00 per month", "$\xa0200.00 per month"))
        self.assertEqual(first.summary, "Hosting: Quantity 1.00 → 2.00", "although its row was split since")
        contract.partner_id = self.env["res.partner"].create({"name": "Another customer"})
        with self.on("2026-04-01"):
            other = self.env["res.partner"].create({"name": "A third customer"})
            contract.partner_id = other
            self.assertEqual(second._customer().name, "Another customer")

    def test_opening_and_closing(self):
        contract = self._contract(trial=14)
        contract._close(self._day("2026-06-01"), self.reason)
        opening, closing = contract.amendment_ids.sorted("number")
        self.assertEqual(opening._printed_amounts(), ("–", "$\xa0100.00 per month"))
        self.assertEqual(closing._printed_amounts(), ("$\xa0100.00 per month", "–"))

    def test_terms_and_what_was_taken_back(self):
        contract = self._contract()
        self.plan.notice = 3
        amendment = contract._take_terms(self.plan)
        undoing = amendment._undo()
        self.assertEqual(self.table(self.page(amendment), "values"), [["Notice period", "0", "3"]])
        self.assertIn(["Taken back by", undoing.display_name], self.table(self.page(amendment), "facts"))
        self.assertIn(["Takes back", amendment.display_name], self.table(self.page(undoing), "facts"))

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["ir.module.module"]._load_module_terms(["subscription_billing"], ["fr_FR"])
        self.customer.lang = "fr_FR"
        contract = self._contract()
        amendment = contract._amend(self._day("2026-03-01"), [(contract.line_ids, {"quantity": 2.0})])
        page = self.page(amendment)
        self.assertIn("Avenant n° 2", " ".join(page.text_content().split()))
        [[_whole, before, after]] = self.table(page, "amounts")
        self.assertEqual((before, after), ("$ 100,00 par mois", "$ 200,00 par mois"))

    def test_in_the_print_menu(self):
        report = self.env.ref("subscription_billing.action_report_subscription_amendment")
        bindings = self.env["ir.actions.actions"].get_bindings("subscription.amendment")["report"]
        self.assertIn(report.id, [action["id"] for action in bindings])
