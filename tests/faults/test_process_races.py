"""Several processes at once on the same contracts."""

ACTIVATE = """
    UPDATE ir_cron SET active = TRUE, nextcall = '2000-01-01' WHERE id = (
        SELECT res_id FROM ir_model_data WHERE module = 'subscription_billing' AND name = 'ir_cron_bill'
    )
"""
END_HOLDERS_OF_JOBS = """
    SELECT pg_terminate_backend(holder.pid, 5000)
      FROM pg_locks holder
     WHERE holder.relation = 'ir_cron'::regclass
       AND holder.mode = 'RowShareLock'
       AND holder.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
STEPS = {"preview": "00000", "create": "00002", "period": "00003", "refresh": "00006", "post": "00009"}


def test_R04_two_runs_and_a_person_at_once(fleet, reference):
    pids = [
        fleet.spawn("cron", "start", batch_size=5),
        fleet.spawn("cron", "start", batch_size=7),
        # those of one customer on one invoice are left out: a person who bills them one by one gets more invoices
        fleet.spawn("bill", "start", references=[f"{number:05}" for number in range(110) if number % 10 not in (4, 5)]),
    ]
    for pid in pids:
        fleet.wait_for_pause(pid)
    for pid in pids:
        fleet.resume(pid)
    outcomes = [fleet.join(pid) for pid in pids]
    assert not any(outcome["signal"] for outcome in outcomes)
    assert not any("error" in outcome for outcome in outcomes[:2]), outcomes
    assert not fleet.run("parked")

    fleet.run("cron")
    assert (fleet.ledger(), fleet.count_invoices()) == reference
    assert not fleet.faults()


def test_R03_two_cron_workers_of_one_server(squad, squad_reference):
    squad.query(ACTIVATE)
    pids = [squad.spawn("scheduler") for _worker in range(2)]
    outcomes = [squad.join(pid) for pid in pids]
    assert all("result" in outcome for outcome in outcomes), outcomes
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R05_the_lock_of_a_job_is_lost_while_it_runs(squad, squad_reference):
    """The server ends the idle session that holds the job: another worker starts it too, the first one goes on."""
    squad.query(ACTIVATE)
    first = squad.spawn("scheduler", {"kind": "pause", "at": "create"})
    squad.wait_for_pause(first)
    assert squad.query(END_HOLDERS_OF_JOBS) == [(True,)]
    second = squad.spawn("scheduler", {"kind": "pause", "at": "lock"})
    squad.wait_for_pause(second)  # at the contracts that the first one is billing
    squad.resume(second)
    assert "result" in squad.join(second)
    squad.resume(first)
    assert not squad.join(first)["signal"]
    squad.query(ACTIVATE)
    squad.run("scheduler")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R10_another_program_posts_in_the_journal(squad, squad_reference):
    """Its number is not known yet: who needs the next one waits a while, and comes back later."""
    person = squad.spawn("bill", {"kind": "pause", "at": "commit"}, references=["00000"])
    squad.wait_for_pause(person)
    squad.run("cron", {"kind": "impatient", "timeout": "200ms"})
    assert squad.count_due() == 10, "nobody overtakes in the numbers"
    assert not squad.run("parked")
    squad.resume(person)
    assert squad.join(person)["result"] == []
    squad.run("cron")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_R29_R30_change_during_a_run_is_refused(squad, squad_reference):
    """A person changes prices at each step of the run that bills them."""
    for at, reference in STEPS.items():
        run = squad.spawn("bill", {"kind": "pause", "at": at}, references=[reference])
        squad.wait_for_pause(run)
        change = squad.outcome(
            "amend", reference=reference, day=_start_of(squad, reference), values={"price_unit": 10.0}
        )
        assert "billed or changed by somebody else" in change.get("message", change)
        squad.resume(run)
        assert squad.join(run)["result"] == []
    squad.run("cron")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def _start_of(squad, reference):
    [[day]] = squad.query("SELECT date_start FROM subscription_contract WHERE external_id = %s", [reference])
    return str(day)
