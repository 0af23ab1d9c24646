from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import ChargeCommon


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestSaleCard(ChargeCommon):
    """A quotation paid online opens a contract that keeps the card, if the customer agreed, and is charged once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.plan.invoicing_mode = "post_charge"

    def _pay(self, *, part=1.0, tokenize=True, **values):
        """A quotation paid on its page; the order and the transaction."""
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "subscription_plan_id": self.plan.id,
                "require_payment": True,
                "require_signature": False,
                "prepayment_percent": part,
                "order_line": [Command.create({"product_id": self.hosting.id})],
            }
        )
        transaction = (
            self.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.provider.payment_method_ids.id,
                    "reference": order.name,
                    "amount": order._get_prepayment_required_amount(),
                    "currency_id": order.currency_id.id,
                    "partner_id": self.customer.id,
                    "operation": "online_direct",
                    "tokenize": tokenize,
                    "sale_order_ids": [Command.set(order.ids)],
                    **values,
                }
            )
        )
        data = {"reference": order.name, "amount": transaction.amount, "currency": order.currency_id.name}
        transaction._process("bank", {**data, "status": "done"})
        transaction._post_process()
        return order, transaction

    def _bill_and_work(self, order, day="2026-06-15"):
        invoice = self._bill(order.subscription_contract_id, day)
        for _visit in range(2):
            self._work()
            self._later(minutes=10)
        return invoice

    def test_first_invoice_is_settled_and_the_next_is_charged(self):
        for automatic in ("True", "False"):
            with self.subTest(automatic_invoice=automatic), self.env.cr.savepoint() as savepoint:
                self.env["ir.config_parameter"].set_param("sale.automatic_invoice", automatic)
                order, transaction = self._pay()
                contract = order.subscription_contract_id
                self.assertEqual((contract.state, contract.collection_method), ("active", "token"))
                self.assertTrue(transaction.token_id)
                self.assertEqual(contract.payment_token_id, transaction.token_id)
                first = self._bill_and_work(order)
                self.assertEqual((first.amount_residual, first.transaction_ids), (0.0, transaction))
                self.assertFalse(self.bank.taken, "it was paid with the order")
                second = self._bill(contract, "2026-07-15")
                second.invoice_date_due = "2026-06-15"
                second.subscription_contract_outbox_ids.sudo().next_attempt = self.clock
                self._work()
                self.assertEqual(len(contract.period_ids.move_id), 2)
                self.assertEqual((second.amount_residual, len(self.bank.taken)), (0.0, 1))
                self.bank.taken.clear()
                savepoint.rollback()

    def test_a_part_paid_leaves_the_rest_to_the_card(self):
        order, transaction = self._pay(part=0.25)
        first = self._bill_and_work(order)
        self.assertEqual(first.amount_residual, 0.0)
        self.assertEqual([amount for _reference, amount in self.bank.taken], [first.amount_total - transaction.amount])

    def test_without_agreement_no_card_is_kept(self):
        order, transaction = self._pay(tokenize=False)
        self.assertFalse(order.subscription_contract_id.payment_token_id or transaction.token_id)
        self.assertIn("No card", order.subscription_contract_id.payment_warning)

    def test_a_card_saved_before_is_not_taken_by_a_payment_link(self):
        order, _transaction = self._pay(tokenize=False, operation="online_token", token_id=self.card.id)
        self.assertEqual(order.subscription_contract_id.state, "active")
        self.assertFalse(order.subscription_contract_id.payment_token_id)
