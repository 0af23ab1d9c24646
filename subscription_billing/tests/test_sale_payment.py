from odoo import Command
from odoo.tests import tagged

from odoo.addons.account_payment.tests.common import AccountPaymentCommon
from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSalePayment(CronMixinCase, AccountPaymentCommon, SaleSubscriptionCommon):
    """What is prepaid is the first invoice and what Sales invoices once; it is charged once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("sale.automatic_invoice", "True")

    def _paid_quote(self, *lines, **values):
        return self._quote(*lines, require_payment=True, require_signature=False, prepayment_percent=1.0, **values)

    def _pay(self, order, amount, state="done"):
        transaction = self._create_transaction(
            flow="direct",
            amount=amount,
            currency_id=order.currency_id.id,
            partner_id=self.customer.id,
            sale_order_ids=[Command.set(order.ids)],
            state=state,
            reference=f"{order.name}-{len(order.transaction_ids)}",
        )
        transaction._post_process()
        return transaction

    def test_the_amount_to_prepay_is_the_first_invoice_and_the_goods(self):
        self.plan.write({"alignment": "calendar", "alignment_day": 1})
        order = self._paid_quote(self.hosting, self.setup_fee, self.router)
        rate = 1 + self.tax_20.amount / 100
        # 22 days of March, a setup fee and a router
        self.assertEqual(order._get_prepayment_required_amount(), order.currency_id.round((70.97 + 50 + 80) * rate))
        order.prepayment_percent = 0.5
        self.assertEqual(order._get_prepayment_required_amount(), order.currency_id.round((70.97 + 50 + 80) * rate / 2))
        order.require_payment = False
        self.assertEqual(order._get_prepayment_required_amount(), 0.0)

    def test_an_ordinary_order_is_prepaid_as_ever(self):
        order = self._paid_quote(self.router, self.setup_fee)
        self.assertEqual(order._get_prepayment_required_amount(), order.amount_total)
        self.assertEqual(order._get_default_payment_link_values()["amount"], order.amount_total)

    def test_a_payment_link_asks_for_what_is_due(self):
        self.plan.write({"alignment": "calendar", "alignment_day": 1})
        order = self._paid_quote(self.hosting)
        due = order._subscription_amount_due()
        self.assertLess(due, order.amount_total)
        values = order._get_default_payment_link_values()
        self.assertEqual((values["amount"], values["amount_max"], values["prepayment_amount"]), (due, due, due))

    def test_paying_confirms_and_pays_the_first_invoice(self):
        self.plan.write({"alignment": "calendar", "alignment_day": 1})
        order = self._paid_quote(self.hosting, self.setup_fee)
        due = order._get_prepayment_required_amount()
        transaction = self._pay(order, due)
        self.assertEqual((order.state, order.subscription_contract_id.state), ("sale", "active"))
        self.assertFalse(transaction.invoice_ids, "Sales has nothing to invoice")
        invoice = self._first_bill(order)
        self.assertEqual(invoice.amount_total, due)
        self.assertEqual(invoice.transaction_ids, transaction)
        self.assertEqual(invoice.amount_residual, 0.0)
        second = self._bill(order.subscription_contract_id, "2026-04-01")
        self.assertFalse(second.transaction_ids)
        self.assertEqual(second.amount_residual, second.amount_total)

    def test_one_payment_pays_the_goods_and_the_first_invoice(self):
        self.plan.write({"alignment": "calendar", "alignment_day": 1})
        order = self._paid_quote(self.hosting, self.router)
        transaction = self._pay(order, order._get_prepayment_required_amount())
        goods = transaction.invoice_ids
        self.assertEqual(goods.invoice_line_ids.product_id, self.router)
        invoice = self._first_bill(order)
        self.assertEqual(goods | invoice, transaction.invoice_ids)
        self.assertEqual((goods | invoice).mapped("amount_residual"), [0.0, 0.0])

    def test_what_is_left_waits_for_the_goods_not_for_the_next_period(self):
        self.env["ir.config_parameter"].set_param("sale.automatic_invoice", "False")
        self.router.invoice_policy = "delivery"
        order = self._paid_quote(self.hosting, self.router)
        transaction = self._pay(order, order._get_prepayment_required_amount())
        first = self._first_bill(order)
        second = self._bill(order.subscription_contract_id, "2026-04-10")
        self.assertEqual((first.amount_residual, second.amount_residual), (0.0, second.amount_total))
        self._line(order, self.router).qty_delivered = 1.0
        goods = order._create_invoices()
        goods.action_post()
        self.assertEqual((goods.transaction_ids, goods.amount_residual), (transaction, 0.0))

    def test_a_part_paid_is_no_down_payment(self):
        order = self._paid_quote(self.hosting, self.router)
        order.prepayment_percent = 0.5
        transaction = self._pay(order, order._get_prepayment_required_amount())
        self.assertEqual(order.state, "sale")
        self.assertFalse(transaction.invoice_ids or order.order_line.filtered("is_downpayment"))
        invoice = self._first_bill(order)
        self.assertEqual(invoice.amount_residual, invoice.amount_total - transaction.amount)

    def test_a_payment_that_comes_after_the_invoice_pays_it(self):
        order = self._paid_quote(self.hosting)
        order.action_confirm()
        invoice = self._first_bill(order)
        transaction = self._pay(order, order._subscription_amount_due())
        self.assertEqual(transaction.invoice_ids, invoice)
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_a_pending_payment_rides_on_the_first_invoice_only(self):
        order = self._paid_quote(self.hosting)
        transaction = self._pay(order, order._get_prepayment_required_amount(), state="pending")
        order.action_confirm()
        first = self._first_bill(order)
        second = self._bill(order.subscription_contract_id, "2026-04-10")
        self.assertEqual((first.transaction_ids, second.transaction_ids), (transaction, transaction.browse()))
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((first.amount_residual, second.amount_residual), (0.0, second.amount_total))

    def test_a_draft_for_review_is_not_posted_by_its_payment(self):
        self.plan.invoicing_mode = "draft"
        order = self._paid_quote(self.hosting)
        transaction = self._pay(order, order._get_prepayment_required_amount(), state="pending")
        order.action_confirm()
        invoice = self._first_bill(order)
        transaction._set_done()
        transaction._post_process()
        self.assertEqual((invoice.state, invoice.transaction_ids), ("draft", transaction))
        invoice.action_post()
        self.assertEqual(invoice.amount_residual, 0.0)

    def test_confirming_by_payment_asks_the_run_to_bill_what_is_due(self):
        with self.capture_triggers("subscription_billing.ir_cron_bill") as captured:
            self._order(self.hosting)
            self._order(self.hosting, subscription_start_date="2027-01-01")
        self.assertEqual(len(captured.records), 1)
