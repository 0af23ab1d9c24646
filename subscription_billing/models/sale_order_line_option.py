from odoo import api, fields, models


class SaleOrderLineOption(models.Model):
    """An option of the plan on a quotation: its price, its bounds, and whether the customer may take it himself."""

    _inherit = "sale.order.line"

    subscription_plan_option_id = fields.Many2one(
        "subscription.plan.line", "Option of the plan", readonly=True, index="btree_not_null", ondelete="set null"
    )

    @api.model_create_multi
    def create(self, vals_list):
        """The first recurring product of a quotation brings the options of its plan."""
        lines = super().create(vals_list)
        for order, added in (
            lines.filtered(lambda line: line._subscription_sells_recurring()).grouped("order_id").items()
        ):
            if order.order_line.filtered(lambda line: line._subscription_sells_recurring()) == added:
                order._subscription_offer_options()
        return lines

    @api.constrains("product_uom_qty", "subscription_plan_option_id")
    def _check_subscription_plan_option(self):
        for line in self.filtered("subscription_plan_option_id"):
            line.subscription_plan_option_id._check_quantity(line.order_id.display_name, line.product_uom_qty)

    def _subscription_take_option(self, options):
        """Be the option of these that sells the same product, or none, at its price unless one was typed."""
        self.subscription_plan_option_id = options.filtered(lambda option: option.product_id == self.product_id)[:1]
        self._compute_subscription_recurrence_id()
        self._compute_price_unit()

    def _subscription_default_recurrence(self):
        return self.subscription_plan_option_id.recurrence_id or super()._subscription_default_recurrence()

    # the plan says the price of its options where it has one

    def _subscription_has_plan_price(self) -> bool:
        return self.subscription_plan_option_id.has_price

    @api.depends("subscription_plan_option_id")
    def _compute_pricelist_item_id(self):
        super()._compute_pricelist_item_id()
        self.filtered(lambda line: line._subscription_has_plan_price()).pricelist_item_id = False

    def _get_display_price(self):
        if self._subscription_has_plan_price():
            return self.subscription_plan_option_id.price_unit
        return super()._get_display_price()

    # the customer's page

    def _can_be_edited_on_portal(self):
        return super()._can_be_edited_on_portal() and self.subscription_plan_option_id.customer_may != "none"

    def _subscription_next_quantity(self, is_less) -> float:
        """Where one more, or one less, leads within the bounds of the option."""
        quantity = max(self.product_uom_qty + (-1 if is_less else 1), 0.0)
        option = self.subscription_plan_option_id
        if option._allows(quantity):
            return quantity
        if is_less:
            return 0.0
        return max(option.minimum_quantity, min(quantity, option.maximum_quantity or quantity))
