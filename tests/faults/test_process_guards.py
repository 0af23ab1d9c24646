"""Each guard is what protects: without it, the harm that it prevents is there.

Every scenario is played twice, as shipped and without one guard.
"""

import pytest

CONTRACT = "00000"
FORGETFUL = ("without_lock", "without_refresh")  # a program that writes the ledger past the contract's lock


def _bill_twice(squad, *faults):
    """Another program bills a contract, without its lock, while a run is about to; the days billed twice."""
    run = squad.spawn("cron", {"kind": "pause", "at": "create"}, *faults)
    squad.wait_for_pause(run)
    squad.run("bill", *FORGETFUL, *faults, references=[CONTRACT])
    squad.resume(run)
    outcome = squad.join(run)
    assert "error" not in outcome, outcome
    return squad.faults().get("two counting rows on one day")


def test_constraint_refuses_a_second_billing(squad):
    assert not _bill_twice(squad)


def test_without_constraint_it_is_billed_twice(squad):
    squad.drop_constraints()
    assert _bill_twice(squad, "without_check_of_guards")


def _two_persons(squad, *faults):
    """What a person reads who bills a contract that a run bills just now."""
    run = squad.spawn("bill", {"kind": "pause", "at": "create"}, references=[CONTRACT])
    squad.wait_for_pause(run)
    other = squad.spawn("bill", "start", *faults, references=[CONTRACT])
    squad.wait_for_pause(other)
    squad.resume(other)
    if not faults:
        outcome = squad.join(other)
        squad.resume(run)
    else:
        squad.resume(run)
        outcome = squad.join(other)
    squad.join(run)
    assert not squad.faults().keys() - {"a day that nobody billed"}
    return outcome


def test_lock_tells_the_second_person(squad):
    [message] = _two_persons(squad)["result"]
    assert "is being billed or changed by somebody else" in message


def test_without_lock_the_second_person_reads_of_transactions(squad):
    outcome = _two_persons(squad, "without_lock")
    assert outcome.get("error") == "SerializationFailure", outcome


def _bill_at_old_price(squad, *faults):
    """A change of product is committed after a run has taken its snapshot; what the run bills."""
    run = squad.spawn("bill", {"kind": "pause", "at": "lock"}, *faults, references=[CONTRACT])
    squad.wait_for_pause(run)
    squad.run("change_product", *faults, reference=CONTRACT)
    squad.resume(run)
    outcome = squad.join(run)
    squad.run("cron")
    products = squad.query(
        "SELECT DISTINCT product.name->>'en_US' FROM subscription_period period "
        "JOIN account_move_line item ON item.id = period.move_line_id "
        "JOIN product_product variant ON variant.id = item.product_id "
        "JOIN product_template product ON product.id = variant.product_tmpl_id "
        "JOIN subscription_contract contract ON contract.id = period.contract_id WHERE contract.external_id = %s",
        [CONTRACT],
    )
    return outcome, {name for [name] in products}


def test_written_lock_stops_whoever_read_before_a_change(squad):
    outcome, products = _bill_at_old_price(squad)
    assert outcome["error"] == "SerializationFailure"
    assert products == {"Other"}
    assert not squad.faults()


def test_lock_that_writes_nothing_bills_what_was_changed(squad):
    _outcome, products = _bill_at_old_price(squad, "without_revision")
    assert products != {"Other"}


def _bill_set_aside(squad, *faults):
    """A contract is set aside after the run has selected it; whether it is billed."""
    run = squad.spawn("cron", {"kind": "pause", "at": "lock"}, *faults)
    squad.wait_for_pause(run)
    squad.run("set_aside", reference=CONTRACT)
    squad.resume(run)
    outcome = squad.join(run)
    assert "error" not in outcome, outcome
    return any(row.contract == CONTRACT for row in squad.ledger())


def test_check_after_the_lock_sees_what_was_set_aside(squad):
    assert not _bill_set_aside(squad)


def test_without_check_after_the_lock_it_is_billed(squad):
    assert _bill_set_aside(squad, "without_recheck")


POISON = {"kind": "fail", "at": "post", "error": "ZeroDivisionError", "times": 99, "references": [CONTRACT]}


def test_rollback_leaves_nothing_of_a_failed_invoice(squad):
    squad.run("cron", POISON)
    assert squad.faults().keys() == {"a day that nobody billed"}
    assert [*squad.run("parked")] == [CONTRACT]


def test_without_rollback_a_failed_invoice_stays(squad):
    squad.run("cron", POISON, "without_rollback")
    assert "an invoice left unposted" in squad.faults()


@pytest.mark.parametrize("job", ("cron", "bill"))
def test_missing_constraints_stop_the_billing(squad, job):
    squad.drop_constraints()
    outcome = squad.outcome(job)
    assert squad.ledger() == []
    assert squad.run("parked") == {}
    assert len(squad.run("guard_errors")) == 1
    if job == "bill":
        assert all("does not refuse a second billing" in refusal for refusal in outcome["result"])
