"""Which periods of an index are not known."""

from collections.abc import Collection, Iterable

from .index_period import IndexPeriod


def missing(known: Collection[IndexPeriod], until: IndexPeriod) -> list[IndexPeriod]:
    """The periods without value, from the first known one up to ``until``."""
    if not known:
        return []
    first = min(known)
    return [
        period
        for period in (first.shift(step) for step in range(until.ordinal - first.ordinal + 1))
        if period not in known
    ]


def stretches(periods: Iterable[IndexPeriod]) -> list[tuple[IndexPeriod, IndexPeriod]]:
    """The first and the last period of each unbroken stretch, in order."""
    found = []
    for period in sorted(periods):
        if found and found[-1][1].shift(1) == period:
            found[-1] = (found[-1][0], period)
        else:
            found.append((period, period))
    return found
