from odoo import fields, models


class SubscriptionTerms(models.AbstractModel):
    """The revision clause binds the customer: offered by a plan, copied to the contract."""

    _inherit = "subscription.terms"

    revision_clause_id = fields.Many2one(
        "subscription.revision.clause",
        "Price revision",
        ondelete="restrict",
        index="btree_not_null",
        help="How the prices of the contract follow an index, or rise by a percentage or an amount.",
    )
