from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.subscription_billing.hooks import uninstall_hook

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSaleUninstall(SaleSubscriptionCommon):
    """Uninstalling opens no order again and forgets no running contract."""

    def _close(self, order):
        contract = order.subscription_contract_id
        contract._close(self.today, self.reason)

    def _give_back(self):
        self.env["sale.order.line"]._subscription_give_back()
        self.env.flush_all()

    def test_it_is_refused_while_a_contract_runs(self):
        order = self._order()
        module = self.env["ir.module.module"].search([("name", "=", "subscription_billing")])
        with self.assertRaisesRegex(UserError, order.subscription_contract_id.name):
            module.button_uninstall()
        with self.assertRaisesRegex(UserError, order.subscription_contract_id.name):
            uninstall_hook(self.env)
        sales = self.env["ir.module.module"].search([("name", "=", "sale_management")])
        with self.assertRaises(UserError):
            sales.button_uninstall()
        self.env["ir.config_parameter"].set_param("subscription_billing.force_uninstall", "1")
        uninstall_hook(self.env)
        self.assertFalse(self.env["ir.config_parameter"].search([("key", "like", "subscription_billing")]))

    def test_billed_lines_stay_invoiced(self):
        order = self._order(
            self.hosting,
            {"product_id": self.support.id, "product_uom_qty": 2},
            self.setup_fee,
            self._product("Care", 10.0, invoice_policy="delivery"),
            self.router,
        )
        invoice = self._first_bill(order)
        self._bill(order.subscription_contract_id, "2026-04-10")
        goods = order._create_invoices()
        before = invoice.line_ids.read(["balance", "name", "quantity", "price_unit"])
        total = order.amount_total
        self._close(order)
        self._give_back()
        self.assertFalse(order.order_line.filtered("subscription_line_handed_over"))
        self.assertEqual(order.order_line.mapped("qty_to_invoice"), [0.0] * 5)
        self.assertEqual((order.invoice_status, order.amount_total), ("invoiced", total))
        self.assertEqual(order.invoice_ids, invoice | goods)
        self.assertEqual(invoice.line_ids.read(["balance", "name", "quantity", "price_unit"]), before)

    def test_usage_and_lines_never_billed_stay_closed(self):
        order = self._order(self.traffic)
        contract = order.subscription_contract_id
        self.env["subscription.usage"].create(
            {"contract_id": contract.id, "line_id": contract.line_ids.id, "date": "2026-03-12", "quantity": 7.0}
        )
        self._bill(contract, "2026-04-10")
        late = self._order(self.hosting, subscription_start_date="2027-01-01")
        late.locked = True
        self._close(order)
        late.subscription_contract_id._close(self._day("2027-01-01"), self.reason)
        late.subscription_contract_id._withdraw("Never served")
        self._give_back()
        self.assertEqual((order.order_line.product_uom_qty, order.invoice_status), (7.0, "invoiced"))
        self.assertEqual((late.order_line.qty_to_invoice, late.invoice_status, late.locked), (0.0, "invoiced", True))

    def test_discounts_are_those_of_the_lines_again(self):
        order = self._quote(self.hosting, self.router)
        discount = self._discount(order, discount_type="so_discount", discount_percentage=0.2)
        order.action_confirm()
        whole = self._quote(self.hosting)
        self._discount(whole, discount_type="so_discount", discount_percentage=0.2)
        whole.action_confirm()
        totals = (order | whole).mapped("amount_total")
        self._first_bill(order)
        self._first_bill(whole)
        self._close(order)
        self._close(whole)
        self._give_back()
        self.assertEqual((order | whole).mapped("amount_total"), totals)
        self.assertEqual((self._line(order, self.hosting).discount, discount.price_unit), (20.0, -16.0))
        self.assertEqual(whole.invoice_status, "invoiced")
        self.assertEqual(order._create_invoices(final=True).amount_untaxed, 64.0)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_forced_a_sale_that_nobody_billed_is_for_sales_to_invoice(self):
        order = self._order(self.hosting, self.setup_fee)
        self._give_back()
        self.assertEqual(order.order_line.mapped("qty_to_invoice"), [1.0, 1.0])
        self.assertEqual(order.invoice_status, "to invoice")
