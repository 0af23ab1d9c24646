from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ProductTemplate(models.Model):
    _inherit = "product.template"

    subscription_recurring = fields.Boolean(
        "Recurring", help="Sold by contract: the first period and all others are billed by the billing engine."
    )
    subscription_line_kind = fields.Selection(
        [("recurring", "A fixed amount"), ("usage", "What was used")],
        "Each period bills",
        required=True,
        default="recurring",
    )
    subscription_recurrence_id = fields.Many2one(
        "subscription.recurrence",
        "Recurrence",
        help="Empty: the recurrence of the plan it is sold with.",
        ondelete="restrict",
    )
    subscription_plan_id = fields.Many2one(
        "subscription.plan",
        "Plan",
        help="Proposed on a quotation when this product is chosen first.",
        ondelete="set null",
    )

    @api.constrains("type", "subscription_recurring")
    def _check_subscription_type(self):
        for product in self:
            if product.subscription_recurring and product.type == "combo":
                raise ValidationError(
                    self.env._(
                        "%(product)s is a combo and cannot be recurring: make the products chosen in it recurring.",
                        product=product.display_name,
                    )
                )
