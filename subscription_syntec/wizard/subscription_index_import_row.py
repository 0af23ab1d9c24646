from odoo import fields, models


class SubscriptionIndexImportRow(models.TransientModel):
    """What recording one pasted row would do."""

    _name = "subscription.index.import.row"
    _description = "Pasted value"
    _order = "number, id"

    wizard_id = fields.Many2one(
        "subscription.index.import", "Pasted with", required=True, ondelete="cascade", index=True
    )
    number = fields.Integer("Row", readonly=True)
    period = fields.Char(readonly=True)
    printed = fields.Char("Value", readonly=True)
    known = fields.Char("Known value", readonly=True)
    outcome = fields.Selection(
        [("new", "New"), ("revised", "Revised"), ("confirmed", "Confirmed"), ("unchanged", "Unchanged")],
        "What happens",
        readonly=True,
    )
    error = fields.Text("What is wrong", readonly=True)
