from odoo import Command, models


class SaleOrderOption(models.Model):
    """The options of a plan stand on its quotations, in an optional section, at quantity 0 until one is taken."""

    _inherit = "sale.order"

    def write(self, vals):
        changed = self.filtered(lambda order: order.subscription_plan_id.id != vals.get("subscription_plan_id"))
        result = super().write(vals)
        if "subscription_plan_id" in vals:
            changed._subscription_offer_options()
        return result

    def _subscription_offer_options(self):
        """Offer the options of the plan that are not on the quotation; those of a former plan that nobody took go."""
        for order in self.filtered(lambda order: order._subscription_may_offer_options()):
            taken = order._subscription_keep_taken_options()
            sold = order.order_line.product_id
            options = order.subscription_plan_id.option_ids.filtered(
                lambda option, sold=sold: option.product_id not in sold
            )
            if options and order.order_line.filtered(lambda line: line._subscription_sells_recurring()):
                order._subscription_add_options(options, taken)

    def _subscription_may_offer_options(self) -> bool:
        """On quotations of a new contract; a cart of the shop shows what its customer chose, no more."""
        is_cart = "website_id" in self._fields and self["website_id"]
        return self.state in ("draft", "sent") and self.subscription_intent == "new" and not is_cart

    def _subscription_keep_taken_options(self):
        """The options that were taken become those of the present plan, the others of a former one are removed."""
        lines = self.order_line.filtered("subscription_plan_option_id")
        former = lines.filtered(lambda line: line.subscription_plan_option_id.plan_id != self.subscription_plan_id)
        sections = former.parent_id
        left_out = former.filtered(lambda line: not line.product_uom_qty)
        for line in former - left_out:
            line._subscription_take_option(self.subscription_plan_id.option_ids)
        left_out.unlink()
        (sections - self.order_line.parent_id).unlink()
        return lines.exists().filtered("subscription_plan_option_id")

    def _subscription_add_options(self, options, taken):
        """At the end of the quotation, in one section with those that are taken."""
        sequence = max(self.order_line.mapped("sequence"), default=0) + 1
        section = taken.parent_id.filtered("is_optional")[:1]
        if section:
            (section | taken).sequence = sequence
        commands = [] if section else [Command.create(self._subscription_option_section_vals(sequence))]
        commands += [Command.create(self._subscription_option_vals(option, sequence + 1)) for option in options]
        self.order_line = commands

    def _subscription_option_section_vals(self, sequence) -> dict:
        name = self.with_context(lang=self._get_lang()).env._("Options")
        return {
            "display_type": "line_section",
            "name": name,
            "is_optional": True,
            "product_uom_qty": 0.0,
            "sequence": sequence,
        }

    def _subscription_option_vals(self, option, sequence) -> dict:
        return {
            "product_id": option.product_id.id,
            "product_uom_qty": 0.0,
            "subscription_plan_option_id": option.id,
            "sequence": sequence,
        }
