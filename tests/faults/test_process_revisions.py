"""A campaign of price revisions that ends at any instant, or that two processes apply: each line is revised once."""

import random
import warnings

import pytest

KILLS = 6
STATEMENTS = 180  # a batch of five revisions takes about 60
PRICES = """
    SELECT contract.external_id, line.name, line.date_start, line.date_stop, line.price_unit
      FROM subscription_line line JOIN subscription_contract contract ON contract.id = line.contract_id
     WHERE line.date_stop IS NULL OR line.date_stop > line.date_start
  ORDER BY contract.external_id, line.name, line.date_start
"""
STATES = "SELECT state, failure, count(*) FROM subscription_revision GROUP BY state, failure"
TWICE = "SELECT chain_id FROM subscription_revision WHERE state = 'applied' GROUP BY chain_id, date HAVING count(*) > 1"


@pytest.fixture(scope="session")
def revised(squad_site):
    """The rows of all lines, and how many were revised, on a good day."""
    squad_site.reset()
    before = squad_site.query(PRICES)
    count = squad_site.run("propose_revisions")
    squad_site.run("apply_revisions", batch_size=50)
    rows = squad_site.query(PRICES)
    assert len(rows) == len(before) + count
    return rows, count


def _assert_revised_once(squad, revised):
    rows, count = revised
    assert [tuple(row) for row in squad.query(STATES)] == [("applied", None, count)]
    assert squad.query(PRICES) == rows
    assert not squad.query(TWICE)
    assert squad.query("SELECT state FROM subscription_revision_campaign") == [("done",)]
    assert not squad.run("differences")


def test_R46_campaign_killed_at_random_statements(squad, revised):
    seed = random.SystemRandom().randrange(10**9)
    draw, kills = random.Random(seed), 0
    for _run in range(KILLS):
        squad.reset()
        squad.run("propose_revisions")
        kill = {"kind": "kill", "after": draw.randint(1, STATEMENTS)}
        kills += bool(squad.outcome("apply_revisions", kill)["signal"])
        squad.run("apply_revisions")
        _assert_revised_once(squad, revised)
    warnings.warn(f"seed {seed}: {kills} of {KILLS} processes were killed", stacklevel=1)
    assert kills


def _apply_at_once(squad, *faults):
    squad.run("propose_revisions")
    pids = [squad.spawn("apply_revisions", "start", *faults, batch_size=size) for size in (4, 5)]
    for pid in pids:
        squad.wait_for_pause(pid)
    for pid in pids:
        squad.resume(pid)
    return [squad.join(pid) for pid in pids]


def test_R46_two_processes_apply_one_campaign(squad, revised):
    outcomes = _apply_at_once(squad)
    assert not any("error" in outcome for outcome in outcomes), outcomes
    squad.run("apply_revisions")
    _assert_revised_once(squad, revised)


def test_R46_a_contract_that_is_being_billed_is_revised_later(squad, revised):
    squad.run("propose_revisions")
    billing = squad.spawn("bill", {"kind": "pause", "at": "create"}, references=["00000"])
    squad.wait_for_pause(billing)
    squad.run("apply_revisions")
    [busy] = [row for row in squad.query(STATES) if row.state == "approved"]
    assert (busy.failure, busy.count) == (None, 2)
    squad.resume(billing)
    assert squad.join(billing)["result"] == []
    squad.run("apply_revisions")
    rows, count = revised
    assert [tuple(row) for row in squad.query(STATES)] == [("applied", None, count)]
    assert squad.query(PRICES) == rows
