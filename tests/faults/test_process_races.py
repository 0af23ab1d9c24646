"""Several processes at once on the same contracts."""

ACTIVATE = """
    UPDATE ir_cron SET active = TRUE, nextcall = '2000-01-01' WHERE id = (
        SELECT res_id FROM ir_model_data WHERE module = 'subscription_billing' AND name = 'ir_cron_bill'
    )
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
