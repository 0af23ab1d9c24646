"""A contract kept in memory: the rules of the ledger, without a database.

The verbs do what their namesakes of the ORM do: they change the dated rows of a
chain, then decide once what becomes of the stretches already billed (released or
kept). ``run`` bills what the rows cover and the ledger does not, and credits what
was released::

    rows      |——— 100.00 ————————|——— 120.00 ———————————▶   amended on the 15th
    ledger    |█ billed █|▒ released ▒|                      split, then released
    run                  |░ + 60 - 50 ░|░ 120.00 ░|          one net row, then the next
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from core.cadence import Cadence
from core.charges import ONE_DAY, Row, Terms, charge_of, covered_until, propose
from core.ledger import Entry, split
from core.money import CENT, net_price
from core.period import FOREVER, Period
from core.timeline import Version, overwrite, stop, suspend

COUNTING = {"billed", "imported", "kept", "waived", "held"}


@dataclass(frozen=True)
class Invoiced:
    """What a reader of the invoices sees: a stretch, its amount and when it was due."""

    name: str
    period: Period
    amount: Decimal
    due: date | None = None


@dataclass
class Stretch:
    """A row of the ledger; ``state`` says whether it counts."""

    entry: Entry
    row: Row
    state: str

    @property
    def period(self):
        return self.entry.period


@dataclass
class Chain:
    name: str
    cadence: Cadence
    anchor: date
    kind: str
    unit: Decimal
    versions: list[Version]
    ledger: list[Stretch] = field(default_factory=list)
    keys: int = 1

    def row(self, version):
        values = version.values
        whole = net_price(values["quantity"], values["price_unit"], values["discount"], self.unit)
        return Row(version.key, version.period, self.cadence, self.anchor, whole, self.kind, unit=self.unit)

    def rows(self):
        return [self.row(version) for version in self.versions]

    def apply(self, replacements):
        versions = {version.key: version for version in self.versions}
        for done in replacements:
            versions[done.key] = replace(versions[done.key], period=Period(versions[done.key].period.start, done.stop))
            for successor in done.successors:
                versions[self.keys] = replace(successor, key=self.keys)
                self.keys += 1
        self.versions = list(versions.values())

    def settled(self):
        return [stretch.period for stretch in self.ledger if stretch.state in COUNTING]

    def nominal(self, row, period):
        if row.kind == "one_off":
            return Period(period.start, period.start + ONE_DAY)
        return row.cadence.containing(row.anchor, period.start)


class Book:
    """The chains of one contract and the verbs that change them."""

    def __init__(self, terms: Terms, anchor: date, unit: Decimal = CENT):
        self.terms, self.anchor, self.unit = terms, anchor, unit
        self.chains: dict[str, Chain] = {}

    # -- what is sold ---------------------------------------------------------

    def add(self, name, quantity, price_unit, cadence, start, *, stop=None, occurrences=None, anchor=None):
        anchor = anchor or self.anchor
        if occurrences:
            stop = cadence.nth(start, occurrences)
        self._open(name, quantity, price_unit, cadence, anchor, Period(start, stop or FOREVER), "recurring")

    def add_one_off(self, name, quantity, price_unit, day):
        self._open(name, quantity, price_unit, Cadence("day", 1), day, Period(day, day + ONE_DAY), "one_off")

    def _open(self, name, quantity, price_unit, cadence, anchor, period, kind):
        values = {"quantity": quantity, "price_unit": price_unit, "discount": Decimal(0)}
        self.chains[name] = Chain(name, cadence, anchor, kind, self.unit, [Version(0, period, values)])

    def billed_until(self, day):
        """The stretches that another software billed before ``day``."""
        for chain in self.chains.values():
            for row in chain.rows():
                if period := row.period & Period(date.min, day):
                    nothing = Decimal(0)
                    chain.ledger.append(Stretch(Entry(period, Fraction(1), nothing, nothing), row, "imported"))

    # -- verbs ----------------------------------------------------------------

    def amend(self, day, name, values):
        chain = self.chains[name]
        before = chain.rows()
        chain.apply(overwrite(chain.versions, Period(day), values))
        self._decide(chain, before)

    def pause(self, day, until, name):
        """Nothing is served from ``day`` on; the same goes on from ``until`` on."""
        chain = self.chains[name]
        before = chain.rows()
        chain.apply(suspend(chain.versions, Period(day, until)))
        self._decide(chain, before)

    def close(self, day, credit):
        """End every chain and credit at once what is given back; what was sold once stays sold."""
        rows = []
        for chain in self.chains.values():
            before = chain.rows()
            chain.apply(stop(chain.versions, day))
            if chain.kind != "one_off":
                self._end(chain, day, before, credit)
            rows += self._settle(chain, [], [s for s in chain.ledger if s.state == "released"])
        return rows

    def _end(self, chain, day, before, credit):
        """Decide what becomes of the stretches billed from ``day`` on."""
        gives_back_whole = credit == "full" or (credit == "prorata" and self.terms.proration_policy == "free")
        ledger = []
        for stretch in chain.ledger:
            is_current = day in chain.nominal(stretch.row, stretch.period)
            if stretch.state != "billed" or (stretch.period.stop <= day and not (is_current and gives_back_whole)):
                ledger.append(stretch)
            elif gives_back_whole:
                stretch.state = "released"
                ledger.append(stretch)
                served = stretch.period & Period(date.min, day)
                if credit == "full" and served:
                    # given back and yet served: it must never be billed again
                    nothing = Entry(served, Fraction(0), Decimal(0), Decimal(0))
                    ledger.append(Stretch(nothing, stretch.row, "waived"))
            else:
                *kept, last = self._cut(stretch, [day], before)
                last.state = "kept" if credit == "none" else "released"
                ledger += [*kept, last]
        chain.ledger = ledger

    def _decide(self, chain, before):
        """Cut what was billed where the rows change, and release what is not worth the same any more."""
        rows = chain.rows()
        edges = sorted({edge for row in rows for edge in (row.period.start, row.period.stop)})
        ledger = []
        for stretch in chain.ledger:
            if stretch.state not in ("billed", "released"):
                ledger.append(stretch)
                continue
            for part in self._cut(stretch, edges, before):
                if part.state == "billed" and not self._is_worth_the_same(chain, part, rows):
                    part.state = "released"
                ledger.append(part)
        chain.ledger = ledger

    def _cut(self, stretch, edges, rows):
        parts = [stretch]
        for day in edges:
            last = parts[-1]
            if last.period.start < day < last.period.stop:
                halves = split(last.entry, day, last.row, rows, self.terms)
                parts[-1:] = [Stretch(half, last.row, last.state) for half in halves]
        return parts

    def _is_worth_the_same(self, chain, stretch, rows):
        return any(
            charge_of(row, stretch.period, chain.nominal(row, stretch.period), rows, self.terms).amount
            == stretch.entry.proposed
            for row in rows
            if row.period.covers(stretch.period)
        )

    # -- billing --------------------------------------------------------------

    def run(self, until):
        """Bill and credit all that is due; a second run finds nothing."""
        rows = []
        for chain in self.chains.values():
            charges = self.propose(chain, until)
            released = [s for s in chain.ledger if s.state == "released" and self._due(s) <= until]
            rows += self._settle(chain, charges, released)
        return rows

    def propose(self, chain, until):
        rows, settled = chain.rows(), chain.settled()
        covered = covered_until(rows, settled)
        return propose([replace(row, covered_until=covered) for row in rows], settled, self.terms, until)

    def _due(self, stretch):
        """A credit waits for its day, on which the charge that replaces it is due."""
        return stretch.period.start - timedelta(days=self.terms.lead_days)

    def _settle(self, chain, charges, released):
        """Charges and credits of the same stretch make one row with the difference."""
        amounts, due = {}, {}
        rows = {row.key: row for row in chain.rows()}
        for stretch in released:
            stretch.state = "credited"
            amounts[stretch.period] = amounts.get(stretch.period, 0) - stretch.entry.invoiced
        for charge in charges:
            entry = Entry(charge.period, charge.share, charge.amount, charge.amount)
            chain.ledger.append(Stretch(entry, rows[charge.key], "billed"))
            amounts[charge.period] = amounts.get(charge.period, 0) + charge.amount
            due[charge.period] = charge.due
        return [
            Invoiced(chain.name, period, amount, due.get(period))
            for period, amount in sorted(amounts.items())
            if amount
        ]
