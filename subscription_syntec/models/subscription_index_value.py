from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.index_period import IndexPeriod
from ..core.reading import Reading
from ..core.written import read_number, read_period

# from the least to the best founded
STATUSES = [("derived", "Derived"), ("provisional", "Provisional"), ("final", "Final")]
RANK = {status: rank for rank, (status, _name) in enumerate(STATUSES)}
IDENTITY = {"index_id", "period", "vintage"}
FACTS = {"printed", "publication_date", "source", "status"}


class SubscriptionIndexValue(models.Model):
    """One published value of an index, for one period.

    A period that was published again has several vintages; the latest is the current one.
    Recording is the only door: `create` gives a known value back instead of a second one.
    """

    _name = "subscription.index.value"
    _description = "Index value"
    _inherit = ["subscription.input"]
    _order = "index_id, period_start desc, vintage desc"

    index_id = fields.Many2one("subscription.index", required=True, ondelete="restrict", index=True)
    period = fields.Char(required=True, help="A month, a quarter or a year: 2024-08, 2024-Q3, 2024.")
    period_start = fields.Date(
        "First day", compute="_compute_period_start", store=True, precompute=True, help="Of the period."
    )
    printed = fields.Char("Value", required=True, help="With the decimals that the publisher prints.")
    value = fields.Float(
        "Number", digits=(15, 6), compute="_compute_value", store=True, precompute=True, aggregator="avg"
    )
    publication_date = fields.Date(
        "Published on",
        compute="_compute_publication_date",
        store=True,
        readonly=False,
        precompute=True,
        help="Empty: the last working day of the month in which the index is due.",
    )
    status = fields.Selection(
        STATUSES,
        required=True,
        default="final",
        help="Derived: worked out from other figures. Provisional: the publisher may still change it.",
    )
    source = fields.Char(help="Where it is printed.")
    vintage = fields.Integer(readonly=True, default=1, help="1 is what was published first, 2 its first correction.")
    is_current = fields.Boolean(
        "In force", compute="_compute_is_current", store=True, help="The latest vintage of its period."
    )

    _vintage_unique = models.Constraint(
        "UNIQUE(index_id, period, vintage)",
        "Somebody else recorded this period at the same moment: look at it, and record yours again if it differs.",
    )
    _period_idx = models.Index("(index_id, period_start)")

    @api.constrains("index_id", "period")
    def _check_period(self):
        for value in self:
            value.index_id._refuse_after_last(value.index_id._period(value.period))

    @api.depends("period", "index_id.frequency")
    def _compute_period_start(self):
        for value in self:
            period = value._typed_period()
            value.period_start = period and period.start

    @api.depends("printed")
    def _compute_value(self):
        for value in self:
            try:
                value.value = float(read_number(value.printed or ""))
            except ValueError:
                value.value = 0.0

    @api.depends("period", "index_id")
    def _compute_publication_date(self):
        for value in self:
            if period := value._typed_period():
                known = self.search(
                    [("index_id", "=", value.index_id.id), ("period", "=", str(period)), ("is_current", "=", True)]
                )
                value.publication_date = known._publication_default(value.index_id, str(period), value.printed)

    @api.depends("period", "vintage", "index_id.value_ids.period", "index_id.value_ids.vintage")
    def _compute_is_current(self):
        latest = {}
        for value in self.index_id.value_ids:
            key = value.index_id, value.period
            latest[key] = max(latest.get(key, 0), value.vintage)
        for value in self:
            value.is_current = value.vintage >= latest.get((value.index_id, value.period), 0)

    @api.depends("index_id", "period", "printed")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for value in self:
            value.display_name = self.env._(
                "%(index)s, %(period)s: %(printed)s",
                index=value.index_id.name,
                period=value.index_id._period_label(value.period) if value.period_start else value.period,
                printed=value.printed,
            )

    @api.model_create_multi
    def create(self, vals_list):
        """The value of each of ``vals_list``: a known one where it says nothing new."""
        places, new_vals = [], []
        for vals, (outcome, judged, known) in zip(vals_list, self._judge(vals_list), strict=True):
            places.append((known, None) if outcome == "unchanged" else (None, len(new_vals)))
            if outcome != "unchanged":
                new_vals.append({**vals, **judged})
        new = super().create(new_vals)
        return self.browse(known.id if place is None else new[place].id for known, place in places)

    def write(self, vals):
        vals = dict(vals)
        if vals.get("printed"):
            vals["printed"] = self.index_id[:1]._printed(vals["printed"])
        changing = self._changing(vals).keys()
        if changing & IDENTITY:
            raise UserError(
                self.env._("The period of a value never changes: delete the value, and record it for the right period.")
            )
        if changing & FACTS:
            self._refuse_if_used()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._refuse_if_used()

    def _refuse_if_used(self):
        for value in self:
            if value._is_used():
                raise UserError(
                    self.env._(
                        "A price was revised with %s: this value stays as it is. Record the right one beside it, "
                        "and the revision will propose a correction.",
                        value.display_name,
                    )
                )

    def _is_used(self) -> bool:
        """Whether an applied revision has read one of these values: for revisions to say."""
        return False

    def _as_reading(self) -> Reading:
        """What a revision keeps of this value as its evidence."""
        self.ensure_one()
        return Reading(
            index=self.index_id.name,
            period=self.period,
            value=Decimal(self.printed),
            published=self.publication_date,
            source=self.source or "",
            status=self.status,
            vintage=self.vintage,
        )

    # what recording would do

    def _judge(self, vals_list):
        """`SubscriptionIndex._judge` for values of several indexes, in their order."""
        indexes = {}
        for place, vals in enumerate(vals_list):
            indexes.setdefault(vals.get("index_id"), []).append(place)
        judged = {}
        for index_id, places in indexes.items():
            index = self.env["subscription.index"].browse(index_id or [])
            if not index:
                raise ValidationError(self.env._("Say of which index this value is."))
            judged |= zip(places, index._judge([vals_list[place] for place in places]), strict=True)
        return [judged[place] for place in range(len(vals_list))]

    def _outcome(self, printed, status) -> str:
        """What another publication of the period would be to this value, or to none."""
        if not self:
            return "new"
        if Decimal(printed) != Decimal(self.printed):
            return "revised"
        return "confirmed" if RANK[status] > RANK[self.status] else "unchanged"

    def _publication_default(self, index, period, printed):
        """When a value becomes public that takes the place of this one, or of none.

        A number that replaces a printed one is news of today. The same number, and one that
        replaces what somebody derived, were public on the day they were due.
        """
        due = index._publication_day(IndexPeriod.parse(period))
        if not self or self.status == "derived" or printed == self.printed:
            return self.publication_date if self and printed == self.printed else due
        return max(due, self.env.company._subscription_today())

    def _typed_period(self) -> IndexPeriod | None:
        """The period as far as it can be read: a person may still be typing it."""
        if not self.period or not self.index_id:
            return None
        try:
            return read_period(self.period, self.index_id.frequency)
        except ValueError:
            return None
