from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    subscription_recurring = fields.Boolean(
        "Recurring", help="Sold by contract: the first period and all others are billed by the billing engine."
    )
    subscription_kind = fields.Selection(
        [("recurring", "A fixed amount"), ("usage", "What was used")],
        "Each period bills",
        required=True,
        default="recurring",
    )
    subscription_recurrence_id = fields.Many2one(
        "subscription.recurrence", "Recurrence", help="Empty: the recurrence of the plan it is sold with.", ondelete="restrict"
    )
    subscription_plan_id = fields.Many2one(
        "subscription.plan", "Plan", help="Proposed on a quotation when this product is chosen first.", ondelete="set null"
    )
