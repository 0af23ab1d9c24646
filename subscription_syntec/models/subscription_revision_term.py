from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.index_period import IndexPeriod


class SubscriptionRevisionTerm(models.Model):
    """One index of a clause: its weight, which value is S0 and which one S1."""

    _name = "subscription.revision.term"
    _description = "Index of a revision clause"
    _inherit = ["subscription.input"]
    _order = "clause_id, sequence, id"

    clause_id = fields.Many2one("subscription.revision.clause", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    index_id = fields.Many2one("subscription.index", required=True, ondelete="restrict")
    weight = fields.Float(digits=(6, 6), default=1.0, required=True, help="Its part of the price, from 0 to 1.")
    base_rule = fields.Selection(
        [("signature", "The one that held at signature"), ("named", "A month that the contract names")],
        "S0",
        required=True,
        default="signature",
        help="Where a chained clause starts: from the first revision on, S0 is the S1 of the last one.",
    )
    base_period = fields.Char("Month of S0", help="As it is published: 2024-08, 2024-Q3 or 2024.")
    reading_rule = fields.Selection(
        [
            ("last_published", "The last one published on the day"),
            ("lag", "The one of some months before"),
            ("same_month", "The one of the same month each year"),
        ],
        "S1",
        required=True,
        default="last_published",
    )
    lag = fields.Integer("Months before", default=3, help="From the month of the revision.")
    reading_month = fields.Selection(
        selection=lambda self: self.env["subscription.revision.clause"]._months(),
        string="Month",
        default="8",
        help="The last one of these months that began before the day of the revision.",
    )

    _input_bounds = {"weight": (0, 1), "lag": (0, 120)}

    @api.constrains("base_rule", "base_period", "index_id")
    def _check_base_period(self):
        for term in self.filtered(lambda term: term.base_rule == "named"):
            if term._parsed(term.base_period) is None:
                raise ValidationError(
                    self.env._(
                        "%(index)s: the month of S0 is written as it is published, 2024-08, 2024-Q3 or 2024, "
                        "not %(period)s.",
                        index=term.index_id.name,
                        period=term.base_period or self.env._("nothing"),
                    )
                )

    def _parsed(self, text):
        """The period of this index that ``text`` stands for, None when it is none."""
        try:
            period = IndexPeriod.parse(text or "")
        except ValueError:
            return None
        return period if period.frequency == self.index_id.frequency else None

    def _base_period(self, signed: date) -> str:
        """The period of S0 for a contract signed on ``signed``."""
        self.ensure_one()
        return self.base_period if self.base_rule == "named" else self._period_read(signed)

    def _period_read(self, day: date) -> str:
        """The period of S1 for a revision on ``day``."""
        self.ensure_one()
        frequency = self.index_id.frequency
        if self.reading_rule == "last_published":
            return self.index_id._last_published(day)
        if self.reading_rule == "lag":
            month = IndexPeriod.containing("month", day).shift(-self.lag)
            return str(IndexPeriod.containing(frequency, month.start))
        first = date(day.year, int(self.reading_month), 1)
        period = IndexPeriod.containing(frequency, first)
        return str(period if first <= day else IndexPeriod.containing(frequency, first.replace(year=day.year - 1)))

    def _in_words(self) -> str:
        """The term of the formula, with the name of its index."""
        self.ensure_one()
        weight = "" if self.weight == 1 else f"{self.clause_id._written(self.weight)} × "
        return f"{weight}S1/S0 {self.index_id.name or '?'}"
