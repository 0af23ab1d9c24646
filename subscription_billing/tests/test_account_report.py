from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import SubscriptionCommon

MEASURES = ("billed", "credited", "due", "overdue", "parked")


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 10:00:00")
class TestAccountReport(SubscriptionCommon):
    """Customer accounts add up to the books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.report = cls.env["subscription.account.report"]

    def _sums(self, contracts, groupby="contract_id"):
        self.env.flush_all()
        self.report.invalidate_model()
        rows = self.report._read_group(
            [("contract_id", "in", contracts.ids)], [groupby], [f"{name}:sum" for name in MEASURES]
        )
        return {key: tuple(round(value, 2) for value in values) for key, *values in rows}

    def _billed_on(self, contracts, day):
        with freeze_time(day):
            return self._bill(contracts, day)

    def _pay(self, invoice, amount):
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids)
        wizard.create({"amount": amount})._create_payments()

    def test_billed_due_overdue(self):
        late, new = self._contract(date_start="2026-04-01"), self._contract(self.support, date_start="2026-06-15")
        invoice = self._billed_on(late, "2026-04-01")
        self._pay(invoice, 15.0)
        self._bill(new, "2026-06-15")
        self.assertEqual(
            self._sums(late | new), {late: (115.0, 0.0, 100.0, 100.0, 0.0), new: (34.5, 0.0, 34.5, 0.0, 0.0)}
        )

    def test_shared_invoice_and_a_line_typed_by_hand_sum_to_the_books(self):
        values = {"date_start": "2026-04-01", "invoice_grouping": "customer", "invoicing_mode": "draft"}
        hosting, support = self._contract(self.hosting, **values), self._contract(self.support, **values)
        invoice = self._billed_on(hosting | support, "2026-04-01")
        invoice.invoice_line_ids = [Command.create({"product_id": self.setup_fee.id, "quantity": 1.0})]
        invoice.action_post()
        sums = self._sums(hosting | support)
        self.assertAlmostEqual(sum(values[0] for values in sums.values()), invoice.amount_total_signed, 2)
        self.assertAlmostEqual(sum(values[2] for values in sums.values()), invoice.amount_residual_signed, 2)
        self.assertAlmostEqual(sums[hosting][0] / sums[support][0], 100 / 30, 2)

    def test_credit_notes_of_the_engine_and_of_persons(self):
        closed, reversed_by_hand = self._contract(date_start="2026-06-01"), self._contract(date_start="2026-06-01")
        self._billed_on(closed | reversed_by_hand, "2026-06-01")
        closed._close(self._day("2026-06-01"), self.reason, credit="prorata")
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=reversed_by_hand.invoice_ids.ids
        )
        wizard.create({"journal_id": reversed_by_hand.invoice_ids.journal_id.id}).refund_moves()
        credit = self.env["account.move"].search([("reversed_entry_id", "in", reversed_by_hand.invoice_ids.ids)])
        credit.action_post()
        sums = self._sums(closed | reversed_by_hand)
        for contract in (closed, reversed_by_hand):
            self.assertEqual(sums[contract][:4], (115.0, 115.0, 0.0, 0.0))
        self.assertEqual(sums[reversed_by_hand][4], 100.0, "it waits for a decision")

    def test_billing_that_stopped(self):
        stopped = self._contract(date_start="2026-05-01")
        waits = self._contract(date_start="2026-05-01")
        stopped._park("No journal", self.env.cr.now())
        [sums] = self._sums(stopped | waits).values()
        self.assertEqual(sums[:4], (0.0, 0.0, 0.0, 0.0))
        self.assertAlmostEqual(sums[4], 100 * 46 / (365.25 / 12), 2, "46 days of service")

    def test_company_currency_at_the_rate_of_the_invoice(self):
        currency = self.setup_other_currency("GBP", rates=[("2026-03-15", 2.0), ("2026-06-01", 4.0)])
        pricelist = self.env["product.pricelist"].create({"name": "Other", "currency_id": currency.id})
        contract = self._contract(
            {"product_id": self.hosting.id, "price_unit": 100.0}, date_start="2026-04-01", pricelist_id=pricelist.id
        )
        invoice = self._billed_on(contract, "2026-04-01")
        self.assertEqual(invoice.currency_id, currency)
        self.assertEqual(self._sums(contract)[contract], (57.5, 0.0, 57.5, 57.5, 0.0))
        invoice.button_draft()
        invoice.button_cancel()
        self.assertEqual(self._sums(contract)[contract], (0.0, 0.0, 0.0, 0.0, 50.0))

    def test_by_customer_plan_and_month(self):
        contract = self._contract(date_start="2026-04-01")
        self._billed_on(contract, "2026-04-01")
        self._billed_on(contract, "2026-05-01")
        self.assertEqual(self._sums(contract, "partner_id")[self.customer][0], 230.0)
        self.assertEqual(self._sums(contract, "plan_id")[self.plan][0], 230.0)
        months = self._sums(contract, "date:month")
        self.assertEqual([(str(month), sums[0]) for month, sums in months.items()], [
            ("2026-04-01", 115.0), ("2026-05-01", 115.0),
        ])  # fmt: skip

    def test_row_opens_its_document(self):
        contract = self._contract(date_start="2026-04-01")
        invoice = self._billed_on(contract, "2026-04-01")
        row = self.report.search([("contract_id", "=", contract.id)])
        self.assertEqual((row.action_open_document()["res_model"], row.action_open_document()["res_id"]),
                         ("account.move", invoice.id))  # fmt: skip
