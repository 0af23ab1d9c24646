import csv
import json
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import file_open, format_date

from ..core.gaps import missing, stretches
from ..core.index_period import IndexPeriod
from ..core.publication import default_publication, last_expected
from ..core.written import read_number, read_period

FACTS = ("period", "printed", "publication_date", "source", "status")
STRETCHES_SHOWN = 6


class SubscriptionIndex(models.Model):
    """A series of published values that prices follow, the same for every company."""

    _name = "subscription.index"
    _description = "Index"
    _inherit = ["subscription.input"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, copy=False, help="What files and other applications call it.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    frequency = fields.Selection(
        [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")],
        required=True,
        default="month",
        help="What one value is published for.",
    )
    decimals = fields.Integer(
        "Printed decimals", required=True, default=1, help="How many decimals the publisher prints."
    )
    publication_lag = fields.Integer(
        "Published after (months)",
        required=True,
        default=1,
        help="A value is expected on the last working day of this month after the end of its period.",
    )
    is_quarterly_release = fields.Boolean(
        "Months published by quarter",
        help="The three months of a quarter are published together: the delay runs from its end.",
    )
    publication_source = fields.Char(
        "Delay read at", translate=True, help="Where the publisher, or days of publication, say so."
    )
    idbank = fields.Char("INSEE series", help="The number (idbank) of the series at INSEE, to fetch its values.")
    is_general_level = fields.Boolean(
        "General level of prices or wages",
        help="As a consumer price index or a minimum wage are. French law (L112-2 CMF) forbids such an index in most "
        "contracts between businesses: clauses that name it warn.",
    )
    source = fields.Char(help="Who publishes it, and where.")
    note = fields.Text("Notes", translate=True)

    last_period = fields.Char("Stopped after", help="The last period of a series that is published no more.")
    successor_id = fields.Many2one(
        "subscription.index",
        "Goes on as",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('frequency', '=', frequency), ('id', '!=', id)]",
        help="The series that takes the place of this one.",
    )
    link_coefficient = fields.Char(
        "Link coefficient",
        help="What the value of the new series is multiplied by to come back to the scale of this one.",
    )
    link_period = fields.Char("Link period", help="The first period that is read in the new series.")

    value_ids = fields.One2many("subscription.index.value", "index_id", "Values")
    value_count = fields.Integer("Number of values", compute="_compute_reach")
    last_printed = fields.Char("Last value", compute="_compute_reach")
    is_incomplete = fields.Boolean("Values are missing", compute="_compute_reach")
    reach = fields.Text("Known values", compute="_compute_reach")
    value_graph = fields.Text("Graph", compute="_compute_value_graph")

    _input_bounds = {"decimals": (0, 6), "publication_lag": (0, 36)}

    _code_unique = models.Constraint("UNIQUE(code)", "Another index has this code.")

    @api.constrains("frequency")
    def _check_frequency(self):
        for index in self:
            if any(IndexPeriod.parse(value.period).frequency != index.frequency for value in index.value_ids):
                raise ValidationError(
                    self.env._("%s has values: how often it is published can no longer change.", index.name)
                )

    @api.constrains("last_period", "link_period", "successor_id", "frequency", "link_coefficient")
    def _check_succession(self):
        if self._has_cycle("successor_id"):
            raise ValidationError(self.env._("An index cannot go on as itself, not even by way of others."))
        for index in self:
            for period in filter(None, (index.last_period, index.link_period)):
                index._period(period)
            if index.link_coefficient:
                index._number(index.link_coefficient)
            if index.successor_id and not index.last_period:
                raise ValidationError(
                    self.env._("Say after which period %s stopped: its successor is read from then on.", index.name)
                )
            if index.successor_id and index.successor_id.frequency != index.frequency:
                raise ValidationError(
                    self.env._(
                        "%(index)s and %(successor)s are not published equally often: they cannot follow each other.",
                        index=index.name,
                        successor=index.successor_id.name,
                    )
                )
            if index.last_period and index.value_ids:
                index._refuse_after_last(max(map(IndexPeriod.parse, index.value_ids.mapped("period"))))

    @api.depends(
        "value_ids.period", "frequency", "publication_lag", "is_quarterly_release", "last_period", "successor_id",
        "link_coefficient",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_reach(self):
        for index in self:
            values = index.value_ids.filtered("is_current").sorted("period_start")
            gaps = index._missing_periods()
            index.value_count = len(values)
            index.last_printed = values[-1:].printed
            index.is_incomplete = bool(gaps) or not values
            index.reach = " ".join(filter(None, [index._reach_text(gaps), index._succession_text()]))

    @api.depends("value_ids.printed", "value_ids.is_current")
    def _compute_value_graph(self):
        for index in self:
            values = {IndexPeriod.parse(value.period): value.value for value in index._current_values()}
            periods = sorted({*values, *missing({*values}, max(values))}) if values else []
            points = [{"x": str(period), "y": values.get(period)} for period in periods]
            index.value_graph = json.dumps([{"key": index.name, "values": points}])

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._normalised(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._normalised(vals))

    def copy_data(self, default=None):
        return [
            {**vals, "code": self.env._("%s (copy)", index.code)}
            for index, vals in zip(self, super().copy_data(default), strict=True)
        ]

    # reading what people write

    def _normalised(self, vals):
        """Periods as ``core`` writes them, whatever way they were typed; what cannot be read stays for the checks."""
        vals = dict(vals)
        frequency = vals.get("frequency") or self[:1].frequency or "month"
        for name in ("last_period", "link_period"):
            if vals.get(name):
                vals[name] = self._or_as_typed(vals[name], lambda text: str(read_period(text, frequency)))
        if vals.get("link_coefficient"):
            vals["link_coefficient"] = self._or_as_typed(vals["link_coefficient"], read_number)
        return vals

    @staticmethod
    def _or_as_typed(text, read):
        try:
            return read(text)
        except ValueError:
            return text

    def _period(self, text) -> IndexPeriod:
        """The period of this index that a person writes.

        :raises ValidationError: where it is none.
        """
        self.ensure_one()
        try:
            return read_period(str(text or ""), self.frequency)
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "“%(text)s” is no period of %(index)s, published by %(frequency)s: write it as in %(example)s.",
                    text=text or "",
                    frequency=self._frequency_name(),
                    index=self.name,
                    example=", ".join(self._examples()),
                )
            ) from error

    def _frequency_name(self):
        return dict(self._fields["frequency"]._description_selection(self.env))[self.frequency].lower()

    def _examples(self):
        return {
            "month": ["2024-08", "08/2024", self.env._("August 2024")],
            "quarter": ["2024-Q3", self.env._("Q3 2024")],
            "year": ["2024"],
        }[self.frequency]

    def _number(self, text) -> str:
        """The decimals of a positive number, as printed.

        :raises ValidationError: where it is none.
        """
        try:
            return read_number(str(text or ""))
        except ValueError as error:
            raise ValidationError(
                self.env._("%(index)s: “%(text)s” is no positive number.", index=self.name, text=text or "")
            ) from error

    def _printed(self, text) -> str:
        """A value with at least the decimals that this index is printed with.

        :raises ValidationError: where it is no positive number, or has more of them.
        """
        self.ensure_one()
        printed = self._number(text)
        whole, _point, decimals = printed.partition(".")
        if len(decimals) > self.decimals:
            raise ValidationError(
                self.env._(
                    "%(index)s is printed with %(decimals)s decimals: %(text)s has more. Correct the value, "
                    "or the decimals of the index.",
                    index=self.name,
                    decimals=self.decimals,
                    text=printed,
                )
            )
        return f"{whole}.{decimals:0<{self.decimals}}" if self.decimals else whole

    # which values there are

    def _current_values(self):
        return self.value_ids.filtered("is_current")

    def _stop(self) -> IndexPeriod | None:
        """The last period that this series was published for, once it is stopped."""
        self.ensure_one()
        return self._period(self.last_period) if self.last_period else None

    def _refuse_after_last(self, period):
        if (stop := self._stop()) and stop < period:
            raise ValidationError(
                self.env._(
                    "%(index)s stopped after %(last)s: it has no value for %(period)s.",
                    index=self.name,
                    last=self._period_label(stop),
                    period=self._period_label(period),
                )
            )

    def _missing_periods(self) -> list[IndexPeriod]:
        """The periods whose value ought to be known by now, and is not."""
        self.ensure_one()
        due = self._last_expected(self.env.company._subscription_today())
        known = {IndexPeriod.parse(value.period) for value in self._current_values()}
        stop = self._stop()
        return missing(known, min(due, stop) if stop else due)

    def _last_expected(self, day) -> IndexPeriod:
        """The latest period whose value ought to be published on ``day``."""
        return last_expected(self.frequency, day, self.publication_lag, self._release())

    def _publication_day(self, period) -> date:
        """The day on which the value of a period ought to be published."""
        return default_publication(period, self.publication_lag, self._release())

    def _release(self) -> str:
        return "quarter" if self.is_quarterly_release else "month"

    def _reach_text(self, gaps) -> str:
        values = self._current_values()
        if not values:
            return self.env._("No value is known yet.")
        last = self._period_label(max(map(IndexPeriod.parse, values.mapped("period"))))
        if not gaps:
            return self.env._("Known up to %s, nothing is missing.", last)
        shown = [self._stretch_label(*stretch) for stretch in stretches(gaps)]
        if len(shown) > STRETCHES_SHOWN:
            shown = [self.env._("earlier ones"), *shown[-STRETCHES_SHOWN:]]
        return self.env._("Known up to %(last)s. Missing: %(missing)s.", last=last, missing=", ".join(shown))

    def _succession_text(self) -> str:
        if not self.last_period:
            return ""
        stopped = {"last": self._period_label(self.last_period), "successor": self.successor_id.name}
        if not self.successor_id:
            return self.env._("Stopped after %s: name the series it goes on as.", stopped["last"])
        if not self.link_coefficient:
            return self.env._(
                "Stopped after %(last)s, goes on as %(successor)s: enter the link coefficient to read it.", **stopped
            )
        return self.env._(
            "Stopped after %(last)s, goes on as %(successor)s × %(coefficient)s.",
            coefficient=self.link_coefficient,
            **stopped,
        )

    def _stretch_label(self, first, last) -> str:
        if first == last:
            return self._period_label(first)
        return self.env._(
            "%(first)s to %(last)s (%(count)s values)",
            first=self._period_label(first),
            last=self._period_label(last),
            count=last.ordinal - first.ordinal + 1,
        )

    @api.model
    def _period_label(self, period) -> str:
        """A period as people say it: August 2024, Q3 2024, 2024."""
        period = period if isinstance(period, IndexPeriod) else IndexPeriod.parse(period)
        if period.frequency == "month":
            return format_date(self.env, period.start, date_format="MMMM yyyy")
        if period.frequency == "quarter":
            quarter = period.start.month // 3 + 1
            return self.env._("Q%(quarter)s %(year)s", quarter=quarter, year=period.start.year)
        return str(period)

    # recording values

    def _record(self, rows) -> dict:
        """Keep published values, from whatever source; the same value again changes nothing.

        :param rows: dicts of ``period``, ``printed`` and, where known, ``publication_date``, ``source``, ``status``
        :return: the values by what became of each row: ``new``, ``revised`` (another number for a known period),
            ``confirmed`` (the same number, now better founded) and ``unchanged``
        """
        self.ensure_one()
        values = self.env["subscription.index.value"]
        outcomes = [outcome for outcome, _vals, _known in self._judge(rows)]
        recorded = values.create(
            [{name: row[name] for name in FACTS if row.get(name)} | {"index_id": self.id} for row in rows]
        )
        return {
            kind: values.browse(value.id for value, outcome in zip(recorded, outcomes, strict=True) if outcome == kind)
            for kind in ("new", "revised", "confirmed", "unchanged")
        }

    @api.model
    def _load_values(self, path):
        """Record the values of a CSV file of an addon, each with its public source."""
        with file_open(path) as file:
            rows = list(csv.DictReader(file))
        for index in self.search([("code", "in", [row["index"] for row in rows])]):
            index._record([row for row in rows if row["index"] == index.code])

    def _judge(self, rows) -> list[tuple]:
        """What recording ``rows`` would do: the outcome of each, its values, and the known value; writes nothing."""
        self.ensure_one()
        values = self.env["subscription.index.value"]
        read = [
            {**row, "period": str(self._period(row.get("period"))), "printed": self._printed(row.get("printed"))}
            for row in rows
        ]
        known = {
            value.period: value
            for value in values.search(
                [
                    ("index_id", "=", self.id),
                    ("period", "in", [row["period"] for row in read]),
                    ("is_current", "=", True),
                ]
            )
        }
        self._refuse_contradictions(read)
        return [self._judged(row, known.get(row["period"], values)) for row in read]

    def _judged(self, row, known):
        row = {key: value for key, value in row.items() if value or key not in ("publication_date", "status")}
        row.setdefault("status", "final")
        row.setdefault("publication_date", known._publication_default(self, row["period"], row["printed"]))
        row["vintage"] = known.vintage + 1
        return known._outcome(row["printed"], row["status"]), row, known

    def _refuse_contradictions(self, rows):
        seen = {}
        for row in rows:
            if seen.setdefault(row["period"], row["printed"]) != row["printed"]:
                raise UserError(
                    self.env._(
                        "%(period)s is there twice, as %(one)s and as %(other)s: keep the right one.",
                        period=self._period_label(row["period"]),
                        one=seen[row["period"]],
                        other=row["printed"],
                    )
                )
