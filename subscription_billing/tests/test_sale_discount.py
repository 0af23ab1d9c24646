from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSaleDiscount(SaleSubscriptionCommon):
    """A discount on the whole order becomes the discount of contract lines, as far as they are concerned."""

    def test_a_global_discount_becomes_the_discount_of_the_lines(self):
        order = self._quote(self.hosting, self.support, self.setup_fee)
        discount = self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        total = order.amount_total
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.mapped("discount"), [10.0, 10.0, 10.0])
        self.assertTrue(discount.subscription_line_handed_over)
        self.assertEqual((discount.qty_to_invoice, discount.invoice_status), (0.0, "invoiced"))
        self.assertEqual(self._first_bill(order).amount_total, total)
        self.assertEqual(order.invoice_status, "invoiced")
        with self.assertRaises(UserError):
            order._create_invoices(final=True)

    def test_it_adds_to_the_discount_of_the_line(self):
        order = self._quote({"product_id": self.hosting.id, "discount": 10.0})
        self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.discount, 19.0)

    def test_two_discounts_in_a_row(self):
        order = self._quote(self.hosting)
        self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        self._discount(order, discount_type="amount", discount_amount=order.amount_total / 2)
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.discount, 55.0)
        self.assertEqual(self._first_bill(order).amount_total, order.amount_total)

    def test_the_part_of_ordinary_lines_stays_with_sales(self):
        order = self._quote(self.hosting, self.router, self.setup_fee)
        discount = self._discount(order, discount_type="so_discount", discount_percentage=0.2)
        self.assertEqual(discount.price_unit, -46.0)
        order.action_confirm()
        self.assertEqual(discount.subscription_line_discount_taken, 30.0)
        self.assertFalse(discount.subscription_line_handed_over)
        self.assertAlmostEqual(discount.untaxed_amount_to_invoice, -16.0)
        self.assertAlmostEqual(order.amount_to_invoice, (80.0 - 16.0) * (1 + self.tax_20.amount / 100))
        from_contract = self._first_bill(order)
        from_sales = order._create_invoices(final=True)
        self.assertEqual(from_contract.invoice_line_ids.mapped("price_subtotal"), [80.0, 40.0])
        self.assertEqual(from_sales.invoice_line_ids.mapped("price_subtotal"), [80.0, -16.0])
        self.assertEqual(from_contract.amount_total + from_sales.amount_total, order.amount_total)
        from_sales.action_post()
        self.assertAlmostEqual(order.amount_to_invoice, 0.0)
        self.assertAlmostEqual(discount.untaxed_amount_to_invoice, 0.0)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_a_discount_concerns_the_lines_of_its_taxes(self):
        self.support.taxes_id = self.tax_sale_b
        order = self._quote(self.hosting, self.support)
        lines = self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        self.assertEqual(len(lines), 2)
        lines.filtered(lambda line: line.tax_ids == self.tax_20).unlink()
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.mapped("discount"), [0.0, 10.0])

    def test_the_cents_that_a_percentage_leaves_go_to_one_line(self):
        products = [self._product(f"Part {index}", 33.33) for index in range(3)]
        order = self._quote(*products)
        self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        self.assertEqual(order.amount_untaxed, 89.99)
        order.action_confirm()
        self.assertEqual(self._first_bill(order).amount_untaxed, 89.99)

    def test_a_discount_on_ordinary_lines_only_is_left_alone(self):
        order = self._quote(self.router)
        discount = self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        order.action_confirm()
        self.assertEqual(discount.qty_to_invoice, 1.0)
        self.assertEqual(order._create_invoices(final=True).amount_total, order.amount_total)

    def test_a_discount_given_after_confirmation_concerns_what_sales_invoices(self):
        order = self._order(self.hosting, self.router)
        discount = self._discount(order, discount_type="so_discount", discount_percentage=0.5)
        self.assertEqual(discount.price_unit, -40.0)
        with self.assertRaisesRegex(UserError, "Change button"):
            self._discount(self._order(self.hosting), discount_type="so_discount", discount_percentage=0.5)

    def test_an_offered_setup_is_on_the_first_invoice(self):
        offered = self._product("Setup offered", -50.0, subscription_recurring=False)
        order = self._order(self.hosting, self.setup_fee, offered)
        contract = order.subscription_contract_id
        self.assertEqual(contract.line_ids.mapped("discount"), [0.0, 0.0, 0.0])
        invoice = self._bill(contract, self.today)
        self.assertEqual(len(invoice), 1)
        self.assertEqual((invoice.move_type, invoice.amount_untaxed), ("out_invoice", 100.0))

    def test_another_module_says_which_lines_a_discount_concerns(self):
        model = self.env.registry["sale.order"]
        self.patch(model, "_subscription_discounted_lines", lambda order, discount: self._line(order, self.support))
        order = self._quote(self.hosting, self.support)
        self._discount(order, discount_type="amount", discount_amount=12.0 * (1 + self.tax_20.amount / 100))
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.mapped("discount"), [0.0, 40.0])

    def test_a_discount_larger_than_the_lines_makes_them_free(self):
        order = self._quote(self.hosting)
        product = self.env["product.product"].create({"name": "Discount", "type": "service", "invoice_policy": "order"})
        order.company_id.sale_discount_product_id = product
        order.order_line = [
            Command.create({"product_id": product.id, "price_unit": -150.0, "tax_ids": [Command.set(self.tax_20.ids)]})
        ]
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.discount, 100.0)
