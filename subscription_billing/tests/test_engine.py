from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15")
class TestEngine(SubscriptionCommon):
    """Every due period once, at the right price, on the right document."""

    def bill(self, contract, until):
        """Amounts by invoice, in the order of their dates."""
        moves = self._bill(contract, until)
        return [move.amount_untaxed * (-1 if move.move_type == "out_refund" else 1) for move in moves]

    def test_advance_bills_from_the_first_day(self):
        contract = self._contract()
        self.assertFalse(self._bill(contract, "2025-12-31"))
        self.assertEqual(self.bill(contract, "2026-01-01"), [100.0])
        self.assertEqual(str(contract.next_billing_date), "2026-02-01")

    def test_a_second_run_writes_nothing(self):
        contract = self._contract(self.hosting, self.setup_fee, self.traffic)
        self.assertEqual(self.bill(contract, "2026-03-15"), [150.0, 100.0, 100.0])
        before = contract.period_ids
        self.assertFalse(self._bill(contract, "2026-03-15"))
        self.assertEqual(contract.period_ids, before)

    def test_arrears_bill_the_day_after(self):
        contract = self._contract(billing_timing="arrears")
        self.assertFalse(self._bill(contract, "2026-01-31"))
        self.assertEqual(self.bill(contract, "2026-02-01"), [100.0])

    def test_lead_days(self):
        contract = self._contract(lead_days=10)
        self.assertEqual(str(contract.next_billing_date), "2025-12-22")
        self.assertEqual(self.bill(contract, "2025-12-22"), [100.0])

    def test_calendar_alignment_bills_a_stub_first(self):
        contract = self._contract(date_start="2026-01-20", alignment="calendar", alignment_day=1)
        move = self._bill(contract, "2026-01-20")
        self.assertEqual(move.amount_untaxed, 38.71)
        self.assertIn("12 days of 31", move.invoice_line_ids.name)
        self.assertEqual(self.bill(contract, "2026-02-01"), [100.0])

    def test_quarters_aligned_on_the_calendar(self):
        contract = self._contract(
            {"product_id": self.hosting.id, "price_unit": 300.0},
            plan_id=self.plan.copy({"recurrence_id": self.quarterly.id, "alignment": "calendar"}).id,
            date_start="2026-02-15",
            proration_policy="months_then_days",
        )
        self.assertEqual(
            self.bill(contract, "2026-04-01"), [150.0, 300.0], "half of February and March, of three months"
        )

    def test_one_off_once_with_the_first_invoice(self):
        contract = self._contract(self.hosting, self.setup_fee)
        self.assertEqual(self.bill(contract, "2026-02-01"), [150.0, 100.0])

    def test_instalments_stop_by_themselves(self):
        contract = self._contract({"product_id": self.hosting.id, "occurrences": 3})
        self.assertEqual(self.bill(contract, "2027-01-01"), [100.0] * 3)
        self.assertFalse(contract.next_billing_date)

    def test_discount_for_three_periods(self):
        contract = self._contract({"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 3})
        self.assertEqual(self.bill(contract, "2026-05-01"), [50.0, 50.0, 50.0, 100.0, 100.0])
        self.assertEqual(len(contract.line_ids), 2, "a promotion is two dated rows of one chain")
        self.assertEqual(len(contract.line_ids.chain_id), 1)

    def test_discount_for_life(self):
        contract = self._contract({"product_id": self.hosting.id, "discount": 10.0})
        self.assertEqual(self.bill(contract, "2026-02-01"), [90.0, 90.0])

    def test_late_periods_each_or_in_one_summary(self):
        contract = self._contract(catch_up="summary")
        move = self._bill(contract, "2026-06-15")
        self.assertEqual((len(move), move.amount_untaxed, len(move.invoice_line_ids)), (1, 600.0, 6))

    def test_already_billed_until(self):
        contract = self._contract(billed_until="2026-05-31")
        self.assertEqual(self.bill(contract, "2026-06-15"), [100.0])
        self.assertEqual(contract.period_ids.sorted("date_start").mapped("state"), ["imported", "billed"])

    def test_mixed_recurrences_due_together_share_an_invoice(self):
        contract = self._contract(
            self.hosting, {"product_id": self.support.id, "recurrence_id": self.quarterly.id, "price_unit": 90.0}
        )
        self.assertEqual(self.bill(contract, "2026-04-01"), [190.0, 100.0, 100.0, 190.0])

    def test_customer_grouping(self):
        contracts = self._contract(invoice_grouping="customer") | self._contract(
            self.support, invoice_grouping="customer"
        )
        moves = self._bill(contracts, "2026-01-01")
        self.assertEqual((len(moves), moves.amount_untaxed), (1, 130.0))
        self.assertEqual(moves.subscription_contract_ids, contracts)

    def test_usage_once_and_late_usage_with_the_next_window(self):
        contract = self._contract({"product_id": self.traffic.id, "included_quantity": 5.0})
        line = contract.line_ids

        def use(day, quantity):
            self.env["subscription.usage"].create(
                {"contract_id": contract.id, "line_id": line.id, "date": day, "quantity": quantity}
            )

        use("2026-01-10", 4.0)
        use("2026-01-20", 3.0)
        self.assertEqual(self.bill(contract, "2026-02-01"), [4.0], "7 used, 5 included, 2.00 each")
        use("2026-01-25", 1.0)
        use("2026-02-05", 6.0)
        self.assertEqual(str(contract.next_billing_date), "2026-03-01", "late usage is due with the next window")
        self.assertEqual(self.bill(contract, "2026-03-01"), [4.0], "1 late of January and 1 of February")
        contract._close(self._day("2026-03-16"), self.reason)
        self._bill(contract, "2026-03-16")
        use("2026-03-10", 9.0)
        self.assertEqual(self.bill(contract, "2026-06-15"), [8.0], "late inside the contract: a final invoice")
        self.assertFalse(self._bill(contract, "2026-12-31"))

    def test_usage_minimum(self):
        contract = self._contract({"product_id": self.traffic.id, "minimum_amount": 25.0})
        self.assertEqual(self.bill(contract, "2026-02-01"), [25.0])

    def test_nothing_to_pay_is_settled_without_an_invoice(self):
        contract = self._contract({"product_id": self.hosting.id, "price_unit": 0.0})
        self.assertFalse(self._bill(contract, "2026-02-01"))
        self.assertEqual(contract.period_ids.mapped("state"), ["waived", "waived"])
        self.assertEqual(str(contract.next_billing_date), "2026-03-01")

    def test_words_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        move = self._bill(self._contract(date_start="2026-01-20", alignment="calendar"), "2026-01-20")
        self.assertIn("20/01/2026", move.invoice_line_ids.name)

    def test_service_dates_for_electronic_invoices(self):
        line = self._bill(self._contract(), "2026-01-01").invoice_line_ids
        self.assertEqual((str(line.deferred_start_date), str(line.deferred_end_date)), ("2026-01-01", "2026-01-31"))

    def test_quantity_and_price_of_the_contract_on_the_invoice(self):
        contract = self._contract(
            {"product_id": self.hosting.id, "quantity": 3.0, "price_unit": 33.33},
            date_start="2026-01-20",
            alignment="calendar",
        )
        line = self._bill(contract, "2026-01-20").invoice_line_ids
        self.assertEqual((line.quantity, line.price_subtotal), (3.0, 38.71))

    def test_fiscal_position_on_the_day_of_the_invoice(self):
        contract = self._contract()
        first = self._bill(contract, "2026-01-01")
        self.assertEqual(first.invoice_line_ids.tax_ids, self.tax_20)
        exempt = self.tax_20.copy(
            {"name": "Exempt", "amount": 0.0, "fiscal_position_ids": False, "original_tax_ids": False}
        )
        abroad = self.env["account.fiscal.position"].create({"name": "Abroad", "tax_ids": [Command.link(exempt.id)]})
        exempt.original_tax_ids = self.tax_20
        self.customer.property_account_position_id = abroad
        second = self._bill(contract, "2026-02-01")
        self.assertEqual(second.invoice_line_ids.tax_ids, exempt)
        self.assertEqual(second.fiscal_position_id, abroad)

    def test_tax_included_price_keeps_its_total(self):
        included = self.tax_20.copy({"name": "Included", "price_include_override": "tax_included", "amount": 20.0})
        product = self._product("Included", 120.0, taxes_id=[Command.set(included.ids)])
        contract = self._contract({"product_id": product.id, "price_unit": 120.0})
        move = self._bill(contract, "2026-01-01")
        self.assertEqual((move.amount_untaxed, move.amount_total), (100.0, 120.0))
        self.assertEqual(contract.line_ids.price_untaxed, 100.0)
        self.assertEqual(contract.mrr, 100.0)

    def test_draft_mode_posts_nothing(self):
        contract = self._contract(invoicing_mode="draft")
        self.assertEqual(self._bill(contract, "2026-01-01").state, "draft")

    def test_changing_the_timing_moves_the_next_date(self):
        contract = self._contract()
        contract.billing_timing = "arrears"
        self.assertEqual(str(contract.next_billing_date), "2026-02-01")

    def test_preview_writes_nothing_and_equals_the_invoice(self):
        contract = self._contract(self.hosting, self.setup_fee, {"product_id": self.support.id, "discount": 33.33})
        charges = self.engine._preview(contract, self._day("2026-03-01"))
        self.assertFalse(contract.period_ids)
        moves = self._bill(contract, "2026-03-01")
        self.assertEqual(
            [float(charge.amount) for charge in charges], moves.invoice_line_ids.sorted("id").mapped("price_subtotal")
        )

    def test_unarmed_database_bills_nothing(self):
        contract = self._contract()
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "another")
        with self.assertRaisesRegex(UserError, "arm"):
            self._bill(contract, "2026-01-01")

    def test_due_date_as_invoice_date(self):
        contract = self._contract(invoice_date_policy="due")
        moves = self._bill(contract, "2026-03-01")
        self.assertEqual([str(move.invoice_date) for move in moves], ["2026-01-01", "2026-02-01", "2026-03-01"])
