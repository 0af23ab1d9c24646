from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSaleInvoicing(SaleSubscriptionCommon):
    """No path of Sales invoices what a contract bills."""

    def _total(self, *prices):
        return sum(prices) * (1 + self.tax_20.amount / 100)

    # who bills what

    def test_recurring_lines_and_due_services_are_billed_by_the_contract(self):
        order = self._order(self.hosting, self.setup_fee, self.router, self.advice)
        self.assertEqual(
            order.subscription_contract_id.line_ids.sale_line_id,
            self._line(order, self.hosting) | self._line(order, self.setup_fee),
        )
        self.assertEqual(order.order_line.mapped("qty_to_invoice"), [0.0, 0.0, 1.0, 0.0])
        self.assertEqual(order.order_line.mapped("invoice_status"), ["invoiced", "invoiced", "to invoice", "no"])

    def test_the_contract_bills_a_setup_fee_once_and_the_order_knows(self):
        order = self._order(self.hosting, self.setup_fee)
        invoice = self._first_bill(order)
        self.assertEqual(invoice.invoice_line_ids.mapped("price_subtotal"), [100.0, 50.0])
        hosting, setup = order.order_line
        self.assertFalse(hosting.invoice_lines)
        self.assertEqual(setup.invoice_lines.move_id, invoice)
        self.assertEqual((setup.qty_invoiced, setup.qty_to_invoice), (1.0, 0.0))
        second = self._bill(order.subscription_contract_id, "2026-04-10")
        self.assertEqual(second.invoice_line_ids.product_id, self.hosting)

    def test_what_sales_keeps_is_invoiced_as_ever(self):
        order = self._order(self.hosting, self.setup_fee, self.router, self.advice)
        self._line(order, self.advice).qty_delivered = 2.0
        invoice = order._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.product_id, self.router | self.advice)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_a_shipping_service_stays_with_the_goods(self):
        model = self.env.registry["sale.order.line"]
        self.patch(model, "_is_delivery", lambda line: line.product_id == self.setup_fee)
        order = self._order(self.hosting, self.setup_fee, self.router)
        self.assertEqual(order.subscription_contract_id.line_ids.product_id, self.hosting)
        self.assertEqual(self._line(order, self.setup_fee).qty_to_invoice, 1.0)

    def test_a_recurring_product_invoiced_on_delivery_is_billed_by_the_contract(self):
        order = self._order(self._product("Care", 10.0, invoice_policy="delivery", type="consu"))
        order.order_line.qty_delivered = 3.0
        self.assertEqual((order.order_line.qty_to_invoice, order.order_line.invoice_status), (0.0, "invoiced"))

    # the lock

    def test_the_button_of_the_order_finds_nothing(self):
        order = self._order(self.hosting, {"display_type": "line_note", "name": "A note"})
        self.assertEqual(order.invoice_status, "invoiced")
        with self.assertRaises(UserError):
            order._create_invoices(final=True)

    def test_a_quantity_written_past_its_compute_is_not_invoiced(self):
        """As the invoicing of an online payment and of timesheets do."""
        order = self._order(
            {"display_type": "line_section", "name": "Recurring"},
            {"display_type": "line_subsection", "name": "Servers"},
            self.hosting,
            {"display_type": "line_section", "name": "Goods"},
            {"display_type": "line_subsection", "name": "Hardware"},
            self.router,
        )
        order.order_line.filtered("product_id").qty_to_invoice = 1.0
        self.assertEqual(order._get_invoiceable_lines(final=True).mapped("name"), ["Goods", "Hardware", "Router"])
        self.assertEqual(order._create_invoices(final=True).amount_total, self._total(80.0))

    def test_forcing_ordered_quantities_leaves_recurring_lines_out(self):
        order = self._order(self.hosting, self.advice)
        order._force_lines_to_invoice_policy_order()
        self.assertEqual(order.order_line.mapped("qty_to_invoice"), [0.0, 1.0])

    # the display

    def test_amounts_to_invoice(self):
        order = self._order(self.hosting, self.setup_fee, self.router)
        self.assertEqual(order.order_line.mapped("untaxed_amount_to_invoice"), [0.0, 0.0, 80.0])
        self.assertEqual(order.order_line.mapped("amount_to_invoice"), [0.0, 0.0, self._total(80.0)])
        self.assertEqual(order.amount_to_invoice, self._total(80.0))
        order.order_line.qty_delivered = 5.0
        at_date = order.with_context(accrual_entry_date="2030-01-01").order_line
        self.assertEqual(at_date.mapped("amount_to_invoice_at_date"), [0.0, 0.0, 400.0])
        self.assertEqual(order.order_line.mapped("invoice_status"), ["invoiced", "invoiced", "to invoice"])

    def test_credit_to_invoice_leaves_contracts_out(self):
        self.env.company.account_use_credit_limit = True
        self._order(self.hosting, self.setup_fee, self.router)
        self.assertEqual(self.customer.credit_to_invoice, self._total(80.0))

    def test_options_left_out_do_not_keep_an_order_open(self):
        order = self._order(self.hosting, {"product_id": self.support.id, "product_uom_qty": 0})
        self.assertEqual(order.invoice_status, "invoiced")

    def test_the_parent_of_a_combo_follows_its_items(self):
        def combo(name, product):
            return self.env["product.combo"].create(
                {"name": name, "combo_item_ids": [Command.create({"product_id": product.id})]}
            )

        choices = combo("Server", self.hosting) | combo("Hardware", self.router)
        bundle = self._product(
            "Bundle", 300.0, type="combo", subscription_recurring=False, combo_ids=[Command.set(choices.ids)]
        )

        def sold(*items):
            order = self._quote({"product_id": bundle.id})
            for item in items:
                order.order_line = [
                    Command.create(
                        {
                            "product_id": item.product_id.id,
                            "combo_item_id": item.id,
                            "linked_line_id": order.order_line[0].id,
                        }
                    )
                ]
            order.action_confirm()
            return order

        only_recurring = sold(choices[0].combo_item_ids)
        self.assertEqual(only_recurring.order_line.mapped("qty_to_invoice"), [0.0, 0.0])
        self.assertEqual(only_recurring.order_line.mapped("invoice_status"), ["invoiced", "invoiced"])
        self.assertEqual(only_recurring.invoice_status, "invoiced")
        both = sold(*choices.combo_item_ids)
        self.assertEqual(both.order_line.mapped("qty_to_invoice"), [1.0, 0.0, 1.0])
        self.assertEqual(both.subscription_contract_id.line_ids.product_id, self.hosting)
        invoice = both._create_invoices()
        self.assertEqual(invoice.invoice_line_ids.filtered("product_id").product_id, self.router)
        self.assertEqual(both.invoice_status, "invoiced")

    # down payments

    def _down_payment(self, order, **values):
        wizard = self.env["sale.advance.payment.inv"].create({"sale_order_ids": [Command.set(order.ids)], **values})
        return wizard._create_invoices(order)

    def test_a_down_payment_concerns_what_sales_invoices(self):
        order = self._order(self.hosting, self.setup_fee, self.router)
        invoice = self._down_payment(order, advance_payment_method="percentage", amount=50)
        self.assertEqual(invoice.amount_total, self._total(40.0))
        invoice.action_post()
        rest = order._create_invoices(final=True)
        self.assertEqual(rest.amount_total, self._total(40.0))
        self.assertEqual(self._first_bill(order).amount_total, self._total(150.0))

    def test_a_fixed_down_payment_is_spread_on_ordinary_lines_only(self):
        self.router.taxes_id = self.tax_sale_b
        order = self._order(self.hosting, self.router)
        invoice = self._down_payment(order, advance_payment_method="fixed", fixed_amount=30.0)
        self.assertEqual(invoice.amount_total, 30.0)
        self.assertEqual(invoice.invoice_line_ids.tax_ids, self.tax_sale_b)

    def test_a_down_payment_counts_only_the_ordinary_part_of_a_discount(self):
        order = self._quote(self.hosting, self.router)
        self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        order.action_confirm()
        invoice = self._down_payment(order, advance_payment_method="percentage", amount=100)
        self.assertAlmostEqual(invoice.amount_total, self._total(72.0))

    def test_no_down_payment_on_what_only_a_contract_bills(self):
        order = self._order(self.hosting, self.setup_fee)
        with self.assertRaisesRegex(UserError, "no down payment"):
            self._down_payment(order, advance_payment_method="percentage", amount=50)
        self.assertFalse(order.order_line.filtered("is_downpayment"))
