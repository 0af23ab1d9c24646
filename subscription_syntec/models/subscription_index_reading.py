from decimal import ROUND_HALF_UP, Decimal

from odoo import models

from ..core.index_period import IndexPeriod
from ..core.reading import Link, Reading


class SubscriptionIndex(models.Model):
    """How revisions read an index: past its end, by way of its successor.

    value on the scale of the stopped series = value of the successor x link coefficient
    """

    _inherit = "subscription.index"

    def _reading(self, period, as_of=None) -> Reading | None:
        """The value of a period, or None where it is not known.

        :param period: as text, or as an `IndexPeriod`
        :param as_of: only what was published on or before this day
        """
        self.ensure_one()
        period = self._period(period)
        if not self._is_past(period):
            value = self._value_of(period, as_of)
            return value._as_reading() if value else None
        continued = self._is_linked() and self.successor_id._reading(period, as_of)
        return self._linked(continued) if continued else None

    def _reading_record(self, period, as_of=None):
        """The value that `_reading` reads, of the successor past the end of a stopped series."""
        self.ensure_one()
        period = self._period(period)
        if not self._is_past(period):
            return self._value_of(period, as_of)
        if self._is_linked():
            return self.successor_id._reading_record(period, as_of)
        return self.env["subscription.index.value"]

    def _last_published(self, day) -> str:
        """The period that "the last one published" means on a day.

        It is the latest that was due, or was published early. Where its value is not known,
        `_reading` finds none: the caller waits for it and names it.
        """
        self.ensure_one()
        known = self.env["subscription.index.value"].search(
            [("index_id", "=", self.id), ("publication_date", "<=", day)], order="period_start desc", limit=1
        )
        period = self._last_expected(day)
        if known:
            period = max(period, IndexPeriod.parse(known.period))
        if not self._is_past(period):
            return str(period)
        return self.successor_id._last_published(day) if self._is_linked() else str(self._stop())

    def _is_past(self, period) -> bool:
        """Whether this series had stopped before a period."""
        stop = self._stop()
        return bool(stop) and stop < period

    def _is_linked(self) -> bool:
        return bool(self.successor_id and self.link_coefficient)

    def _value_of(self, period, as_of):
        condition = [("publication_date", "<=", as_of)] if as_of else [("is_current", "=", True)]
        return self.env["subscription.index.value"].search(
            [("index_id", "=", self.id), ("period", "=", str(period)), *condition], order="vintage desc", limit=1
        )

    def _linked(self, continued) -> Reading:
        """A value of the successor on the scale of this series, rounded as this one is printed."""
        coefficient = Decimal(self.link_coefficient)
        step = Decimal(1).scaleb(-self.decimals)
        return Reading(
            index=self.name,
            period=continued.period,
            value=(continued.value * coefficient).quantize(step, ROUND_HALF_UP),
            published=continued.published,
            source=continued.source,
            status=continued.status,
            vintage=continued.vintage,
            link=Link(continued.index, continued.value, coefficient, continued.link),
        )
