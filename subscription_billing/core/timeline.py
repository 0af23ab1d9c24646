"""Changing the dated rows of a chain without rewriting the past.

A change is replayed on every row from its date on: the row in force is split,
each later row is replaced by itself with the changed fields, and all else that
was planned (a promotion, a revision, an end) stays::

    before    |—— qty 1, 100 ——————|—— qty 1, 80 (promotion) ——|—— qty 1, 100 ——▶
    qty = 2             ▼
    after     |— 1, 100 —|— 2, 100 —|—— 2, 80 ——————————————————|—— 2, 100 ——————▶
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from .period import FOREVER, Period


@dataclass(frozen=True, slots=True)
class Version:
    """The values of a chain during one stretch; ``key`` names the stored row."""

    key: Any
    period: Period
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replacement:
    """Close the row ``key`` at ``stop`` and let ``successors`` follow, if there are any."""

    key: Any
    stop: date
    successors: tuple[Version, ...] = ()


Change = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


def rewrite(versions: Iterable[Version], window: Period, change: Change) -> list[Replacement]:
    """``change`` what every version holds inside ``window``; None serves nothing there."""
    replacements = []
    for version in sorted(versions, key=lambda version: version.period.start):
        inside = version.period & window
        if not inside or (values := change(version.values)) == version.values:
            continue
        pieces = [(inside, values), (Period(inside.stop, version.period.stop), version.values)]
        successors = (Version(version.key, period, kept) for period, kept in pieces if period and kept is not None)
        replacements.append(Replacement(version.key, inside.start, tuple(successors)))
    return replacements


def overwrite(versions: Iterable[Version], window: Period, values: Mapping[str, Any]) -> list[Replacement]:
    """Replay ``values`` on every version inside ``window``; equal values change nothing."""
    return rewrite(versions, window, lambda known: {**known, **values})


def suspend(versions: Iterable[Version], window: Period) -> list[Replacement]:
    """Nothing is served inside ``window``; what was planned after it stays."""
    return rewrite(versions, window, lambda _known: None)


def stop(versions: Iterable[Version], since: date) -> list[Replacement]:
    """End the chain: nothing is served from ``since`` on."""
    return suspend(versions, Period(since, FOREVER))


@dataclass(frozen=True, slots=True)
class Reversal:
    """What one change did to a stretch: ``before`` or ``after`` is None where nothing was served."""

    period: Period
    before: Version | None
    after: Version | None

    @property
    def changed(self) -> dict[str, Any]:
        """The values that are others after it; both sides are there."""
        return {name: value for name, value in self.after.values.items() if value != self.before.values[name]}


def reversals(closed: Sequence[Version], opened: Sequence[Version]) -> Iterator[Reversal]:
    """What a change took from a chain and what it put there, stretch by stretch.

    :param closed: what the rows it closed would have held, from where it closed them.
    :param opened: what the rows it opened held when they opened.
    """
    for before in closed:
        for after in opened:
            if common := before.period & after.period:
                yield Reversal(common, before, after)
        for stretch in before.period.subtract(after.period for after in opened):
            yield Reversal(stretch, before, None)
    for after in opened:
        for stretch in after.period.subtract(before.period for before in closed):
            yield Reversal(stretch, None, after)


def revert(versions: Iterable[Version], reversal: Reversal) -> list[Replacement]:
    """Take one stretch of a change back; what was changed again since then stays."""
    before, after = reversal.before, reversal.after
    if after is None:
        return []
    if before is None:
        return suspend(versions, reversal.period)
    changed = reversal.changed.keys()

    def restored(known):
        own = {name for name in changed if known[name] == after.values[name]}
        return {name: before.values[name] if name in own else value for name, value in known.items()}

    return rewrite(versions, reversal.period, restored)
