from odoo import fields, models


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    subscription_recurrence_id = fields.Many2one(
        "subscription.recurrence",
        "Recurrence",
        ondelete="cascade",
        index="btree_not_null",
        help="Applies to lines of this recurrence only, before the rules without one.",
    )
