from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

from odoo import Command, api, models
from odoo.tools import format_date

from odoo.addons.subscription_billing.core.charges import worth
from odoo.addons.subscription_billing.core.period import Period

from ..core import formula
from ..core.reading import Reading

PRICE_DIGITS = 2  # at least, and as many as the price before has


class Readings:
    """What a batch of revisions reads of the indexes, each value looked up once."""

    def __init__(self):
        self.period = cache(lambda term, day: term._period_read(day))
        self.base_period = cache(lambda term, signed: term._base_period(signed))
        self.reading = cache(lambda index, period: index._reading(period))
        self.record = cache(lambda index, period: index._reading_record(period))


class SubscriptionRevisionCalculation(models.Model):
    """How a revision finds its price, and keeps all that it used."""

    _inherit = "subscription.revision"

    def _calculate(self):
        """Find the price of these revisions anew, or the value of an index that they still wait for."""
        readings = Readings()
        imported = self._imported_until()
        self.contract_id.line_ids.fetch(["tax_ids"])  # a filtered row would read its own only
        ended = self.filtered(lambda revision: not revision._row())
        ended._write({"state": "cancelled", "reason": self.env._("The line ends before the day of the revision.")})
        used = defaultdict(self.browse)
        for revision in self - ended:
            terms, missing = revision._read_terms(readings)
            revision._write(revision._calculated_values(terms, missing, imported.get(revision.chain_id)))
            if not missing:
                used[revision._values_used(terms, readings)] |= revision
        for values, revisions in used.items():
            revisions._write({"value_ids": [Command.set(values.ids)]})

    def _calculated_values(self, terms, missing, imported_until) -> dict:
        self.ensure_one()
        row = self._row()
        old = _decimal(row.price_unit)
        values = {
            "price_before": row.price_unit,
            "quantity": row.quantity,
            "date_effective": self._effective_day(row),
            "missing": ", ".join(missing) or False,
            "state": "waiting" if missing else "proposed",
            "failure": False,
        }
        if missing:
            return {**values, "price": row.price_unit, "price_computed": row.price_unit, "evidence": False}
        base = self._base_price(old)
        result = self._result(base, old, terms)
        warnings = self._warnings(row, base, terms)
        if imported_until and imported_until > values["date_effective"]:
            warnings.append(self._warning_of_imported(Period(values["date_effective"], imported_until), result.price))
        unofficial = any(reading.status != "final" for _term, *readings in terms for reading in readings)
        return {
            **values,
            "price_computed": float(result.price),
            "price": float(result.price),
            "coefficient": float(result.coefficient),
            "bound": next((step.rule for step in reversed(result.steps) if step.rule in dict(self._bounds())), False),
            "is_unofficial": unofficial,
            "warnings": "\n".join(warnings) or False,
            "effect_mrr": self._effect_on_mrr(row, result.price),
            "evidence": self._evidence_of(base, old, terms, result, warnings),
        }

    def _bounds(self):
        return self._fields["bound"].selection

    # what it starts from

    def _row(self):
        """The row of the line that holds on the day of the revision, or the next one after a pause."""
        self.ensure_one()
        return next(iter(self._rows_from(self.chain_id, self.date)), self.env["subscription.line"])

    def _rows_from(self, chain, day):
        """What the line holds from ``day`` on, in order."""
        rows = chain.contract_id.line_ids.filtered(
            lambda row: row.chain_id == chain and row._period() and row._period().stop > day
        )
        return rows.sorted("date_start")

    def _effective_day(self, row) -> date:
        """The day itself, or the first day of the next period where the clause says so."""
        if self.clause_id.application == "date" or not row.anchor_date:
            return max(self.date, row.date_start)
        day = max(self.date, row.date_start)
        period = row.recurrence_id._cadence().containing(row.anchor_date, day)
        return day if period.start == day else period.stop

    def _base_price(self, old: Decimal) -> Decimal:
        """P0: the price before, or the first one where the clause has a fixed base."""
        if self.clause_id.base == "chained" or self.clause_id.kind != "index":
            return self._price_compared(old)
        since = self.contract_id.revision_from or self.contract_id.date_start
        return _decimal(self._rows_from(self.chain_id, since)[:1].price_unit)

    def _result(self, base, old, terms) -> formula.Result:
        clause = self.clause_id
        common = {"rounding": clause._rounding(), "limits": clause._limits(), "price_digits": _digits(old)}
        if clause.kind == "percentage":
            return formula.by_percentage(base, _decimal(clause.percentage), **common)
        if clause.kind == "amount":
            return formula.by_amount(base, _decimal(clause.amount), **common)
        return formula.by_index(
            base,
            self._price_compared(old),
            [formula.Term(_decimal(term.weight), s0.value, s1.value) for term, s0, s1 in terms],
            fixed=_decimal(clause.fixed_part),
            **common,
        )

    def _price_compared(self, old) -> Decimal:
        """The price of which bounds are percentages: the one before, not the wrong one that a correction replaces."""
        first = self._first_of_the_day()
        return old if first == self else _decimal(first.price_before)

    def _first_of_the_day(self):
        """The revision that this one corrects, at once or by way of other corrections; else itself."""
        revision = self
        while revision.corrects_id:
            revision = revision.corrects_id
        return revision

    # what another application billed

    def _imported_until(self) -> dict:
        """For lines that were billed elsewhere at first: the first day that they are billed here."""
        return dict(
            self.env["subscription.period"]
            .sudo()
            ._read_group(
                [("chain_id", "in", self.chain_id.ids), ("state", "=", "imported")], ["chain_id"], ["date_stop:max"]
            )
        )

    def _warning_of_imported(self, stretch, price: Decimal) -> str:
        """That nothing is charged for what was billed elsewhere, and what it would be."""
        return self.env._(
            "%(start)s to %(end)s was billed elsewhere: nothing is charged for it here. Between the old and the new "
            "price it makes a difference of %(difference)s: where that is owed, bill it by a line of its own; where "
            "the price was revised there already, leave this revision out.",
            start=format_date(self.env, stretch.start),
            end=format_date(self.env, stretch.end),
            difference=self._money(float(self._difference_in(stretch, price))),
        )

    def _difference_in(self, stretch, price: Decimal) -> Decimal:
        """What the line costs more in ``stretch``, billed or not, once it is revised to ``price``."""
        rows = self._rows_from(self.chain_id, stretch.start)
        terms, old = self.contract_id._billing_terms(), self._row().price_unit
        before = [row._row() for row in rows]
        after = [
            replace(values, whole=row._whole(reprice(old, price, row.price_unit))) if values.whole else values
            for row, values in zip(rows, before, strict=True)
        ]
        return worth(after, stretch, terms) - worth(before, stretch, terms)

    # the values of indexes

    def _read_terms(self, readings):
        """``(term, S0, S1)`` of each index, and what is not published yet."""
        terms, missing = [], []
        if self.clause_id.kind != "index":
            return terms, missing
        for index, term in enumerate(self.clause_id.term_ids):
            period = readings.period(term, self.date)
            base = self._base_reading(index, term, readings)
            current = readings.reading(term.index_id, period)
            if base is None:
                missing.append(f"{term.index_id.code} {readings.base_period(term, self._signed_on())}")
            if current is None:
                missing.append(f"{term.index_id.code} {period}")
            terms.append((term, base, current))
        return terms, missing

    def _base_reading(self, index, term, readings) -> Reading | None:
        """S0: the S1 of the last revision in a chained clause, else the value at the beginning."""
        previous = self.previous_id
        if self.clause_id.base == "chained" and previous and previous.evidence and previous.clause_id == self.clause_id:
            return Reading.from_json(previous.evidence["terms"][index]["current"])
        return readings.reading(term.index_id, readings.base_period(term, self._signed_on()))

    def _signed_on(self) -> date:
        """The day whose index is S0: that of the signature, or of the start where it was entered later."""
        contract = self.contract_id
        return contract.revision_from or min(contract.signed_on or contract.date_start, contract.date_start)

    @api.model
    def _values_used(self, terms, readings):
        return self.env["subscription.index.value"].union(
            *(readings.record(term.index_id, reading.period) for term, *pair in terms for reading in pair)
        )

    # effects and remarks

    def _effect_on_mrr(self, row, price: Decimal) -> float:
        """What a month brings more, or less, at the new price; nothing for usage."""
        if row.kind != "recurring":
            return 0.0
        return row._monthly_at(float(price)) - row._monthly_at(row.price_unit)

    def _warnings(self, row, base, terms) -> list[str]:
        """Remarks for the person who approves; none of them forbids anything."""
        texts = [*filter(None, (self.clause_id.legal_warnings or "").split("\n"))]
        months = self._months_between()
        for term, s0, s1 in terms:
            span = term._parsed(s0.period).months_to(term._parsed(s1.period)) if term._parsed(s1.period) else 0
            if span > months:
                texts.append(
                    self.env._(
                        "%(index)s: the values lie %(span)s months apart and the revisions %(months)s: article L112-1 "
                        "of the Code monétaire et financier holds a clause unwritten that takes into account a longer "
                        "variation of the index than the time between two revisions.",
                        index=term.index_id.name,
                        span=span,
                        months=round(months),
                    )
                )
        expected = self.previous_id.price if self.previous_id else None
        if expected is not None and self.clause_id.base == "fixed" and _decimal(expected) != _decimal(row.price_unit):
            texts.append(
                self.env._(
                    "The price was changed to %(price)s since the last revision, which left %(expected)s; "
                    "the fixed base is still %(base)s. Adjust the new price, or leave the line out.",
                    price=self._money(row.price_unit),
                    expected=self._money(expected),
                    base=self._money(float(base)),
                )
            )
        return texts

    def _months_between(self) -> float:
        """From the base of the calculation to this revision: the whole time in a fixed base."""
        since = self._signed_on() if self.clause_id.base == "fixed" or not self.previous_id else self.previous_id.date
        whole = (self.date.year - since.year) * 12 + self.date.month - since.month
        return max(whole, self.clause_id._interval_months(self._row()))

    # the file

    def _evidence_of(self, base, old, terms, result, warnings) -> dict:
        """Everything that a person with a calculator needs, as plain values."""
        clause, limits, rounding = self.clause_id, self.clause_id._limits(), self.clause_id._rounding()
        return {
            "contract": self.contract_id.name,
            "customer": self.partner_id.display_name,
            "line": self.chain_id._label(),
            "date": str(self.date),
            "clause": {
                "name": clause.name,
                "kind": clause.kind,
                "formula": clause._what(),
                "base": clause.base,
                "percentage": str(_decimal(clause.percentage)),
                "amount": str(_decimal(clause.amount)),
                "fixed_part": str(_decimal(clause.fixed_part)),
            },
            "price_base": str(base),
            "price_before": str(old),
            "terms": [
                {"weight": str(_decimal(term.weight)), "base": s0.as_json(), "current": s1.as_json()}
                for term, s0, s1 in terms
            ],
            "rounding": {"target": rounding.target, "digits": rounding.digits, "method": rounding.method},
            "limits": {
                "of": str(self._price_compared(old)),
                "cap": limits.cap and str(limits.cap),
                "floor": limits.floor and str(limits.floor),
                "minimum": limits.minimum and str(limits.minimum),
                "deadband": limits.deadband and str(limits.deadband),
                "never_below": limits.never_below,
            },
            "price_digits": _digits(old),
            "steps": [
                {"rule": step.rule, "before": step.before, "after": step.after, "by": step.by} for step in result.steps
            ],
            "coefficient": str(result.coefficient),
            "price": str(result.price),
            "warnings": warnings,
            "legal_reason": clause.legal_reason or "",
            "calculated_on": format_date(self.env, self.company_id._subscription_today(), date_format="yyyy-MM-dd"),
        }


def _decimal(number: float) -> Decimal:
    """A stored number as it prints, without the noise of binary fractions."""
    return Decimal(f"{number or 0.0:.10f}").normalize() + 0


def reprice(old: float, new: float, price: float) -> float:
    """What becomes of a price planned beside the one that rises from ``old`` to ``new``."""
    old, new, price = _decimal(old), _decimal(new), _decimal(price)
    return float(formula.reprice(price, old, new, max(_digits(price), _digits(new))))


def _digits(price: Decimal) -> int:
    return max(PRICE_DIGITS, -price.as_tuple().exponent)
