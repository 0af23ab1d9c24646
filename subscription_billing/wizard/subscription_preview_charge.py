from odoo import fields, models


class SubscriptionPreviewCharge(models.TransientModel):
    """One line of an invoice to come."""

    _name = "subscription.preview.charge"
    _description = "Line of an invoice to come"

    name = fields.Text("Description", readonly=True)
    date_start = fields.Date("From", readonly=True)
    date_end = fields.Date("To", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_charged = fields.Monetary("Charged", readonly=True)
    amount_credited = fields.Monetary("Credited", readonly=True)
    amount = fields.Monetary("Difference", readonly=True)
