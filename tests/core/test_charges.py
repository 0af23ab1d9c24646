"""Propose, subtract: what is due and not in the ledger, once."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from core.cadence import Cadence
from core.charges import (
    ONE_DAY,
    Row,
    Terms,
    charge_of,
    covered_until,
    holes,
    next_due,
    propose,
    uncovered,
)
from core.period import FOREVER, Period
from core.proration import POLICIES
from core_strategies import chains, days, horizon, partitions, policies, terms, total
from hypothesis import given
from hypothesis import strategies as st

MONTHLY, QUARTERLY, YEARLY = Cadence("month", 1), Cadence("month", 3), Cadence("year", 1)
ADVANCE, ARREARS = Terms("advance"), Terms("arrears")


def d(text):
    return date.fromisoformat(text)


def row(start, stop, whole="100.00", cadence=MONTHLY, anchor=None, key="row", **values):
    period = Period(d(start), d(stop) if stop else FOREVER)
    return Row(key, period, cadence, d(anchor) if anchor else period.start, Decimal(whole), **values)


def lines(charges):
    """Charges as a reader sees them: first day, last day, amount, due."""
    return [(str(c.period.start), str(c.period.end), str(c.amount), str(c.due)) for c in charges]


def bill(rows, ledger, terms, until):
    """One run: its charges, and the ledger with them written."""
    charges = propose(rows, ledger, terms, until)
    return charges, ledger + [charge.period for charge in charges]


# -- what one run proposes ----------------------------------------------------


@given(chains(), terms, st.data())
def test_nothing_due_later_is_proposed_and_all_that_is_due_is(rows, terms, data):
    until = data.draw(st.dates(rows[0].period.start - timedelta(days=60), horizon(rows)))
    charges = propose(rows, [], terms, until)
    assert all(charge.due <= until for charge in charges)
    for later in uncovered(rows, [charge.period for charge in charges], terms):
        assert later.due > until
        if later.period.start > until + timedelta(days=1500):
            break


@given(chains(ending=True), terms)
def test_a_run_to_the_end_bills_every_served_day_once(rows, terms):
    charges = propose(rows, [], terms, FOREVER)
    stretches = [charge.period for charge in charges]
    assert all(a.stop <= b.start for a, b in pairwise(stretches))
    assert sum(stretch.days for stretch in stretches) == sum(row.period.days for row in rows)
    assert all(any(row.period.covers(s) for row in rows) for s in stretches)


@given(chains(), terms, st.data())
def test_billing_twice_is_billing_once(rows, terms, data):
    until = data.draw(st.dates(rows[0].period.start, horizon(rows)))
    _first, ledger = bill(rows, [], terms, until)
    assert propose(rows, ledger, terms, until) == []


@given(chains(), terms, st.data())
def test_three_runs_bill_the_same_as_one_that_catches_up(rows, terms, data):
    last = horizon(rows)
    dates = sorted(data.draw(st.lists(st.dates(rows[0].period.start, last), min_size=2, max_size=2)))
    ledger, charges = [], []
    for until in [*dates, last]:
        billed, ledger = bill(rows, ledger, terms, until)
        charges += billed
    assert sorted(charges, key=lambda charge: charge.period) == propose(rows, [], terms, last)


@given(chains(), terms, st.data())
def test_the_order_of_rows_and_ledger_does_not_matter(rows, terms, data):
    last = horizon(rows)
    _charges, ledger = bill(rows, [], terms, data.draw(st.dates(rows[0].period.start, last)))
    expected = propose(rows, ledger, terms, last)
    shuffled, settled = data.draw(st.permutations(rows)), data.draw(st.permutations(ledger))
    assert propose(shuffled, settled, terms, last) == expected


@given(chains(), terms, st.data())
def test_a_stretch_taken_out_of_the_ledger_is_proposed_again_at_its_price(rows, terms, data):
    last = horizon(rows)
    charges, ledger = bill(rows, [], terms, last)
    if charges:
        gone = data.draw(st.sampled_from(charges))
        ledger.remove(gone.period)
        assert propose(rows, ledger, terms, last) == [gone]


@given(chains(), terms, st.data())
def test_parts_of_a_stretch_cost_what_the_stretch_costs(rows, terms, data):
    charges = propose(rows, [], terms, horizon(rows))
    if not charges:
        return
    charge = data.draw(st.sampled_from(charges))
    source = next(row for row in rows if row.key == charge.key)
    parts = [charge_of(source, part, charge.nominal, rows, terms) for part in data.draw(partitions(charge.period))]
    assert total(parts) == charge.amount
    assert sum(part.share for part in parts) == charge.share
    assert {part.due for part in parts} == {charge.due}


# -- whole periods and their parts --------------------------------------------


@given(chains(ending=True, holes=False, mixed=False), policies, st.sampled_from(["advance", "arrears"]))
def test_a_period_served_whole_is_billed_whole(rows, policy, timing):
    """Whatever the cuts inside it: at one price the parts sum to it to the cent."""
    rows = [replace(row, whole=rows[0].whole) for row in rows]
    served = Period(rows[0].period.start, rows[-1].period.stop)
    sums = {}
    for charge in propose(rows, [], Terms(timing, 0, policy), FOREVER):
        amount, share = sums.get(charge.nominal, (0, 0))
        sums[charge.nominal] = amount + charge.amount, share + charge.share
    for nominal, (amount, share) in sums.items():
        if served.covers(nominal):
            assert (amount, share) == (rows[0].whole, 1)
        elif policy == "free":
            assert (amount, share) == (0, 0)
        elif policy == "full_period":
            assert (amount, share) == (rows[0].whole, 1)
        else:
            assert 0 <= share <= 1


@given(chains(ending=True), terms, st.data())
def test_a_line_closed_and_reopened_unchanged_bills_the_same_total(rows, terms, data):
    split = data.draw(st.sampled_from(rows))
    cut = data.draw(st.dates(split.period.start, split.period.stop))
    reopened = [row for row in rows if row is not split]
    reopened.append(replace(split, key="closed", period=Period(split.period.start, cut)))
    reopened.append(replace(split, key="reopened", period=Period(cut, split.period.stop)))
    assert total(propose(reopened, [], terms, FOREVER)) == total(propose(rows, [], terms, FOREVER))


@given(chains(ending=True), policies, st.sampled_from([0, 7, 60]))
def test_advance_and_arrears_bill_the_same_stretches_and_amounts(rows, policy, lead):
    advance = propose(rows, [], Terms("advance", lead, policy), FOREVER)
    arrears = propose(rows, [], Terms("arrears", lead, policy), FOREVER)
    assert [(c.period, c.amount) for c in advance] == [(c.period, c.amount) for c in arrears]


@given(chains(ending=True, mixed=False), terms)
def test_advance_is_due_on_the_first_day_less_the_lead_and_arrears_after_the_last(rows, terms):
    served = [row.period for row in rows if row.period]
    end = max((period.stop for period in served), default=None)
    for charge in propose(rows, [], terms, FOREVER):
        if terms.billing_timing == "advance":
            assert charge.due == charge.period.start - timedelta(days=terms.lead_days)
        else:
            assert charge.due == min(charge.nominal.stop, end)


# -- the shortcut and the next day --------------------------------------------


@given(chains(), terms, st.data())
def test_next_due_is_the_first_day_whose_run_bills_something(rows, terms, data):
    _charges, ledger = bill(rows, [], terms, data.draw(st.dates(rows[0].period.start, horizon(rows))))
    due = next_due(rows, ledger, terms)
    if due is None:
        assert propose(rows, ledger, terms, FOREVER) == []
    else:
        assert propose(rows, ledger, terms, due - ONE_DAY) == []
        assert propose(rows, ledger, terms, due)


@given(chains(), terms, st.data())
def test_reading_only_what_comes_after_the_covered_days_changes_nothing(rows, terms, data):
    last = horizon(rows)
    _charges, ledger = bill(rows, [], terms, data.draw(st.dates(rows[0].period.start, last)))
    if ledger and data.draw(st.booleans()):
        ledger.remove(data.draw(st.sampled_from(ledger)))
    expected = propose(rows, ledger, terms, last)
    covered = covered_until(rows, ledger)
    skipping = [replace(row, covered_until=covered) for row in rows]
    assert propose(skipping, [period for period in ledger if period.stop > covered], terms, last) == expected
    # each row may know its own first open day
    gaps = {row.key: row.period.subtract(ledger) for row in rows}
    skipping = [replace(r, covered_until=gaps[r.key][0].start if gaps[r.key] else r.period.stop) for r in rows]
    assert propose(skipping, ledger, terms, last) == expected


@given(chains(), terms)
def test_a_covered_row_proposes_nothing(rows, terms):
    covered = [replace(row, covered_until=row.period.stop) for row in rows]
    assert propose(covered, [], terms, horizon(rows)) == []
    assert next_due(covered, [], terms) is None
    closed = [row for row in rows if row.period.stop != FOREVER]
    assert propose(closed, [row.period for row in closed], terms, FOREVER) == []


@given(chains(), st.data())
def test_covered_until_is_the_first_served_day_that_the_ledger_lacks(rows, data):
    _charges, ledger = bill(rows, [], ADVANCE, data.draw(st.dates(rows[0].period.start, horizon(rows))))
    day = covered_until(rows, ledger)
    if day == FOREVER:
        assert all(row.period.subtract(ledger) == [] for row in rows)
        return
    assert any(day in row.period for row in rows)
    assert not any(day in period for period in ledger)
    assert all((row.period & Period(date.min, day)).subtract(ledger) == [] for row in rows)


@given(chains())
def test_holes_are_the_days_between_rows_that_none_serves(rows):
    served = [row.period for row in rows if row.period]
    pauses = holes(rows)
    assert all(pauses)
    assert not any(pause & period for pause in pauses for period in served)
    if served:
        whole = Period(min(p.start for p in served), max(p.stop for p in served))
        assert whole.subtract(served) == pauses
    else:
        assert pauses == []


# -- known figures ------------------------------------------------------------


def test_a_chain_begun_on_the_31st():
    assert lines(propose([row("2026-01-31", None)], [], ADVANCE, d("2026-04-30"))) == [
        ("2026-01-31", "2026-02-27", "100.00", "2026-01-31"),
        ("2026-02-28", "2026-03-30", "100.00", "2026-02-28"),
        ("2026-03-31", "2026-04-29", "100.00", "2026-03-31"),
        ("2026-04-30", "2026-05-30", "100.00", "2026-04-30"),
    ]


def test_a_yearly_chain_begun_on_a_leap_day():
    rows = [row("2024-02-29", None, "1200.00", YEARLY)]
    assert [c.period.start.isoformat() for c in propose(rows, [], ADVANCE, d("2028-03-01"))] == [
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
    ]


def test_the_stub_before_an_aligned_month():
    rows = [row("2026-07-20", None, anchor="2026-07-01")]
    (stub,) = propose(rows, [], ADVANCE, d("2026-07-31"))
    assert (stub.share, stub.amount) == (Fraction(12, 31), Decimal("38.71"))


def test_the_unused_part_of_a_month():
    rows = [row("2026-08-10", None, "50.00", anchor="2026-08-01")]
    (stub,) = propose(rows, [], ADVANCE, d("2026-08-31"))
    assert (stub.share, stub.amount) == (Fraction(22, 31), Decimal("35.48"))


def test_one_month_of_a_quarter():
    rows = [row("2026-01-01", "2026-02-01", "300.00", QUARTERLY)]
    by_months = Terms(proration_policy="months_then_days")
    assert propose(rows, [], by_months, d("2026-01-01"))[0].amount == Decimal("100.00")
    assert propose(rows, [], ADVANCE, d("2026-01-01"))[0].amount == Decimal("103.33")


def test_a_change_in_mid_month_bills_both_prices_for_their_days():
    """
    |— 100.00 —|—— 120.00 ——|   June, changed on the 11th: 33.33 + 80.00
    """
    rows = [
        row("2026-06-01", "2026-06-11", key="old"),
        row("2026-06-11", None, "120.00", anchor="2026-06-01", key="new"),
    ]
    assert lines(propose(rows, [], ADVANCE, d("2026-07-01"))) == [
        ("2026-06-01", "2026-06-10", "33.33", "2026-06-01"),
        ("2026-06-11", "2026-06-30", "80.00", "2026-06-11"),
        ("2026-07-01", "2026-07-31", "120.00", "2026-07-01"),
    ]


def test_arrears_are_due_the_day_after_the_period_or_after_the_service():
    rows = [row("2026-01-01", "2026-02-11", cadence=MONTHLY)]
    assert lines(propose(rows, [], ARREARS, d("2026-12-31"))) == [
        ("2026-01-01", "2026-01-31", "100.00", "2026-02-01"),
        ("2026-02-01", "2026-02-10", "35.71", "2026-02-11"),
    ]
    assert propose(rows, [], ARREARS, d("2026-01-31")) == []


def test_a_change_in_mid_period_in_arrears_waits_for_the_end_of_the_period():
    rows = [row("2026-06-01", "2026-06-11", key="old"), row("2026-06-11", None, "120.00", anchor="2026-06-01")]
    assert [str(c.due) for c in propose(rows, [], ARREARS, d("2026-07-01"))] == ["2026-07-01", "2026-07-01"]


def test_a_planned_row_that_never_began_does_not_delay_the_last_arrears():
    """
    |— 100.00 ——————|            closed on 11/02
                        |zero    a promotion of April, closed at its own start
    """
    rows = [row("2026-01-01", "2026-02-11"), row("2026-04-01", "2026-04-01", "50.00", anchor="2026-01-01", key="promo")]
    assert [str(c.due) for c in propose(rows, [], ARREARS, d("2026-12-31"))] == ["2026-02-01", "2026-02-11"]


def test_a_change_of_recurrence_in_arrears_does_not_hold_back_what_follows():
    """
    |—— 1200.00 a year ——|—— 110.00 a month ——▶   from 15/03: the year begun is due then
    """
    rows = [
        row("2026-01-01", "2026-03-15", "1200.00", YEARLY, key="yearly"),
        row("2026-03-15", None, "110.00", MONTHLY, key="monthly"),
    ]
    assert lines(propose(rows, [], ARREARS, d("2026-05-15"))) == [
        ("2026-01-01", "2026-03-14", "240.00", "2026-03-15"),
        ("2026-03-15", "2026-04-14", "110.00", "2026-04-15"),
        ("2026-04-15", "2026-05-14", "110.00", "2026-05-15"),
    ]


def test_a_new_anchor_ends_the_periods_of_the_old_one():
    """
    |—— from the 15th ——|—— from the 1st ——▶   in arrears, what is left before 01/06 is due then
    """
    rows = [
        row("2026-04-15", "2026-06-01", key="old"),
        row("2026-06-01", None, key="new"),
    ]
    assert lines(propose(rows, [], ARREARS, d("2026-07-01"))) == [
        ("2026-04-15", "2026-05-14", "100.00", "2026-05-15"),
        ("2026-05-15", "2026-05-31", "54.84", "2026-06-01"),
        ("2026-06-01", "2026-06-30", "100.00", "2026-07-01"),
    ]


def test_a_change_of_recurrence_is_a_new_period_begun():
    """
    |— 100.00 a month —|—— 1200.00 a year ——▶    both counted from 01/01, every period begun is due whole
    """
    rows = [
        row("2026-01-01", "2026-03-15", key="monthly"),
        row("2026-03-15", "2027-01-01", "1200.00", YEARLY, anchor="2026-01-01", key="yearly"),
    ]
    charges = propose(rows, [], Terms(proration_policy="full_period"), d("2026-12-31"))
    assert [str(charge.amount) for charge in charges] == ["100.00", "100.00", "100.00", "1200.00"]


def test_lead_days_bring_the_invoice_forward():
    rows, terms = [row("2026-01-01", None)], Terms(lead_days=15)
    assert propose(rows, [], terms, d("2025-12-16")) == []
    assert lines(propose(rows, [], terms, d("2026-01-17"))) == [
        ("2026-01-01", "2026-01-31", "100.00", "2025-12-17"),
        ("2026-02-01", "2026-02-28", "100.00", "2026-01-17"),
    ]


@given(days, st.sampled_from(["advance", "arrears"]), policies)
def test_a_one_off_is_billed_once_and_whole(day, timing, policy):
    rows = [Row("setup", Period(day, day + ONE_DAY), MONTHLY, day, Decimal("250.00"), "one_off")]
    charges, ledger = bill(rows, [], Terms(timing, 0, policy), day)
    assert [(c.period, c.amount, c.share, c.due) for c in charges] == [(rows[0].period, Decimal("250.00"), 1, day)]
    assert propose(rows, ledger, Terms(timing, 0, policy), FOREVER) == []


def test_usage_is_billed_in_arrears_even_on_a_contract_in_advance():
    rows = [row("2026-01-01", None, kind="usage")]
    assert [str(c.due) for c in propose(rows, [], ADVANCE, d("2026-02-28"))] == ["2026-02-01"]


@pytest.mark.parametrize(
    ("policy", "amount"),
    [
        ("exact_days", "38.71"),
        ("months_then_days", "38.71"),
        ("thirty_360", "36.67"),
        ("full_period", "100.00"),
        ("free", "0.00"),
    ],
)
def test_the_stub_of_july_under_each_policy(policy, amount):
    assert policy in POLICIES
    rows = [row("2026-07-20", None, anchor="2026-07-01")]
    assert str(propose(rows, [], Terms(proration_policy=policy), d("2026-07-20"))[0].amount) == amount


def test_a_line_without_end_is_not_walked_to_the_end_of_time():
    rows = [row("2026-01-01", None, cadence=Cadence("day", 1))]
    assert next_due(rows, [], ADVANCE) == d("2026-01-01")
    assert len(propose(rows, [], ADVANCE, d("2026-01-31"))) == 31
