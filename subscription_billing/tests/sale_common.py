from odoo import Command, fields

from .common import SubscriptionCommon


class SaleSubscriptionCommon(SubscriptionCommon):
    """Quotations of recurring and ordinary products, on a day of the test's choosing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_manager")
        cls.router = cls._product("Router", 80.0, type="consu", subscription_recurring=False)
        cls.advice = cls._product("Advice", 90.0, invoice_policy="delivery", subscription_recurring=False)

    def setUp(self):
        super().setUp()
        self._set_today("2026-03-10")

    def _set_today(self, text):
        """Freeze the day of every company."""
        self.today = fields.Date.to_date(text)
        self.patch(self.env.registry["res.company"], "_subscription_today", lambda company: self.today)

    def _quote(self, *lines, **values):
        """A quotation of ``lines``, each a product or the values of a line."""
        commands = [
            Command.create(line if isinstance(line, dict) else {"product_id": line.id})
            for line in lines or [self.hosting]
        ]
        return self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "subscription_plan_id": self.plan.id,
                "order_line": commands,
                **values,
            }
        )

    def _order(self, *lines, **values):
        """The same, confirmed."""
        order = self._quote(*lines, **values)
        order.action_confirm()
        return order

    def _line(self, order, product):
        return order.order_line.filtered(lambda line: line.product_id == product)

    def _discount(self, order, **values):
        """Apply Odoo's discount wizard; returns the lines it added."""
        before = order.order_line
        self.env["sale.order.discount"].create({"sale_order_id": order.id, **values}).action_apply_discount()
        return order.order_line - before

    def _first_bill(self, order):
        """The first invoice of the contract of ``order``, on the day it is due; free periods make none."""
        contract = order.subscription_contract_id
        invoices = self.env["account.move"]
        while not invoices and contract.next_billing_date:
            invoices = self._bill(contract, max(self.today, contract.next_billing_date))
        return invoices[:1]
