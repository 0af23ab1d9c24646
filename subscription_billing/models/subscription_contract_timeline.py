from datetime import date, timedelta

from odoo import api, fields, models
from odoo.tools import format_amount, format_date, formatLang

from ..core import charges as core_charges
from ..core.period import Period
from .subscription_period import COUNTING

# how far the life of a contract without end is drawn after today, and any other at most
AHEAD, HORIZON = timedelta(days=120), timedelta(days=3660)


class SubscriptionContractTimeline(models.Model):
    """The life of a contract as plain values, for whoever draws it: days are inclusive."""

    _inherit = "subscription.contract"

    @api.readonly
    def timeline(self) -> dict:
        """What there is to draw: lanes of lines with their periods, bands, amendments, and today.

        :returns: ``today``, ``start``, ``end``, ``lanes``, ``bands``, ``amendments`` and
            ``states``, the labels of the states of the periods. ``lanes`` is empty for a draft.
        """
        self.ensure_one()
        self.check_access("read")
        today = self._today()
        lanes = [] if self.state == "draft" else self._timeline_lanes(today)
        timeline = {
            "lanes": lanes,
            "bands": self._timeline_bands() if lanes else [],
            "amendments": self._timeline_amendments(today) if lanes else [],
            "states": {
                **dict(self.env["subscription.period"]._fields["state"]._description_selection(self.env)),
                "due": self.env._("To bill"),
            },
        }
        start, end = self._timeline_bounds(timeline, today)
        return {"today": _text(today), "start": _text(start), "end": _text(end), **timeline}

    def _timeline_bounds(self, timeline, today):
        """From the first to the last day drawn."""
        parts = [*timeline["bands"], *(part for lane in timeline["lanes"] for part in lane["rows"] + lane["periods"])]
        ends = [fields.Date.to_date(part["end"]) for part in parts if part["end"]]
        ends += [fields.Date.to_date(amendment["date"]) for amendment in timeline["amendments"]]
        if self.state != "closed":
            ends.append(today + AHEAD)
        return self.date_start, min(max([self.date_start, *ends]), max(today, self.date_start) + HORIZON)

    # lines and what became of them

    def _timeline_lanes(self, today):
        rows = self.line_ids.filtered(lambda line: line._period() and line.anchor_date)
        periods = self.period_ids.filtered(lambda period: period.state != "void").grouped("chain_id")
        none = self.period_ids.browse()
        return [
            self._timeline_lane(chain_rows.sorted("date_start"), periods.get(chain, none), today)
            for chain, chain_rows in rows.grouped("chain_id").items()
        ]

    def _timeline_lane(self, rows, periods, today):
        settled = [period._period() for period in periods if period.state in COUNTING]
        due = core_charges.propose([row._row() for row in rows], settled, self._billing_terms(), today)
        drawn = [self._timeline_period(period) for period in periods] + [self._timeline_due(charge) for charge in due]
        return {
            "id": rows[0].chain_id.id,
            "name": rows[-1]._label(),
            "kind": rows[0].kind,
            "rows": [self._timeline_row(row, today) for row in rows],
            "periods": sorted(drawn, key=lambda period: period["start"]),
        }

    def _timeline_row(self, row, today):
        price = formatLang(self.env, row.price_unit, dp="Product Price", currency_obj=row.currency_id)
        digits = {"digits": 0} if row.quantity.is_integer() else {"dp": "Product Unit"}
        discount = formatLang(self.env, row.discount, digits=0 if row.discount.is_integer() else 2)
        return {
            "id": row.id,
            "start": _text(row.date_start),
            "end": _text(row.date_end),
            "name": row._label(),
            "label": f"{formatLang(self.env, row.quantity, **digits)} × {price}",
            "discount": f"−{discount} %" if row.discount else "",
            "is_planned": row.date_start > today,
        }

    def _timeline_period(self, period):
        return {
            "id": period.id,
            "start": _text(period.date_start),
            "end": _text(period.date_end),
            "state": period.state,
            "label": format_amount(self.env, period.amount_invoiced, period.currency_id),
        }

    def _timeline_due(self, charge):
        amount = "" if charge.kind == "usage" else format_amount(self.env, float(charge.amount), self.currency_id)
        return {"id": False, **_days(charge.period), "state": "due", "label": amount}

    # bands: stretches of the life of the contract

    def _timeline_bands(self):
        bands = [*self._timeline_terms(), *self._timeline_pauses()]
        if self.trial_end:
            bands.append(self._band("trial", self.date_start, self.trial_end, self.env._("Free trial")))
        if self.minimum_end:
            bands.append(self._band("minimum", self.date_start, self.minimum_end, self.env._("Minimum duration")))
        if self.notice_deadline and self.notice_deadline < self.term_end and not self.date_stop:
            label = self.env._("Notice: to be given by %s", format_date(self.env, self.notice_deadline))
            bands.append(self._band("notice", self.notice_deadline + timedelta(days=1), self.term_end, label))
        return bands

    @api.model
    def _band(self, kind, start, end, label):
        return {"kind": kind, "start": _text(start), "end": _text(end), "label": label}

    def _timeline_terms(self):
        """Every term: the first one is the commitment, the others its renewals."""
        terms = {self.term_start: self.term_end}
        for amendment in self._lasting_amendments("renew"):
            for values in (amendment.values_before, amendment.values_after):
                start, end = ((values or {}).get(name) for name in ("term_start", "term_end"))
                terms.setdefault(fields.Date.to_date(start or None), fields.Date.to_date(end or None))
        labels = [self.env._("Commitment")] if self.commitment else []
        known = sorted((start, end) for start, end in terms.items() if start and end)
        for number, (start, end) in enumerate(known):
            label = labels[number] if number < len(labels) else self.env._("Term %s", number + 1)
            yield self._band("term", start, end, label)

    def _timeline_pauses(self):
        """Stretches that a pause keeps from being served, until it was or will be resumed."""
        resumptions = self._lasting_amendments("resume", "convert")
        for pause in self._lasting_amendments("pause"):
            later = resumptions.filtered(lambda resumption, pause=pause: resumption.number > pause.number)
            stops = [*later.mapped("date_effective"), pause.date_until, self.date_stop]
            stop = min((day for day in stops if day and day > pause.date_effective), default=None)
            yield self._band(
                "pause", pause.date_effective, stop and stop - timedelta(days=1), pause.reason or self.env._("Paused")
            )

    def _lasting_amendments(self, *kinds):
        """Those of these kinds that nobody took back, in the order in which they were made."""
        lasting = self.amendment_ids.filtered(lambda row: row.kind in kinds and not row.undone_by_id)
        return lasting.sorted("number")

    # amendments

    def _timeline_amendments(self, today):
        return [
            {
                "id": amendment.id,
                "date": _text(amendment.date_effective),
                "title": amendment._summary(),
                "summary": amendment.summary,
                "is_planned": amendment.date_effective > today,
                "is_undone": bool(amendment.undone_by_id),
            }
            for amendment in self.amendment_ids.sorted(lambda row: (row.date_effective, row.number))
        ]


def _text(day: date | None) -> str | bool:
    return fields.Date.to_string(day) or False


def _days(period: Period) -> dict:
    return {"start": _text(period.start), "end": _text(period.end)}
