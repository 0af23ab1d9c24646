from odoo import Command, fields, models

USUAL_STEPS = [(0, "remind"), (3, "retry"), (7, "retry"), (14, "retry")]


class SubscriptionPlanPayment(models.Model):
    """What becomes of invoices that cannot be charged."""

    _inherit = "subscription.plan"

    retry_step_ids = fields.One2many(
        "subscription.retry.step",
        "plan_id",
        "After a failed payment",
        copy=True,
        default=lambda self: [Command.create({"days": days, "action": action}) for days, action in USUAL_STEPS],
    )
