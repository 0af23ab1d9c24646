from odoo import fields, models


class SubscriptionRevisionWhatifMonth(models.TransientModel):
    """What one month bills, as things are or as they would be."""

    _name = "subscription.revision.whatif.month"
    _description = "Month of a what-if"
    _order = "month, scenario"

    whatif_id = fields.Many2one("subscription.revision.whatif", required=True, ondelete="cascade", index=True)
    currency_id = fields.Many2one(related="whatif_id.company_id.currency_id")
    month = fields.Date(required=True)
    scenario = fields.Selection([("now", "As prices are"), ("then", "As they would be")], required=True)
    amount = fields.Monetary("Billed", help="In the price's own basis.")
