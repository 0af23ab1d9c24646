from odoo import fields, models


class SubscriptionAmendment(models.Model):
    _inherit = "subscription.amendment"

    request_id = fields.Many2one(
        "subscription.request", "Asked by the customer", readonly=True, index="btree_not_null", ondelete="set null"
    )
