"""Each guard is what protects: without it, the harm that it prevents is there.

Every scenario is played twice, as shipped and without one guard.
"""

import pytest

PLAIN, DRAFT, OTHER = "00000", "00007", "00009"
# a program that writes the ledger past the lock and the dates of the contract
FORGETFUL = ("without_lock", "without_refresh")


@pytest.fixture
def few(squad):
    """Three contracts to bill, the others set aside."""
    squad.query(
        "UPDATE subscription_contract SET next_attempt = '2100-01-01' WHERE external_id NOT IN %s",
        [(PLAIN, DRAFT, OTHER)],
    )
    return squad


def _harm(site):
    """What is wrong in the database, the days of the contracts set aside left alone."""
    return site.faults().keys() - {"a day that nobody billed"}


def _bill_twice(site, *faults):
    """Another program bills a contract, without its lock, while a run is about to."""
    run = site.spawn("cron", *faults, {"kind": "pause", "at": "create"})
    site.wait_for_pause(run)
    site.run("bill", *FORGETFUL, *faults, references=[DRAFT])
    site.resume(run)
    outcome = site.join(run)
    assert "error" not in outcome, outcome
    return _harm(site)


def test_constraint_refuses_a_second_billing(few):
    assert not _bill_twice(few)


def test_without_constraint_it_is_billed_twice(few):
    few.drop_constraints()
    assert _bill_twice(few, "without_check_of_guards") == {"billed_once", "guarded"}


def _bill_together(site, *faults):
    """How two persons fare who bill a contract at the same time: the first, and the second."""
    first = site.spawn("bill", {"kind": "pause", "at": "create"}, references=[PLAIN])
    site.wait_for_pause(first)
    second = site.spawn("bill", *faults, references=[PLAIN])
    if faults:
        site.wait_for_lock()
        site.resume(first)
        outcomes = [site.join(first), site.join(second)]
    else:
        outcome = site.join(second)
        site.resume(first)
        outcomes = [site.join(first), outcome]
    assert not _harm(site)
    return outcomes


def test_lock_tells_the_second_person(few):
    first, second = _bill_together(few)
    assert first["result"] == []
    [message] = second["result"]
    assert "is being billed or changed by somebody else" in message


def test_without_lock_a_person_reads_of_transactions(few):
    errors = {outcome.get("error") for outcome in _bill_together(few, "without_lock")}
    assert errors & {"DeadlockDetected", "ExclusionViolation", "SerializationFailure"}


def _add_fee_meanwhile(site, run_faults=(), change_faults=()):
    """A fee is added to a contract after a run has read it; whether it is ever billed."""
    run = site.spawn("bill", *run_faults, {"kind": "pause", "at": "lock"}, references=[PLAIN])
    site.wait_for_pause(run)
    site.run("add_fee", *change_faults, reference=PLAIN)
    site.resume(run)
    outcome = site.join(run)
    site.run("cron")
    return outcome, any(row.line == "Fee" for row in site.ledger())


def test_written_lock_stops_whoever_read_before_a_change(few):
    # the change writes the contract by its lock only
    outcome, is_billed = _add_fee_meanwhile(few, change_faults=["without_revenue", "without_refresh"])
    assert outcome["error"] == "SerializationFailure"
    assert is_billed
    assert not _harm(few)


def test_lock_that_writes_nothing_forgets_a_change(few):
    _outcome, is_billed = _add_fee_meanwhile(
        few,
        run_faults=["without_revision"],
        change_faults=["without_revenue", "without_refresh", "without_revision"],
    )
    assert not is_billed
    assert any("Fee" in gap for gap, _reason in few.run("gaps"))


def _bill_set_aside(site, *faults):
    """A contract is set aside after the run has selected it; whether it is billed."""
    run = site.spawn("cron", *faults, {"kind": "pause", "at": "lock"})
    site.wait_for_pause(run)
    site.run("set_aside", reference=PLAIN)
    site.resume(run)
    outcome = site.join(run)
    assert "error" not in outcome, outcome
    return any(row.contract == PLAIN for row in site.ledger())


def test_check_after_the_lock_sees_what_was_set_aside(few):
    assert not _bill_set_aside(few)


def test_without_check_after_the_lock_it_is_billed(few):
    assert _bill_set_aside(few, "without_recheck")


POISON = {"kind": "fail", "at": "post", "error": "ZeroDivisionError", "times": 99, "references": [PLAIN]}


def test_rollback_leaves_nothing_of_a_failed_invoice(few):
    few.run("cron", POISON)
    assert not _harm(few)
    assert [*few.run("parked")] == [PLAIN]
    assert {row.contract for row in few.ledger()} == {DRAFT, OTHER}


def test_without_rollback_a_failed_invoice_stays(few):
    few.run("cron", POISON, "without_rollback")
    assert "an invoice left unposted" in _harm(few)


@pytest.mark.parametrize("job", ("cron", "bill"))
def test_missing_constraints_stop_the_billing(few, job):
    few.drop_constraints()
    outcome = few.outcome(job)
    assert few.ledger() == []
    assert few.run("parked") == {}
    assert len(few.run("guard_errors")) == 1
    if job == "bill":
        assert all("does not refuse a second billing" in refusal for refusal in outcome["result"])
