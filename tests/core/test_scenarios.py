"""The stories of tests/scenarios, played by the arithmetic alone."""

from datetime import date, timedelta

import pytest
import scenario
from contract_book import Book
from core.cadence import Cadence
from core.charges import Terms


class CoreStage:
    """A contract in memory, as :class:`scenario.Stage` wants it."""

    def begin(self, contract, lines, billed_until):
        terms = Terms(contract.billing_timing, contract.lead_days, contract.proration_policy)
        self.book = Book(terms, contract.anchor)
        for line in lines:
            if line.unit is None:
                self.book.add_one_off(line.name, line.quantity, line.price, line.start)
            else:
                self.book.add(
                    line.name,
                    line.quantity,
                    line.price,
                    Cadence(line.unit, line.interval),
                    line.start,
                    stop=line.end and line.end + timedelta(days=1),
                    occurrences=line.times,
                )
        if billed_until:
            self.book.billed_until(billed_until + timedelta(days=1))

    def amend(self, day, name, values):
        self.book.amend(day, name, values)

    def pause(self, day, until):
        for name in self.book.chains:
            self.book.pause(day, until, name)

    def run(self, until):
        return self.invoiced(self.book.run(until))

    def close(self, day, credit):
        return self.invoiced(self.book.close(day, credit))

    def invoiced(self, rows):
        return [scenario.Invoiced(row.name, row.period.start, row.period.end, row.amount, row.due) for row in rows]


@pytest.mark.parametrize("path", scenario.scenarios(), ids=lambda path: path.stem)
def test_story(path):
    scenario.play(scenario.read(path), CoreStage())


@pytest.mark.parametrize("path", scenario.scenarios(), ids=lambda path: path.stem)
def test_nothing_is_left_to_bill_after_a_run(path):
    """Each run of each story, asked again at once, finds nothing."""
    story, stage = scenario.read(path), CoreStage()
    stage.begin(story.contract, story.lines, story.billed_until)
    for step in story.steps:
        getattr(stage, step.verb)(*step.arguments)
        if step.verb == "run":
            assert stage.run(*step.arguments) == []


def test_there_are_stories():
    assert len(scenario.scenarios()) >= 20


# -- the reader itself: a story that says nothing must not pass ---------------

STORY = """# Title
contract: advance, exact_days, anchor 2026-01-01
line Hosting: 1 x 100.00 monthly from 2026-01-01
run 2026-01-01
expect
  2026-01-01 .. 2026-01-31  100.00  due 2026-01-01
"""


def test_a_wrong_amount_is_told_with_its_place():
    with pytest.raises(AssertionError, match=r"(?s)story.txt:4: run 2026-01-01.*101\.00.*100\.00"):
        scenario.play(scenario.parse(STORY.replace("100.00  due", "101.00  due")), CoreStage())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("due 2026-01-01", "due 2026-01-02"),
        ("2026-01-31  100", "2026-01-30  100"),
        ("  2026-01-01 .. 2026-01-31  100.00  due 2026-01-01\n", "  nothing\n"),
        ("1 x 100.00", "2 x 100.00"),
    ],
)
def test_any_difference_fails(old, new):
    assert old in STORY
    with pytest.raises(AssertionError):
        scenario.play(scenario.parse(STORY.replace(old, new)), CoreStage())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STORY.replace("expect\n", ""), "story.txt:5: .*expect block"),
        (STORY.split("expect", maxsplit=1)[0], "story.txt:4: .*expect block"),
        (STORY + "pause 2026-02-01\n", "story.txt:7: cannot read 'pause 2026-02-01'"),
        (STORY + "amend 2026-02-01 Hostin quantity 2\n", "no line is called 'Hostin'"),
        (STORY.replace("2026-01-31  100", "2026-02-30  100"), "2026-02-30 is no day"),
        (STORY.replace("advance", "advanced"), "unknown terms"),
        (STORY.replace("monthly", "fortnightly"), "unknown recurrence: fortnightly"),
        (STORY.replace("  2026-01-01 ..", "  Hosting 2026-01-01 .."), "names its line"),
    ],
)
def test_a_story_that_cannot_be_read_is_refused(text, message):
    with pytest.raises(scenario.ScenarioError, match=message):
        scenario.parse(text)


def test_days_read_are_days():
    story = scenario.parse(STORY.replace("monthly from 2026-01-01", "every 2 weeks from 2026-01-01 until 2026-03-31"))
    (line,) = story.lines
    assert (line.unit, line.interval, line.end) == ("week", 2, date(2026, 3, 31))
