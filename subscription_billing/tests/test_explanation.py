from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import format_amount, format_date

from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 10:00:00")
class TestExplanation(SubscriptionCommon):
    """Why an invoice says what it says, and why a period is not billed, in one sentence."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def _money(self, amount):
        return format_amount(self.env, amount, self.env.company.currency_id)

    def _date(self, day):
        return format_date(self.env, day)

    def _why(self, move, action="action_subscription_period_of_move"):
        """What the button of an invoice, or of its line, opens."""
        domain = self.env.ref(f"subscription_billing.{action}").domain
        return self.env["subscription.period"].search(eval(domain, {"active_id": move.id}))  # pylint: disable=eval-used

    def test_whole_period_at_the_price_of_the_activation(self):
        contract = self._contract(
            {"product_id": self.hosting.id, "quantity": 2, "discount": 10}, date_start="2026-06-01"
        )
        invoice = self._bill(contract, "2026-06-01")
        period = self._why(invoice)
        self.assertEqual(period.share, "Whole period")
        self.assertEqual(period.segment, f"Since {self._date('2026-06-01')}")
        source = f"Activation of {self._date('2026-06-15')} ({contract.name} / 1)"
        self.assertIn(period.price_source, (source, source.replace(self._date("2026-06-15"), self._date("2026-06-01"))))
        self.assertEqual(
            period.explanation,
            f"2 × {self._money(100)} less 10 % for a whole period make {self._money(180)}. "
            f"Price: {period.price_source}.",
        )

    def test_part_of_a_period_after_a_change(self):
        contract = self._contract(date_start="2026-06-01")
        self._bill(contract, "2026-06-01")
        contract._amend(self._day("2026-06-16"), [(contract.line_ids, {"price_unit": 200.0})])
        invoice = self._bill(contract, "2026-06-16")
        billed = self._why(invoice).filtered(lambda period: period.move_id == invoice)
        self.assertEqual(billed.share, "1/2")
        self.assertRegex(billed.price_source, rf"^Change .*{self._date('2026-06-16')} \({contract.name} / 2\)$")
        self.assertIn("for 1/2 of a period", billed.explanation)
        given_back = self._why(invoice) - billed
        self.assertIn("Given back on", given_back.explanation)

    def test_line_opens_its_own_periods(self):
        contract = self._contract(self.hosting, self.setup_fee, date_start="2026-06-01")
        invoice = self._bill(contract, "2026-06-01")
        for line in invoice.invoice_line_ids:
            period = self._why(line, "action_subscription_period_of_move_line")
            self.assertEqual(period.move_line_id, line)
        self.assertIn("billed once", self._why(invoice).filtered(lambda p: p.line_id.kind == "one_off").explanation)

    def test_order_is_the_source(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "subscription_plan_id": self.plan.id,
                "subscription_start_date": "2026-06-01",
                "order_line": [(0, 0, {"product_id": self.hosting.id})],
            }
        )
        order.action_confirm()
        contract = order.subscription_contract_id
        invoice = self._bill(contract, "2026-06-01")
        self.assertEqual(self._why(invoice).price_source, f"Order {order.name}")

    def test_usage(self):
        contract = self._contract(self.traffic, date_start="2026-05-01")
        self.env["subscription.usage"].create(
            {"contract_id": contract.id, "line_id": contract.line_ids.id, "date": "2026-05-10", "quantity": 12}
        )
        invoice = self._bill(contract, "2026-06-15")
        self.assertIn(f"12 used at {self._money(2)} make {self._money(24)}", self._why(invoice).explanation)

    def test_what_a_person_typed(self):
        contract = self._contract(date_start="2026-06-01", invoicing_mode="draft")
        invoice = self._bill(contract, "2026-06-01")
        invoice.invoice_line_ids.price_unit = 90.0
        invoice.action_post()
        self.assertIn(f"A person made it {self._money(90)}", self._why(invoice).explanation)

    def test_periods_that_are_not_billed(self):
        contract = self._contract(date_start="2026-06-01", billed_until="2026-06-10")
        imported = contract.period_ids
        self.assertEqual(imported.explanation, "Billed before this contract came here")
        invoice = self._bill(contract, "2026-06-15")
        period = self._why(invoice)
        invoice.button_draft()
        invoice.button_cancel()
        self.assertIn("It waits for a decision", period.explanation)
        period.action_waive()
        self.assertEqual(period.explanation, "Not billed: Waived.")

    def test_days_that_nobody_billed(self):
        contract = self._contract(date_start="2026-06-01")
        gap = self.env["subscription.gap"].search([("contract_id", "=", contract.id)])
        self.assertEqual(gap.explanation, "It is due, and the next run bills it.")
        contract._locked().next_attempt = "2026-06-20"
        gap.invalidate_recordset()
        self.assertIn("set it aside until", gap.explanation)

    def test_accounting_reads_it_without_sales_rights(self):
        contract = self._contract(date_start="2026-06-01")
        invoice = self._bill(contract, "2026-06-01")
        accountant = new_test_user(self.env, "why_accountant", groups="base.group_user,account.group_account_invoice")
        self.assertIn("for a whole period", self._why(invoice).with_user(accountant).explanation)
