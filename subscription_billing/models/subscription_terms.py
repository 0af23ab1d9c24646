from odoo import fields, models

from ..core.cadence import aligned_anchor
from ..core.charges import Terms

TERM_UNITS = [("day", "Days"), ("week", "Weeks"), ("month", "Months"), ("year", "Years")]


class SubscriptionTerms(models.AbstractModel):
    """What binds the customer: offered by a plan, copied to the contract.

    A contract keeps its own copy, so that editing a plan changes no contract.
    """

    _name = "subscription.terms"
    _description = "Commercial terms"
    _inherit = ["subscription.input"]

    recurrence_id = fields.Many2one(
        "subscription.recurrence",
        required=True,
        ondelete="restrict",
        default=lambda self: self.env.ref("subscription_billing.recurrence_monthly", raise_if_not_found=False),
        help="How often lines come back when neither the line nor the product says otherwise.",
    )
    billing_timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")],
        "Billed",
        required=True,
        default="advance",
        help="In advance: from the first day of each period. In arrears: the day after its last. "
        "Usage is always billed in arrears.",
    )
    lead_days = fields.Integer("Days ahead", help="How many days before a period starts it may be billed.")
    alignment = fields.Selection(
        [("anniversary", "On the start date"), ("calendar", "On a calendar day")],
        "Periods start",
        required=True,
        default="anniversary",
        help="On a calendar day, the first period is a part of a period, billed by the proration rule.",
    )
    alignment_day = fields.Integer(default=1, help="Day of the month; 31 is the last day of each month.")
    alignment_month = fields.Integer(
        default=1, help="A month (1 to 12) in which a period starts: 1 for calendar quarters and years."
    )
    proration_policy = fields.Selection(
        [
            ("exact_days", "By exact days"),
            ("months_then_days", "By months, then days"),
            ("thirty_360", "Months of 30 days"),
            ("full_period", "A started period is billed whole"),
            ("free", "A part of a period is free"),
        ],
        "Proration",
        required=True,
        default="exact_days",
    )
    invoicing_mode = fields.Selection(
        [
            ("draft", "Draft, for review"),
            ("post", "Post"),
            ("post_send", "Post and send"),
            ("post_charge", "Post, send and charge"),
        ],
        "Invoicing",
        required=True,
        default="post",
        help="Draft: nothing is posted before a person approves it.",
    )
    invoice_grouping = fields.Selection(
        [("contract", "One per contract"), ("customer", "One per customer and day")],
        "Grouping",
        required=True,
        default="contract",
    )
    invoice_date_policy = fields.Selection(
        [("run", "Day of billing"), ("due", "Day the period falls due")],
        "Invoice date",
        required=True,
        default="run",
        help="A day in a locked accounting period is never used.",
    )
    catch_up = fields.Selection(
        [("each", "One invoice per due date"), ("summary", "One summary invoice")],
        "Late periods",
        required=True,
        default="each",
        help="What happens when several periods are due at once, after a backdated start for instance.",
    )
    credit_mode = fields.Selection(
        [("note", "A credit note"), ("next", "A deduction on the next invoice")],
        "Credits",
        required=True,
        default="note",
    )
    commitment = fields.Integer(help="Length of the first term; 0 when the contract has no term.")
    commitment_unit = fields.Selection(TERM_UNITS, required=True, default="month")
    renewal = fields.Selection(
        [("none", "Ends at its term"), ("tacit", "Tacit renewal"), ("accept", "Renewed on acceptance")],
        required=True,
        default="tacit",
    )
    renewal_term = fields.Integer(help="Length of each renewal; 0 to renew for the length of the first term.")
    renewal_term_unit = fields.Selection(TERM_UNITS, required=True, default="month")
    notice = fields.Integer("Notice period", help="How long before the end of a term it must be refused.")
    notice_unit = fields.Selection(TERM_UNITS, required=True, default="month")

    notice_reminder_days = fields.Integer(
        "Told before the deadline",
        help="How many days before the last day of refusal a professional is told of the renewal; 0: not told. "
        "Consumers and non-professionals are always told in the legal window.",
    )
    renewal_grace = fields.Integer(
        "Late renewal",
        default=30,
        help="For how many days after its term a contract can still be renewed without a gap.",
    )
    minimum = fields.Integer("Minimum duration", help="The customer cannot leave before it; 0 without.")
    minimum_unit = fields.Selection(TERM_UNITS, required=True, default="month")
    exit_fee = fields.Selection(
        [
            ("none", "Nothing"),
            ("remaining", "What the commitment still costs"),
            ("percent", "A part of what it still costs"),
            ("fixed", "A fixed amount"),
        ],
        "Leaving early costs",
        required=True,
        default="none",
    )
    exit_fee_percent = fields.Float("Part", digits="Discount", help="In percent of what the commitment still costs.")
    exit_fee_amount = fields.Float("Fee", min_display_digits="Product Price")
    trial = fields.Integer("Free trial", help="Billed nothing before its end; 0 without.")
    trial_unit = fields.Selection(TERM_UNITS, required=True, default="day")
    trial_outcome = fields.Selection(
        [("convert", "Goes on as a paid contract"), ("stop", "Ends"), ("ask", "Waits for a decision")],
        "After the trial",
        required=True,
        default="convert",
    )
    trial_reminder_days = fields.Integer(
        "Reminder", default=3, help="How many days before its end the customer is told."
    )
    upgrade_timing = fields.Selection(
        [("now", "At once"), ("next_period", "At the next period")], "Upgrades", required=True, default="now"
    )
    downgrade_timing = fields.Selection(
        [("now", "At once"), ("next_period", "At the next period")], "Downgrades", required=True, default="next_period"
    )

    _input_bounds = {
        "lead_days": (0, 366),
        "alignment_day": (1, 31),
        "alignment_month": (1, 12),
        "commitment": (0, 1200),
        "renewal_term": (0, 1200),
        "notice": (0, 1200),
        "notice_reminder_days": (0, 366),
        "renewal_grace": (0, 366),
        "minimum": (0, 1200),
        "exit_fee_percent": (0, 100),
        "exit_fee_amount": (0, 999_999_999),
        "trial": (0, 1200),
        "trial_reminder_days": (0, 366),
    }

    _lead_days_bounded = models.Constraint(
        "CHECK(lead_days BETWEEN 0 AND 366)", "Periods can be billed from 0 to 366 days ahead."
    )
    _alignment_valid = models.Constraint(
        "CHECK(alignment_day BETWEEN 1 AND 31 AND alignment_month BETWEEN 1 AND 12)",
        "Periods start on a day from 1 to 31 of a month from 1 to 12.",
    )
    _durations_not_negative = models.Constraint(
        "CHECK(commitment >= 0 AND renewal_term >= 0 AND notice >= 0)",
        "Commitment, renewal term and notice cannot be negative.",
    )

    def _terms_fields(self) -> list[str]:
        """Names of the fields that a contract copies from its plan."""
        return [
            name
            for name, field in self.env["subscription.terms"]._fields.items()
            if field.store and name not in models.MAGIC_COLUMNS
        ]

    def _terms_values(self) -> dict:
        self.ensure_one()
        return self._convert_to_write({name: self[name] for name in self._terms_fields()})

    def _billing_terms(self) -> Terms:
        self.ensure_one()
        return Terms(self.billing_timing, self.lead_days, self.proration_policy)

    def _anchor_for(self, start):
        """The day from which periods are counted for a contract that starts on ``start``."""
        self.ensure_one()
        cadence = self.recurrence_id._cadence()
        if self.alignment == "anniversary" or not cadence.is_monthly:
            return start
        return aligned_anchor(start, self.alignment_day, self.alignment_month, cadence)
