"""A copy made by PostgreSQL bills, sends, charges and hears nothing, whatever Odoo's own scheduler starts."""

import pytest
from environment.places import ROOT
from fault_site import Site

MAILED, CHARGED, SILENT = "00000", "00009", "00003"  # of three customers


@pytest.fixture
def pair(squad, mail_server, bank_server, databases):
    """A database at work, with all there is to do, and a copy of it made meanwhile."""
    squad.query("UPDATE subscription_contract SET catch_up = 'summary'")
    squad.run("send_by_mail", port=mail_server.port, references=[MAILED])
    squad.run("charge_cards", address=bank_server.address, references=[CHARGED, SILENT])
    squad.query("UPDATE subscription_contract SET next_attempt = '2100-01-01' WHERE external_id <> %s", [SILENT])
    bank_server.bank.moods = ["deaf"]
    squad.run("cron")
    squad.run("outbox")
    squad.query("UPDATE subscription_contract SET next_attempt = NULL")
    squad.query("UPDATE subscription_contract SET next_attempt = '2100-01-01' WHERE external_id <> %s", [MAILED])
    squad.run("cron")
    squad.query("UPDATE subscription_contract SET next_attempt = NULL")
    squad.run("crons_on")
    name = f"{squad.name}_bis"
    databases.drop(name)
    databases.clone(squad.name, name)
    copy = Site(databases, squad.name, name)
    copy._start_nursery()
    try:
        yield squad, copy
    finally:
        copy.close()
        databases.drop(name)


def test_R20_I12_a_copy_does_nothing(pair, mail_server, bank_server):
    original, copy = pair
    asked = len(bank_server.bank.taken)
    assert asked == 1
    assert original.run("attempts")[0] == "unknown"
    waiting = copy.run("effects")
    assert "waiting" in {state for _kind, state, _tries, _answer in waiting}
    invoices, due = copy.count_invoices(), copy.count_due()
    assert due > 0
    copy.run("scheduler")
    copy.run("notice", status="done")
    copy.run("scheduler")
    assert (copy.count_invoices(), copy.count_due()) == (invoices, due)
    assert copy.run("effects") == waiting
    assert copy.run("attempts") == original.run("attempts")
    assert copy.query("SELECT count(*) FROM account_payment")[0][0] == 0
    assert (len(bank_server.bank.taken), mail_server.post.read) == (asked, [])
    # the same in the original, where it is meant
    original.run("notice", status="done")
    original.run("scheduler")
    original.run("scheduler")
    assert original.count_invoices() > invoices
    assert len(bank_server.bank.taken) > asked
    assert mail_server.post.accepted
    assert original.run("attempts")[0] == "done"


def test_armed_on_purpose_it_leaves_to_a_person_what_waited(pair, mail_server, bank_server):
    _original, copy = pair
    asked = len(bank_server.bank.taken)
    copy.run("arm")
    copy.query("UPDATE subscription_contract SET next_attempt = '2100-01-01'")
    copy.run("outbox")
    assert {state for _kind, state, _tries, _answer in copy.run("effects")} <= {"held", "done", "cancelled"}
    assert (len(bank_server.bank.taken), mail_server.post.read) == (asked, [])


def test_neutralized_it_is_not_armed_and_holds_what_waited(pair, mail_server, bank_server):
    _original, copy = pair
    asked = len(bank_server.bank.taken)
    copy.query((ROOT / "subscription_billing/data/neutralize.sql").read_text())
    assert "waiting" not in {state for _kind, state, _tries, _answer in copy.run("effects")}
    copy.run("crons_on")
    copy.run("scheduler")
    assert (len(bank_server.bank.taken), mail_server.post.read) == (asked, [])
