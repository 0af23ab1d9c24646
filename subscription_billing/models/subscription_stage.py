from odoo import fields, models

CONTRACT_STATES = [
    ("draft", "Draft"),
    ("active", "Active"),
    ("paused", "Paused"),
    ("closed", "Closed"),
]


class SubscriptionStage(models.Model):
    """A column of the contract board; each belongs to one state."""

    _name = "subscription.stage"
    _description = "Contract stage"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    state = fields.Selection(CONTRACT_STATES, required=True, default="active")
    fold = fields.Boolean("Folded in kanban")
    mail_template_id = fields.Many2one(
        "mail.template",
        "Mail on entering",
        domain=[("model", "=", "subscription.contract")],
        help="Sent to the customer when a contract enters this stage.",
    )
    rating_template_id = fields.Many2one(
        "mail.template",
        "Rating request on entering",
        domain=[("model", "=", "subscription.contract")],
        help="Asks the customer how satisfied they are when a contract enters this stage.",
    )
