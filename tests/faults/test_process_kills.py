"""Processes and connections that end at any instant: nothing is billed twice, forgotten or skipped in the numbers."""

import os
import random
import warnings

import pytest

KILLS = 1000 if os.environ.get("LONG") else 26
CUTS = 40 if os.environ.get("LONG") else 4
STATEMENTS = 600  # a batch of five contracts takes about 350
BATCH = 5
MINUTES_LEFT = """
    SELECT extract(epoch FROM nextcall - now() AT TIME ZONE 'UTC') / 60
      FROM ir_cron JOIN ir_model_data ON res_id = ir_cron.id AND name = 'ir_cron_bill'
"""
# not so long that Odoo takes a module to be upgraded for one that was forgotten
MAKE_DUE = """
    UPDATE ir_cron
       SET active = TRUE, nextcall = now() AT TIME ZONE 'UTC' - interval '1 minute'
      FROM ir_model_data
     WHERE res_id = ir_cron.id AND name = 'ir_cron_bill'
"""


@pytest.fixture
def draw():
    """Random draws that FAULT_SEED repeats."""
    seed = int(os.environ.get("FAULT_SEED") or random.SystemRandom().randrange(10**9))
    print(f"FAULT_SEED={seed}")
    generator = random.Random(seed)
    generator.name = f"FAULT_SEED={seed}"
    return generator


def test_R01_kills_at_random_statements(fleet, reference, draw):
    kills = halfway = 0
    while kills < KILLS:
        pids = [
            fleet.spawn("cron", {"kind": "kill", "after": draw.randint(1, STATEMENTS)}, batch_size=BATCH)
            for _competitor in range(2)
        ]
        killed = [outcome for pid in pids if (outcome := fleet.join(pid))["signal"]]
        remaining = fleet.count_due()
        kills += len(killed)
        halfway += sum(_left_halfway(outcome, remaining) for outcome in killed)
        if not remaining:
            _assert_billed_exactly_once(fleet, reference)
            fleet.reset()
    fleet.run("cron", batch_size=BATCH)
    _assert_billed_exactly_once(fleet, reference)
    warnings.warn(f"{draw.name}: {kills} processes were killed, {halfway} of them half-way", stacklevel=1)
    assert halfway > kills / 2, f"only {halfway} of {kills} kills left a run half-way"


def _left_halfway(outcome, remaining):
    """It had written invoices that are lost now, or had billed some contracts and left others."""
    return outcome["has_begun"] or bool(outcome["commits"] > 1 and remaining)


def _assert_billed_exactly_once(fleet, reference):
    ledger, invoices = reference
    assert sum(row.state == "billed" for row in ledger) >= 300
    assert fleet.ledger() == ledger
    assert fleet.count_invoices() == invoices
    assert not fleet.faults()
    assert fleet.run("preview") == []


def test_R15_connections_cut_by_the_database_server(squad, squad_reference, draw):
    for _cut in range(CUTS):
        cut = {"kind": "terminate", "after": draw.randint(5, STATEMENTS)}
        outcome = squad.outcome("cron", cut, batch_size=BATCH)
        if "statement" in outcome:
            assert outcome["error"] in ("InterfaceError", "OperationalError", "AdminShutdown"), outcome
        assert not squad.run("parked")
    squad.run("cron")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R14_killed_three_times_it_is_skipped_for_an_hour_at_most(squad, squad_reference):
    squad.query(MAKE_DUE)
    for _kill in range(3):
        assert squad.outcome("scheduler", {"kind": "kill_at", "at": "preview"})["signal"]
    squad.run("scheduler")
    assert squad.ledger() == [], "Odoo leaves out what timed out three times in a row"
    [[minutes]] = squad.query(MINUTES_LEFT)
    assert 0 < minutes <= 60
    squad.query(MAKE_DUE)
    squad.run("scheduler")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R19_nothing_is_billed_while_an_addon_is_upgraded(squad, squad_reference):
    squad.query(MAKE_DUE)
    squad.query("UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'subscription_billing'")
    squad.run("scheduler")
    assert squad.ledger() == []
    squad.query("UPDATE ir_module_module SET state = 'installed' WHERE name = 'subscription_billing'")
    squad.run("scheduler")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference


def test_R19_addons_reloaded_during_a_run(squad, squad_reference):
    squad.query(MAKE_DUE)
    run = squad.spawn("scheduler", {"kind": "pause", "at": "create"})
    squad.wait_for_pause(run)
    squad.query("INSERT INTO orm_signaling_registry DEFAULT VALUES")
    squad.resume(run)
    assert "result" in squad.join(run)
    squad.run("scheduler")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()
