from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, HttpCase, tagged

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSaleOption(HttpCase, SaleSubscriptionCommon):
    """The options of a plan are optional lines of its quotations."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mailbox = cls._product("Mailbox", 5.0)
        cls.gold = cls.env["subscription.plan"].create({"name": "Gold", "recurrence_id": cls.monthly.id})
        for plan, price in ((cls.plan, 3.5), (cls.gold, 2.5)):
            plan.option_ids = [
                Command.create(
                    {
                        "is_option": True,
                        "product_id": cls.mailbox.id,
                        "has_price": True,
                        "price_unit": price,
                        "minimum_quantity": 5.0,
                        "maximum_quantity": 10.0,
                        "customer_may": "add",
                    }
                )
            ]
        cls.plan.option_ids = [Command.create({"is_option": True, "product_id": cls.support.id})]
        cls.own_mailbox = cls.plan.option_ids.filtered("has_price")

    def assertOffered(self, order, *products):
        options = order.order_line.filtered(lambda line: line.parent_id.is_optional)
        self.assertEqual(options.mapped("product_id.name"), [product.name for product in products])
        self.assertEqual(len(order.order_line.filtered("is_optional")), 1 if products else 0)

    def _page(self, order, product, **values):
        """The customer changes the quantity of a line on his page."""
        order.state = "sent"
        self.make_jsonrpc_request(
            f"/my/orders/{order.id}/update_line_dict",
            {"line_id": self._line(order, product).id, "access_token": order._portal_ensure_token(), **values},
        )
        self.env.invalidate_all()
        return self._line(order, product).product_uom_qty

    def test_the_first_recurring_product_brings_the_options(self):
        self.hosting.subscription_plan_id = self.plan
        with Form(self.env["sale.order"]) as form:
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.hosting
        order = form.save()
        self.assertOffered(order, self.mailbox, self.support)
        self.assertEqual(self._line(order, self.mailbox).price_unit, 3.5)
        self.assertEqual(self._line(order, self.support).price_unit, 30.0)
        self.assertEqual(order.order_line.mapped("product_uom_qty"), [1.0, 0.0, 0.0, 0.0])

    def test_a_plan_without_anything_to_bill_offers_nothing_yet(self):
        order = self._quote(self.router)
        self.assertOffered(order)
        order.order_line = [Command.create({"product_id": self.hosting.id})]
        self.assertOffered(order, self.mailbox, self.support)
        self.assertOffered(order.copy(), self.mailbox, self.support)

    def test_what_the_seller_removed_or_sells_is_not_offered_again(self):
        order = self._quote(self.hosting, self.support)
        self.assertOffered(order, self.mailbox)
        order.order_line.filtered(lambda line: line.is_optional or not line.product_uom_qty).unlink()
        order.order_line = [Command.create({"product_id": self.traffic.id})]
        self.assertOffered(order)

    def test_at_quantity_0_no_amount_changes(self):
        order = self._quote(self.hosting)
        summary, amount = order.subscription_recurring_summary, order.subscription_contract_first_amount
        html = self.env["ir.actions.report"]._render_qweb_html("sale.action_report_saleorder", order.ids)[0].decode()
        order.order_line.filtered("subscription_plan_option_id").unlink()
        self.assertEqual(order.amount_total, 115.0)
        self.assertEqual(
            (order.subscription_recurring_summary, order.subscription_contract_first_amount), (summary, amount)
        )
        self.assertIn("Mailbox", html)
        self.assertIn("115.00", html)

    def test_left_out_it_opens_nothing(self):
        contract = self._order(self.hosting).subscription_contract_id
        self.assertEqual(contract.line_ids.product_id, self.hosting)

    def test_taken_it_opens_a_line(self):
        order = self._quote(self.hosting)
        self._line(order, self.mailbox).product_uom_qty = 6
        order.action_confirm()
        contract = order.subscription_contract_id
        self.assertRecordValues(
            contract.line_ids,
            [
                {"product_id": self.hosting.id, "quantity": 1.0, "price_unit": 100.0, "section": False},
                {"product_id": self.mailbox.id, "quantity": 6.0, "price_unit": 3.5, "section": "Options"},
            ],
        )
        self.assertEqual(self._first_bill(order).amount_untaxed, 121.0)

    def test_within_its_bounds(self):
        order = self._quote(self.hosting)
        for quantity in (4, 11):
            with self.subTest(quantity=quantity), self.assertRaisesRegex(ValidationError, "from 5.0 to 10.0"):
                self._line(order, self.mailbox).product_uom_qty = quantity

    def test_another_plan_has_other_options(self):
        order = self._quote(self.hosting)
        self._line(order, self.mailbox).product_uom_qty = 5
        order.subscription_plan_id = self.gold
        self.assertOffered(order, self.mailbox)
        line = self._line(order, self.mailbox)
        self.assertEqual((line.product_uom_qty, line.price_unit), (5.0, 2.5))
        order.subscription_plan_id = self.plan
        self.assertOffered(order, self.mailbox, self.support)
        self._line(order, self.mailbox).product_uom_qty = 0
        order.subscription_plan_id = self.env["subscription.plan"].create(
            {"name": "Bare", "recurrence_id": self.monthly.id}
        )
        self.assertOffered(order)

    def test_an_upsell_is_offered_nothing(self):
        contract = self._order(self.hosting).subscription_contract_id
        order = self._quote(self.traffic, subscription_intent="upsell", subscription_contract_id=contract.id)
        self.assertOffered(order)

    def test_the_customer_takes_it_on_his_page(self):
        order = self._quote(self.hosting)
        self.assertEqual(self._page(order, self.mailbox), 5.0, "one more than none is the least that is offered")
        self.assertEqual(self._page(order, self.mailbox), 6.0)
        self.assertEqual(self._page(order, self.mailbox, input_quantity=10), 10.0)
        self.assertEqual(self._page(order, self.mailbox), 10.0)
        self.assertEqual(self._page(order, self.mailbox, input_quantity=5), 5.0)
        self.assertEqual(self._page(order, self.mailbox, remove=True), 0.0)

    def test_the_customer_may_not_take_what_only_sellers_add(self):
        order = self._quote(self.hosting)
        self.assertEqual(self._page(order, self.support), 0.0)
        self.own_mailbox.customer_may = "none"
        self.assertEqual(self._page(order, self.mailbox), 0.0)
