from odoo import fields, models


class SubscriptionContractSignature(models.Model):
    """The orders that the customer signed: the first one, and those that changed or renewed the contract."""

    _inherit = "subscription.contract"

    signed_order_ids = fields.One2many(
        "sale.order",
        "subscription_contract_id",
        "Signatures",
        domain=[("signed_on", "!=", False), ("state", "=", "sale")],
        readonly=True,
    )
