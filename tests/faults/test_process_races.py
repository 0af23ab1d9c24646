"""Several processes at once on the same contracts."""


def test_two_runs_and_a_person_at_once(fleet, reference):
    pids = [
        fleet.spawn("cron", "start", batch_size=5),
        fleet.spawn("cron", "start", batch_size=7),
        fleet.spawn("bill", "start", references=[f"{number:05}" for number in range(0, 110, 3)]),
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


def test_two_cron_workers_of_one_server(squad, squad_reference):
    pids = [squad.spawn("scheduler") for _worker in range(2)]
    outcomes = [squad.join(pid) for pid in pids]
    assert all("result" in outcome for outcome in outcomes), outcomes
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def test_change_during_a_run_is_refused_or_billed_whole(squad):
    """A person changes prices at each step of the run that bills them."""
    for number, at in enumerate(("preview", "create", "period", "refresh", "post")):
        reference = f"{number * 10:05}"  # a plain contract
        run = squad.spawn("bill", {"kind": "pause", "at": at}, references=[reference])
        squad.wait_for_pause(run)
        day = _start_of(squad, reference)
        change = squad.outcome("amend", reference=reference, day=day, values={"price_unit": 10.0})
        assert "billed or changed by somebody else" in change["message"]
        squad.resume(run)
        assert squad.join(run)["result"] == []


def _start_of(squad, reference):
    [[day]] = squad.query("SELECT date_start FROM subscription_contract WHERE external_id = %s", [reference])
    return str(day)
