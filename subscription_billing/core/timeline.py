"""Changing the dated rows of a chain without rewriting the past.

A change is replayed on every row from its date on: the row in force is split,
each later row is replaced by itself with the changed fields, and all else that
was planned (a promotion, a revision, an end) stays::

    before    |—— qty 1, 100 ——————|—— qty 1, 80 (promotion) ——|—— qty 1, 100 ——▶
    qty = 2             ▼
    after     |— 1, 100 —|— 2, 100 —|—— 2, 80 ——————————————————|—— 2, 100 ——————▶
"""

from collections.abc import Iterable, Mapping
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
    """Close the row ``key`` at ``stop`` and let ``successor`` follow, if there is one."""

    key: Any
    stop: date
    successor: Version | None = None


def overwrite(versions: Iterable[Version], since: date, values: Mapping[str, Any]) -> list[Replacement]:
    """Replay ``values`` on every version from ``since`` on; equal values change nothing."""
    replacements = []
    for version in sorted(versions, key=lambda version: version.period.start):
        remaining = version.period & Period(since, FOREVER)
        if remaining and any(version.values[name] != value for name, value in values.items()):
            successor = Version(version.key, remaining, {**version.values, **values})
            replacements.append(Replacement(version.key, remaining.start, successor))
    return replacements


def stop(versions: Iterable[Version], since: date) -> list[Replacement]:
    """End the chain: nothing is served from ``since`` on."""
    return [
        Replacement(version.key, max(version.period.start, since))
        for version in versions
        if version.period & Period(since, FOREVER)
    ]
