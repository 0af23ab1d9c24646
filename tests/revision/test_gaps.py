from hypothesis import given
from hypothesis import strategies as st
from revision.gaps import missing, stretches
from revision.index_period import IndexPeriod

SETS = st.sets(st.builds(IndexPeriod, st.just("month"), st.integers(24000, 24060)))


def periods(*texts):
    return [*map(IndexPeriod.parse, texts)]


def test_what_is_missing_goes_up_to_what_is_due():
    known = {*periods("2024-10", "2024-12")}
    assert missing(known, IndexPeriod.parse("2025-02")) == periods("2024-11", "2025-01", "2025-02")
    assert missing(known, IndexPeriod.parse("2024-10")) == []
    assert missing(set(), IndexPeriod.parse("2025-02")) == []


def test_stretches_are_unbroken():
    assert stretches(periods("2025-01", "2024-12", "2023-12")) == [
        (*periods("2023-12", "2023-12"),),
        (*periods("2024-12", "2025-01"),),
    ]


@given(SETS, st.integers(24000, 24060))
def test_known_and_missing_tile_the_time(known, last):
    until = IndexPeriod("month", last)
    gaps = missing(known, until)
    assert not known & {*gaps}
    if known:
        covered = {*gaps, *(period for period in known if not until < period)}
        assert len(covered) == max(0, last - min(known).ordinal + 1)
    assert [p for a, b in stretches(gaps) for p in (a.shift(n) for n in range(b.ordinal - a.ordinal + 1))] == gaps
