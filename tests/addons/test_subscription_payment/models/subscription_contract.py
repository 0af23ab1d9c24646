from odoo import fields, models


class SubscriptionContract(models.Model):
    _inherit = "subscription.contract"

    collection_method = fields.Selection(
        selection_add=[("barter", "In kind")],
        ondelete={"barter": lambda contracts: contracts.write({"collection_method": "manual"})},
    )
