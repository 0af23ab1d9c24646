from odoo import fields, models


class SubscriptionPlan(models.Model):
    """What customers may do with a contract of this plan by themselves."""

    _inherit = "subscription.plan"

    customer_level = fields.Selection(
        [
            ("restricted", "Change nothing"),
            ("upgrade", "Have more"),
            ("both", "Have more or less"),
        ],
        "The customer may",
        required=True,
        default="restricted",
        help="By themselves: quantities and options within the bounds of each line, and other offers of the family.",
    )
    customer_approval = fields.Boolean(
        "After approval", help="What a customer changes waits until a person approves it. Ending never waits."
    )
    customer_may_pause = fields.Boolean("Pause")
    customer_pause_days = fields.Integer(
        "For at most", default=90, help="Longest pause a customer may ask for, in days."
    )
    customer_may_end = fields.Boolean(
        "End the contract", default=True, help="From the contract's page, within its notice and its commitment."
    )
    customer_welcome = fields.Boolean(
        "Welcome mail",
        help="The customer of a contract that begins is written what is paid, when next, and how to change or end it.",
    )

    _customer_pause_days_positive = models.Constraint(
        "CHECK(customer_pause_days BETWEEN 1 AND 3660)", "A customer may pause for 1 to 3660 days."
    )
