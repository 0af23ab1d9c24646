"""Errors of the database and of contracts, injected at each step of a run with real commits."""

import threading
import time

import pytest

STEPS = ("lock", "preview", "create", "period", "refresh", "post", "commit")
# a counting row of the chain that a contract of the squad is about to bill, by somebody who does not commit
FOREIGN_ROW = """
    INSERT INTO subscription_period (
        contract_id, company_id, line_id, chain_id, currency_id, date_start, date_stop, state
    )
    SELECT contract_id, company_id, id, chain_id, currency_id, date_start, date_start + 1, 'waived'
      FROM subscription_line WHERE contract_id = %s LIMIT 1
"""


@pytest.mark.parametrize("at", STEPS)
def test_R06_lost_races_are_run_again(squad, squad_reference, at):
    failures = [
        {"kind": "fail", "at": at, "error": error, "times": 1} for error in ("SerializationFailure", "DeadlockDetected")
    ]
    squad.run("cron", *failures)
    assert not squad.run("parked")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R06_contract_that_loses_every_race_delays_nobody(squad, squad_reference):
    always = {"kind": "fail", "at": "post", "error": "SerializationFailure", "times": 99, "references": ["00003"]}
    squad.run("cron", always)
    assert not squad.run("parked")
    assert {name.split()[0] for name, _reason in squad.run("gaps")} == {_number(squad, "00003")}
    squad.run("cron")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R07_deadlock_with_another_program(squad, squad_reference):
    run = squad.spawn("cron", {"kind": "pause", "at": "period"}, batch_size=10)
    squad.wait_for_pause(run)
    contract = _id(squad, "00000")
    foreign = squad.connect()
    with foreign.cursor() as cursor:
        cursor.execute(FOREIGN_ROW, [contract])
        waiter = threading.Thread(
            target=cursor.execute, args=("UPDATE subscription_contract SET note = note WHERE id = %s", [contract])
        )
        waiter.start()  # waits for the run, which will wait for it
        time.sleep(1.5)  # past its own deadlock check: the run will be the victim
        squad.resume(run)
        waiter.join()
    foreign.rollback()
    foreign.close()
    assert "error" not in squad.join(run)

    squad.run("cron")
    assert not squad.run("parked")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R09_busy_rows_are_left_for_the_next_run(squad, squad_reference):
    foreign = squad.connect()
    with foreign.cursor() as cursor:
        cursor.execute(FOREIGN_ROW, [_id(squad, "00000")])
        squad.run("cron", {"kind": "impatient", "timeout": "200ms"}, batch_size=5)
        assert squad.count_due() in (5, 6)  # a batch, and the other contract of a customer who gets one invoice
        assert not squad.run("parked")
    foreign.rollback()
    foreign.close()
    squad.run("cron")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


@pytest.mark.parametrize("position", (0, 3, 9), ids=("first", "middle", "last"))
def test_R11_poisoned_contract_among_many(squad, squad_reference, position):
    ids = [
        row[0] for row in squad.query("SELECT external_id FROM subscription_contract ORDER BY next_billing_date, id")
    ]
    poisoned = ids[position]
    squad.run("archive_product_of", references=[poisoned])
    squad.run("cron", batch_size=10)

    parked = squad.run("parked")
    assert [*parked] == [poisoned]
    [(reason, activities)] = parked.values()
    assert f"Forbidden {poisoned}" in reason and "archived" in reason
    assert activities == 1
    assert {row.contract for row in squad.ledger()} == set(ids) - {poisoned}
    assert {(name.split()[0], reason) for name, reason in squad.run("gaps")} == {(_number(squad, poisoned), "stopped")}

    squad.run("restore_products")
    squad.run("cron")
    assert squad.run("parked") == {}
    assert squad.count_invoices() == squad_reference[1]
    assert not squad.faults()


@pytest.mark.parametrize("at", ("preview", "period", "refresh", "post"))
def test_R11_fault_of_the_program_in_one_contract(squad, squad_reference, at):
    fault = {"kind": "fail", "at": at, "error": "ZeroDivisionError", "times": 99, "references": ["00003"]}
    squad.run("cron", fault, batch_size=10)
    assert [*squad.run("parked")] == ["00003"]
    assert {row.contract for row in squad.ledger()} == {f"{number:05}" for number in range(10)} - {"00003"}
    squad.run("restore_products")
    squad.run("cron")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def _id(squad, reference):
    [[contract]] = squad.query("SELECT id FROM subscription_contract WHERE external_id = %s", [reference])
    return contract


def _number(squad, reference):
    [[number]] = squad.query("SELECT name FROM subscription_contract WHERE external_id = %s", [reference])
    return number
