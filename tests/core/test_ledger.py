"""Cutting what was billed, and whole lives of contracts."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from contract_book import COUNTING, Book
from core.cadence import Cadence
from core.charges import Row, Terms, charge_of, propose
from core.ledger import Entry, split
from core.money import round_amount
from core.period import FOREVER, Period
from core_strategies import billing_cadences, chains, days, horizon, terms, units
from hypothesis import given
from hypothesis import strategies as st

# -- one cut ------------------------------------------------------------------


@st.composite
def billed(draw):
    """An entry as the engine wrote it, sometimes edited by a person, and a day inside it."""
    rows, rules = draw(chains()), draw(terms)
    charges = [charge for charge in propose(rows, [], rules, horizon(rows)) if charge.period.days > 1]
    if not charges:
        day = rows[0].anchor
        rows = [Row("month", Period(day), Cadence("month", 1), day, Decimal(100))]
        charges = propose(rows, [], rules, day + timedelta(days=40))
    charge = draw(st.sampled_from(charges))
    row = next(row for row in rows if row.key == charge.key)
    invoiced = draw(st.one_of(st.just(charge.amount), st.integers(0, 10_000).map(lambda n: n * row.unit)))
    day = draw(st.dates(charge.period.start + timedelta(days=1), charge.period.end))
    return Entry(charge.period, charge.share, charge.amount, invoiced), day, row, rows, rules


def check_sum(whole, parts):
    first, second = parts
    assert first.period.stop == second.period.start
    assert (first.period.start, second.period.stop) == (whole.period.start, whole.period.stop)
    assert first.share + second.share == whole.share
    assert first.proposed + second.proposed == whole.proposed
    assert first.invoiced + second.invoiced == whole.invoiced
    assert min(first.share, second.share) >= 0


@given(billed())
def test_two_parts_always_add_up_to_what_was_billed(case):
    entry, day, row, rows, rules = case
    parts = split(entry, day, row, rows, rules)
    check_sum(entry, parts)
    for part in parts:
        assert part.invoiced == round_amount(part.invoiced, row.unit)
        if entry.invoiced == entry.proposed:
            assert part.invoiced == part.proposed


@given(billed())
def test_each_part_is_worth_what_billing_it_alone_would_cost(case):
    entry, day, row, rows, rules = case
    for part in split(entry, day, row, rows, rules):
        nominal = row.cadence.containing(row.anchor, part.period.start)
        alone = charge_of(row, part.period, nominal, rows, rules)
        assert (part.share, part.proposed) == (alone.share, alone.amount)


@given(billed(), st.data())
def test_the_order_of_two_cuts_does_not_matter(case, data):
    entry, day, row, rows, rules = case
    first, second = split(entry, day, row, rows, rules)
    if second.period.days == 1:
        return
    other = data.draw(st.dates(day + timedelta(days=1), second.period.end))
    left = [first, *split(second, other, row, rows, rules)]
    before, after = split(entry, other, row, rows, rules)
    right = [*split(before, day, row, rows, rules), after]
    assert [(e.period, e.share, e.proposed) for e in left] == [(e.period, e.share, e.proposed) for e in right]


@given(billed())
def test_an_edited_amount_is_shared_like_the_share(case):
    entry, day, row, rows, rules = case
    first, _second = split(entry, day, row, rows, rules)
    if entry.invoiced != entry.proposed and entry.share:
        exact = Fraction(entry.invoiced) * first.share / entry.share
        assert abs(Fraction(first.invoiced) - exact) <= Fraction(row.unit) / 2


@given(billed(), st.fractions(0, 1, max_denominator=40), st.integers(0, 10_000))
def test_what_was_billed_under_other_terms_is_shared_by_days(case, share, steps):
    entry, day, row, rows, rules = case
    other = Entry(entry.period, share, steps * row.unit, steps * row.unit)
    if (share, other.proposed) == (entry.share, entry.proposed):
        return
    first, second = split(other, day, row, rows, rules)
    check_sum(other, (first, second))
    weight = Fraction((day - entry.period.start).days, entry.period.days)
    assert first.share == share * weight
    assert first.proposed == round_amount(Fraction(other.proposed) * weight, row.unit)


def test_an_import_of_several_periods_is_shared_by_days():
    row = Row("row", Period(date(2026, 1, 1)), Cadence("month", 1), date(2026, 1, 1), Decimal(100))
    quarter = Entry(Period(date(2026, 1, 1), date(2026, 4, 1)), Fraction(3), Decimal(300), Decimal(300))
    first, second = split(quarter, date(2026, 2, 1), row, [row], Terms())
    assert (first.proposed, second.proposed) == (Decimal("103.33"), Decimal("196.67"))


@pytest.mark.parametrize(
    ("invoiced", "first", "second"),
    [("100.00", "45.16", "54.84"), ("90.00", "40.65", "49.35"), ("0.00", "0.00", "0.00")],
)
def test_march_cut_on_the_fifteenth(invoiced, first, second):
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    row = Row("row", Period(date(2026, 1, 1)), Cadence("month", 1), date(2026, 1, 1), Decimal(100))
    entry = Entry(march, Fraction(1), Decimal(100), Decimal(invoiced))
    parts = split(entry, date(2026, 3, 15), row, [row], Terms())
    assert [part.share for part in parts] == [Fraction(14, 31), Fraction(17, 31)]
    assert [part.proposed for part in parts] == [Decimal("45.16"), Decimal("54.84")]
    assert [part.invoiced for part in parts] == [Decimal(first), Decimal(second)]


@pytest.mark.parametrize("day", [date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)])
def test_a_cut_leaves_two_stretches_or_is_refused(day):
    march = Period(date(2026, 3, 1), date(2026, 4, 1))
    row = Row("row", march, Cadence("month", 1), march.start, Decimal(100))
    with pytest.raises(ValueError, match="not inside"):
        split(Entry(march, Fraction(1), Decimal(100), Decimal(100)), day, row, [row], Terms())


# -- a whole life -------------------------------------------------------------

SPAN = 500  # days of a life


@st.composite
def lives(draw):
    """A contract of one line and the verbs of its life, in any order, back-dated or not."""
    anchor, unit = draw(days), draw(units)
    book = Book(draw(terms), anchor, unit)
    start = anchor + timedelta(days=draw(st.sampled_from([0, 0, 11, -17])))
    length = draw(st.sampled_from([None, None, 100, 365]))
    stop = start + timedelta(days=length) if length else None
    book.add("Hosting", Decimal(1), draw(prices) * unit, draw(billing_cadences), start, stop=stop)
    moments = st.integers(-5, SPAN).map(lambda n: start + timedelta(days=n))
    promotion = draw(st.integers(0, SPAN - 100))
    if draw(st.booleans()):
        for day, discount in ((promotion, 50), (promotion + 90, 0)):
            book.amend(start + timedelta(days=day), "Hosting", {"discount": Decimal(discount)})
    # under "free", what is kept of a broken period is no longer what its rows would bill
    credits = st.sampled_from(["prorata", "full"] + ["none"] * (book.terms.proration_policy != "free"))
    verbs = st.one_of(
        st.tuples(st.just("amend"), moments, st.builds(lambda n: {"quantity": Decimal(n)}, st.integers(0, 4))),
        st.tuples(st.just("amend"), moments, st.builds(lambda n: {"price_unit": n * unit}, prices)),
        st.tuples(st.just("run"), moments),
        st.tuples(st.just("pause"), moments, st.sampled_from([1, 10, 40])),
        st.tuples(st.just("edit"), st.integers(0, 5), st.integers(-50, 50).map(lambda n: n * unit)),
        st.tuples(st.just("close"), moments, credits),
    )
    return book, draw(st.lists(verbs, min_size=1, max_size=8)), start + timedelta(days=2 * SPAN + 1200)


prices = st.integers(0, 20_000)


def live(book, verbs):
    """Play the verbs; what the invoices add up to, and what people added by hand."""
    chain, invoiced, edited = book.chains["Hosting"], Decimal(0), Decimal(0)
    for verb, *arguments in verbs:
        rows = []
        if verb == "amend":
            day, values = arguments
            book.amend(day, "Hosting", values)
        elif verb == "pause":
            day, length = arguments
            book.pause(day, day + timedelta(days=length), "Hosting")
        elif verb == "run":
            rows = book.run(*arguments)
        elif verb == "close":
            rows = book.close(*arguments)
        elif verb == "edit":
            edited += edit(chain, *arguments)
        check_no_counting_row_overlaps(chain)
        invoiced += sum(row.amount for row in rows)
    return invoiced + edited


def edit(chain, number, amount):
    """A person changes the amount of a draft invoice line before it is posted."""
    billed = [stretch for stretch in chain.ledger if stretch.state == "billed"]
    if number >= len(billed):
        return Decimal(0)
    entry = billed[number].entry
    billed[number].entry = Entry(entry.period, entry.share, entry.proposed, entry.invoiced + amount)
    return amount


def check_no_counting_row_overlaps(chain):
    periods = sorted(stretch.period for stretch in chain.ledger if stretch.state in COUNTING)
    assert all(a.stop <= b.start for a, b in pairwise(periods))


@given(lives())
def test_after_any_life_the_ledger_holds_what_the_rows_would_bill_today(life):
    book, verbs, until = life
    invoiced = live(book, verbs)
    chain = book.chains["Hosting"]
    invoiced += sum(row.amount for row in book.run(until))
    rows = chain.rows()

    check_no_counting_row_overlaps(chain)
    assert book.propose(chain, until) == []
    assert book.run(until) == []
    for stretch in chain.ledger:
        if stretch.state == "billed":
            (row,) = [row for row in rows if row.period.covers(stretch.period)]
            fresh = charge_of(row, stretch.period, chain.nominal(row, stretch.period), rows, book.terms)
            assert stretch.entry.proposed == fresh.amount
    # in money, without looking at what the ledger says of it
    decided = [stretch for stretch in chain.ledger if stretch.state in ("kept", "waived")]
    fresh = propose(rows, [stretch.period for stretch in decided], book.terms, until)
    counting = [stretch for stretch in chain.ledger if stretch.state in COUNTING]
    by_hand = sum(s.entry.invoiced - s.entry.proposed for s in counting if s.state == "billed")
    assert invoiced == sum(c.amount for c in fresh) + sum(s.entry.invoiced for s in decided) + by_hand


@given(lives())
def test_a_run_in_between_changes_nothing_in_the_end(life):
    """The same verbs with and without their runs: the customer pays the same, unless something was kept."""
    book, verbs, until = life
    verbs = [verb for verb in verbs if verb[0] in ("amend", "pause", "run")]
    chain = book.chains["Hosting"]
    other = Book(book.terms, book.anchor, book.unit)
    other.chains["Hosting"] = type(chain)(
        chain.name, chain.cadence, chain.anchor, chain.kind, chain.unit, list(chain.versions), [], chain.keys
    )
    with_runs = live(book, verbs) + sum(row.amount for row in book.run(until))
    without = live(other, [verb for verb in verbs if verb[0] != "run"])
    assert with_runs == without + sum(row.amount for row in other.run(until))


@given(lives())
def test_a_stretch_is_never_invoiced_below_zero_nor_above_its_price(life):
    """Credits never exceed what was billed of the same days."""
    book, verbs, until = life
    chain = book.chains["Hosting"]
    live(book, [verb for verb in verbs if verb[0] != "edit"])
    book.run(until)
    for stretch in chain.ledger:
        assert stretch.entry.invoiced >= 0


def test_open_ended_versions_stay_open_after_changes():
    book = Book(Terms(), date(2026, 1, 1))
    book.add("Hosting", Decimal(1), Decimal(100), Cadence("month", 1), date(2026, 1, 1))
    book.amend(date(2026, 3, 15), "Hosting", {"quantity": Decimal(2)})
    assert max(row.period.stop for row in book.chains["Hosting"].rows()) == FOREVER
