"""Changes replayed on dated rows: the past stays, what was planned stays."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from core.period import FOREVER, Period
from core.timeline import Version, overwrite, reversals, revert, stop, suspend
from hypothesis import given
from hypothesis import strategies as st

START = date(2026, 1, 1)
HORIZON = 120


def day(number):
    return START + timedelta(days=number)


days = st.integers(-10, HORIZON + 10).map(day)
windows = st.tuples(days, days).map(lambda pair: Period(*sorted(pair)))
changes = st.one_of(
    st.fixed_dictionaries({"quantity": st.integers(1, 3)}),
    st.fixed_dictionaries({"price": st.integers(1, 3)}),
    st.fixed_dictionaries({"quantity": st.integers(1, 3), "discount": st.sampled_from([0, 50])}),
)


@st.composite
def histories(draw):
    """A chain with some past: consecutive rows, pauses, rows replaced at once, an end or none."""
    versions, cursor = [], START
    for key in range(draw(st.integers(1, 5))):
        cursor += timedelta(days=draw(st.sampled_from([0, 0, 3])))
        length = draw(st.integers(0, 30))
        values = {"quantity": draw(st.integers(1, 3)), "price": draw(st.integers(1, 3)), "discount": 0}
        versions.append(Version(key, Period(cursor, cursor + timedelta(days=length)), values))
        cursor = versions[-1].period.stop
    if draw(st.booleans()):
        versions[-1] = replace(versions[-1], period=Period(versions[-1].period.start, FOREVER))
    return versions


def apply(versions, replacements):
    """What the ORM does with replacements: close the row, open its successors."""
    after = {version.key: version for version in versions}
    for done in replacements:
        closed = after[done.key]
        after[done.key] = replace(closed, period=Period(closed.period.start, done.stop))
        for successor in done.successors:
            after[len(after)] = replace(successor, key=len(after))
    return list(after.values())


def in_force(versions):
    """The values of each day, the only thing that billing sees."""
    return {
        day(n): dict(version.values) for n in range(HORIZON + 20) for version in versions if day(n) in version.period
    }


@given(histories(), days, changes)
def test_a_change_overwrites_its_fields_from_its_day_on_and_nothing_else(versions, since, values):
    before, after = in_force(versions), in_force(apply(versions, overwrite(versions, Period(since), values)))
    assert after == {d: ({**old, **values} if d >= since else old) for d, old in before.items()}


@given(histories(), days, days, changes, changes)
def test_changes_of_different_fields_commute(versions, one_day, other_day, one, other):
    if one.keys() & other.keys():
        other = {"note": "x"}
        versions = [replace(v, values={**v.values, "note": ""}) for v in versions]
    first = apply(versions, overwrite(versions, Period(one_day), one))
    first = apply(first, overwrite(first, Period(other_day), other))
    second = apply(versions, overwrite(versions, Period(other_day), other))
    second = apply(second, overwrite(second, Period(one_day), one))
    assert in_force(first) == in_force(second)


@given(histories(), days, changes)
def test_a_change_equal_to_what_is_there_writes_nothing(versions, since, values):
    changed = apply(versions, overwrite(versions, Period(since), values))
    assert overwrite(changed, Period(since), values) == []


@given(histories(), days, changes)
def test_rows_that_keep_their_values_are_left_alone(versions, since, values):
    replaced = {done.key for done in overwrite(versions, Period(since), values)}
    for version in versions:
        served_later = bool(version.period & Period(since, FOREVER))
        differs = any(version.values[name] != value for name, value in values.items())
        assert (version.key in replaced) == (served_later and differs)


@given(histories(), st.lists(st.tuples(days, changes), max_size=4))
def test_versions_never_overlap_and_the_days_served_stay(versions, story):
    served = in_force(versions).keys()
    for since, values in story:
        versions = apply(versions, overwrite(versions, Period(since), values))
        ordered = sorted(version.period for version in versions if version.period)
        assert all(a.stop <= b.start for a, b in pairwise(ordered))
        assert in_force(versions).keys() == served


@given(histories(), days, changes)
def test_a_row_is_closed_within_its_own_period(versions, since, values):
    """Never before its start: a row replaced at once keeps a length of zero."""
    periods = {version.key: version.period for version in versions}
    for done in overwrite(versions, Period(since), values) + stop(versions, since):
        assert periods[done.key].start <= done.stop <= periods[done.key].stop


@given(histories(), days)
def test_nothing_is_served_after_a_stop_and_all_before(versions, since):
    before, after = in_force(versions), in_force(apply(versions, stop(versions, since)))
    assert after == {d: values for d, values in before.items() if d < since}


@given(histories(), days)
def test_stopping_twice_changes_nothing(versions, since):
    assert stop(apply(versions, stop(versions, since)), since) == []


@given(histories(), windows, changes)
def test_a_change_for_a_while_ends_by_itself(versions, window, values):
    before, after = in_force(versions), in_force(apply(versions, overwrite(versions, window, values)))
    assert after == {d: ({**old, **values} if d in window else old) for d, old in before.items()}


@given(histories(), windows)
def test_nothing_is_served_in_a_pause_and_all_around_it(versions, window):
    before, after = in_force(versions), in_force(apply(versions, suspend(versions, window)))
    assert after == {d: values for d, values in before.items() if d not in window}


def undo(versions, replacements, current):
    """What the ORM does to take a change back: revert each stretch, and open again where nothing is served."""
    by_key = {version.key: version for version in versions}
    closed = [
        replace(by_key[done.key], period=Period(done.stop, by_key[done.key].period.stop)) for done in replacements
    ]
    opened = [successor for done in replacements for successor in done.successors]
    for reversal in reversals(closed, opened):
        current = apply(current, revert(current, reversal))
        if reversal.after is None:
            for free in reversal.period.subtract(version.period for version in current):
                current.append(Version(len(current), free, reversal.before.values))
    return current


@given(histories(), windows, changes, st.booleans())
def test_a_change_that_is_undone_leaves_what_was(versions, window, values, is_pause):
    replacements = suspend(versions, window) if is_pause else overwrite(versions, window, values)
    changed = apply(versions, replacements)
    assert in_force(undo(versions, replacements, changed)) == in_force(versions)


@given(histories(), windows, windows, changes, changes)
def test_undoing_keeps_what_was_changed_since(versions, window, later, values, others):
    replacements = overwrite(versions, window, values)
    changed = apply(versions, replacements)
    changed = apply(changed, overwrite(changed, later, others))
    before, mixed, after = in_force(versions), in_force(changed), in_force(undo(versions, replacements, changed))
    for d, old in before.items():
        mine = {name for name, value in values.items() if d in window and old[name] != value}
        assert after[d] == {
            name: old[name] if name in mine and value == values[name] else value for name, value in mixed[d].items()
        }


def test_a_change_during_a_promotion_keeps_the_promotion():
    """
    before    |—— 1 x 100 ——|—— 1 x 100, -50 % ——|—— 1 x 100 ——▶
    2 from           ▼
    after     |— 1 —|— 2 ———|—— 2 x 100, -50 % ——|—— 2 x 100 ——▶
    """
    plain, promotion = {"quantity": 1, "discount": 0}, {"quantity": 1, "discount": 50}
    versions = [
        Version(0, Period(day(0), day(31)), plain),
        Version(1, Period(day(31), day(59)), promotion),
        Version(2, Period(day(59)), plain),
    ]
    changed = sorted(
        (v for v in apply(versions, overwrite(versions, Period(day(10)), {"quantity": 2})) if v.period),
        key=lambda v: v.period,
    )
    assert [(v.period, v.values) for v in changed] == [
        (Period(day(0), day(10)), plain),
        (Period(day(10), day(31)), {**plain, "quantity": 2}),
        (Period(day(31), day(59)), {**promotion, "quantity": 2}),
        (Period(day(59)), {**plain, "quantity": 2}),
    ]
