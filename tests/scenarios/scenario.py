"""Stories of contracts as text: parsed here, played by whoever can bill.

The grammar is in README.md beside this file. Nothing here knows how billing
works: ``play`` tells a stage what happens and compares what the invoices say with
what the story expects. The arithmetic of ``core`` is one stage, Odoo another.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

FOLDER = Path(__file__).parent
DAY = r"(\d{4}-\d{2}-\d{2})"
NUMBER = r"(-?\d+(?:\.\d+)?)"
NAME = r"(.+?)"
RECURRENCES = {
    "daily": ("day", 1),
    "weekly": ("week", 1),
    "monthly": ("month", 1),
    "quarterly": ("month", 3),
    "half-yearly": ("month", 6),
    "yearly": ("year", 1),
}
TIMINGS = ("advance", "arrears")
POLICIES = ("exact_days", "months_then_days", "thirty_360", "full_period", "free")


class ScenarioError(ValueError):
    """A story that cannot be read, with the file and the line at fault."""


@dataclass(frozen=True)
class Contract:
    """The terms of the story's contract; ``anchor`` is the day from which periods count."""

    billing_timing: str
    proration_policy: str
    anchor: date
    lead_days: int = 0


@dataclass(frozen=True)
class Line:
    """Something sold; ``end`` is its last day, ``unit`` is None for a one-off."""

    name: str
    quantity: Decimal
    price: Decimal
    start: date
    unit: str | None = None
    interval: int = 1
    end: date | None = None
    times: int | None = None


@dataclass(frozen=True)
class Invoiced:
    """A row of an invoice: the days it speaks of (both included), its amount, when it fell due.

    ``due`` is None for a pure credit.
    """

    name: str
    start: date
    end: date
    amount: Decimal
    due: date | None = None

    def text(self, is_named: bool) -> str:
        name = f"{self.name}  " if is_named else ""
        due = f"  due {self.due}" if self.due else ""
        return f"{name}{self.start} .. {self.end}  {self.amount:.2f}{due}"


@dataclass
class Step:
    """One verb of the story; ``expected`` is None where nothing is invoiced at once."""

    number: int
    verb: str
    arguments: tuple
    expected: list[str] | None = None


@dataclass
class Scenario:
    path: Path
    title: str
    contract: Contract
    lines: list[Line]
    billed_until: date | None = None
    steps: list[Step] = field(default_factory=list)

    def texts(self, rows: Iterable[Invoiced]) -> list[str]:
        """Rows as an expect block shows them: those worth nothing left out."""
        return [row.text(len(self.lines) > 1) for row in rows if row.amount]


class Stage(Protocol):
    """Where a story is played. Days are first days of what is new, but for ``billed_until``."""

    def begin(self, contract: Contract, lines: list[Line], billed_until: date | None) -> None: ...
    def amend(self, day: date, name: str, values: dict[str, Decimal]) -> None: ...
    def pause(self, day: date, until: date) -> None: ...
    def run(self, until: date) -> Iterable[Invoiced]: ...
    def close(self, day: date, credit: str) -> Iterable[Invoiced]: ...


def play(scenario: Scenario, stage: Stage):
    """Tell the story to ``stage``.

    :raises AssertionError: where the invoices differ from what is expected, with both.
    """
    stage.begin(scenario.contract, scenario.lines, scenario.billed_until)
    for step in scenario.steps:
        if step.verb in ("run", "close"):
            found = scenario.texts(getattr(stage, step.verb)(*step.arguments))
            if found != step.expected:
                raise AssertionError(_difference(scenario, step, found))
        else:
            getattr(stage, step.verb)(*step.arguments)


def _difference(scenario, step, found):
    def block(rows):
        return "\n".join(f"    {row}" for row in rows or ["nothing"])

    verb = " ".join([step.verb, *map(str, step.arguments)])
    return f"{scenario.path.name}:{step.number}: {verb}\n  expected\n{block(step.expected)}\n  invoiced\n{block(found)}"


# reading


def scenarios(folder: Path = FOLDER) -> list[Path]:
    return sorted(folder.glob("*.txt"))


def read(path: Path) -> Scenario:
    return parse(path.read_text(encoding="utf-8"), path)


def parse(text: str, path: Path = Path("story.txt")) -> Scenario:
    return _Reader(path).read(text)


class _Reader:
    def __init__(self, path):
        self.path, self.number = path, 0
        self.title, self.contract, self.lines, self.billed_until, self.steps = "", None, [], None, []
        self.expecting = None

    def read(self, text):
        for number, raw in enumerate(text.splitlines(), start=1):
            self.number = number
            line = raw.split("#", 1)[0].rstrip()
            if not self.title and raw.startswith("#"):
                self.title = raw.strip("# ")
            if line.startswith(" "):
                self._expected_row(line.strip())
            elif line:
                self._statement(line)
        for step in self.steps:
            if step.verb in ("run", "close") and step.expected is None:
                self.number = step.number
                raise self._error("says nothing of what it invoices: add an expect block")
        if not (self.title and self.contract and self.lines):
            raise self._error("a story has a title, a contract and at least one line")
        return Scenario(self.path, self.title, self.contract, self.lines, self.billed_until, self.steps)

    def _statement(self, text):
        self.expecting = None
        for pattern, handler in self.GRAMMAR:
            if match := re.fullmatch(pattern, text):
                return handler(self, *match.groups())
        raise self._error(f"cannot read {text!r}")

    def _contract(self, timing, policy, anchor, lead):
        if timing not in TIMINGS or policy not in POLICIES:
            raise self._error(f"unknown terms: {timing}, {policy}")
        self.contract = Contract(timing, policy, self._day(anchor), int(lead or 0))

    def _line(self, name, quantity, price, recurrence, start, end, times):
        unit, interval = self._recurrence(recurrence)
        self._add(
            Line(
                name,
                Decimal(quantity),
                Decimal(price),
                self._day(start),
                unit,
                interval,
                self._day(end) if end else None,
                int(times) if times else None,
            )
        )

    def _one_off(self, name, quantity, price, day):
        self._add(Line(name, Decimal(quantity), Decimal(price), self._day(day)))

    def _add(self, line):
        if self.steps:
            raise self._error("what is sold comes before the first event")
        self.lines.append(line)

    def _recurrence(self, text):
        if text in RECURRENCES:
            return RECURRENCES[text]
        if match := re.fullmatch(r"every (\d+) (day|week|month|year)s", text):
            return match[2], int(match[1])
        raise self._error(f"unknown recurrence: {text}")

    def _billed_until(self, day):
        self.billed_until = self._day(day)

    def _amend(self, day, name, change, value):
        names = {"quantity": "quantity", "price": "price_unit", "discount": "discount"}
        self._step("amend", self._day(day), self._known(name), {names[change]: Decimal(value)})

    def _discount(self, day, name, percent, end):
        """A promotion is two changes: it begins, and the day after its last it ends."""
        stop = self._day(end) + timedelta(days=1)
        self._step("amend", self._day(day), self._known(name), {"discount": Decimal(percent)})
        self._step("amend", stop, name, {"discount": Decimal(0)})

    def _pause(self, day, end):
        self._step("pause", self._day(day), self._day(end) + timedelta(days=1))

    def _run(self, day):
        self._step("run", self._day(day))

    def _close(self, day, credit):
        self._step("close", self._day(day), credit)

    def _expect(self):
        if not self.steps or self.steps[-1].verb not in ("run", "close") or self.steps[-1].expected is not None:
            raise self._error("an expect block follows the run or the close that invoices it")
        self.expecting = self.steps[-1].expected = []

    def _expected_row(self, text):
        if self.expecting is None:
            raise self._error("an indented row belongs to an expect block")
        if text == "nothing":
            return
        match = re.fullmatch(rf"(?:{NAME}\s+)?{DAY}\s+\.\.\s+{DAY}\s+{NUMBER}(?:\s+due\s+{DAY})?", text)
        if not match:
            raise self._error(f"cannot read the row {text!r}")
        name, start, end, amount, due = match.groups()
        if (name is None) != (len(self.lines) == 1):
            raise self._error("a row names its line when the contract has several, and only then")
        name = self._known(name) if name else self.lines[0].name
        row = Invoiced(name, self._day(start), self._day(end), Decimal(amount), self._day(due) if due else None)
        self.expecting.append(row.text(len(self.lines) > 1))

    def _step(self, verb, *arguments):
        self.steps.append(Step(self.number, verb, arguments))

    def _known(self, name):
        if name not in {line.name for line in self.lines}:
            raise self._error(f"no line is called {name!r}")
        return name

    def _day(self, text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise self._error(f"{text} is no day of the calendar") from error

    def _error(self, message):
        return ScenarioError(f"{self.path.name}:{self.number}: {message}")

    GRAMMAR = [
        (rf"contract: (\w+), (\w+), anchor {DAY}(?:, lead (\d+) days)?", _contract),
        (rf"line {NAME}: {NUMBER} x {NUMBER} (.+?) from {DAY}(?: until {DAY})?(?:, (\d+) times)?", _line),
        (rf"one-off {NAME}: {NUMBER} x {NUMBER} on {DAY}", _one_off),
        (rf"billed until {DAY}", _billed_until),
        (rf"amend {DAY} {NAME} (quantity|price|discount) {NUMBER}", _amend),
        (rf"discount {DAY} {NAME} {NUMBER} until {DAY}", _discount),
        (rf"pause {DAY} until {DAY}", _pause),
        (rf"run {DAY}", _run),
        (rf"close {DAY} credit (none|prorata|full)", _close),
        (r"expect", _expect),
    ]
