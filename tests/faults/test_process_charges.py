"""Cards charged at a real server by processes that die: the bank's own books say how often money was taken."""

import pytest

PLAIN = "00000"
DAY = 24


@pytest.fixture
def charged(squad, bank_server):
    """One invoice posted, about to be charged."""
    squad.query("UPDATE subscription_contract SET next_attempt = '2100-01-01' WHERE external_id <> %s", [PLAIN])
    squad.query("UPDATE subscription_contract SET catch_up = 'summary'")
    squad.run("charge_cards", address=bank_server.address, references=[PLAIN])
    squad.run("cron")
    assert squad.run("attempts") == ["ready"]
    assert not bank_server.bank.taken
    return squad


def _visits(site, count):
    for _hour in range(count):
        site.run("outbox")
        site.run("later", hours=2)


def _assert_paid_once(site, bank):
    assert site.run("unpaid", reference=PLAIN) == 0.0
    assert list(bank.charged().values()) == [1]
    assert not site.faults().keys() - {"a day that nobody billed"}  # of the contracts set aside


def test_charged(charged, bank_server):
    charged.run("outbox")
    assert charged.run("attempts") == ["done"]
    _assert_paid_once(charged, bank_server.bank)


def test_R56_killed_between_the_commit_and_the_call(charged, bank_server):
    assert charged.outcome("outbox", {"kind": "kill_at", "at": "ask"})["signal"] == 9
    assert charged.run("attempts") == ["in_flight"]
    _visits(charged, 6)
    assert charged.run("attempts") == ["unknown"]
    assert not bank_server.bank.taken, "nobody can tell, so nobody asks again"
    bank_server.bank.is_talkative = True
    _visits(charged, 3)
    assert charged.run("attempts")[0] == "declined"


def test_R16_killed_after_the_bank_took_the_money(charged, bank_server):
    assert charged.outcome("outbox", {"kind": "kill_at", "at": "processed"})["signal"] == 9
    assert len(bank_server.bank.taken) == 1
    assert charged.run("attempts") == ["in_flight"]
    _visits(charged, 6)
    assert charged.run("attempts") == ["unknown"]
    bank_server.bank.is_talkative = True
    _visits(charged, 3)
    assert charged.run("attempts") == ["done"]
    _assert_paid_once(charged, bank_server.bank)


@pytest.mark.parametrize("mood", ("deaf", "broken", "garbled"))
def test_R52_R53_no_answer_after_the_charge(charged, bank_server, mood):
    bank_server.bank.moods = [mood]
    _visits(charged, 6)
    assert charged.run("attempts") == ["unknown"]
    charged.run("notice", status="done")
    charged.run("notice", status="done")
    charged.run("notice", status="pending")
    charged.run("outbox")
    assert charged.run("attempts") == ["done"]
    _assert_paid_once(charged, bank_server.bank)


def test_killed_before_the_payment_is_posted(charged, bank_server):
    assert charged.outcome("outbox", {"kind": "kill_at", "at": "settle"})["signal"] == 9
    assert charged.run("attempts") == ["done"]
    assert charged.run("unpaid", reference=PLAIN) > 0
    _visits(charged, 2)
    _assert_paid_once(charged, bank_server.bank)


def test_R03_two_workers_charge_once(charged, bank_server):
    first = charged.spawn("outbox", {"kind": "pause", "at": "ask"})
    charged.wait_for_pause(first)
    charged.run("outbox")
    charged.resume(first)
    assert "error" not in charged.join(first)
    assert charged.run("attempts") == ["done"]
    _assert_paid_once(charged, bank_server.bank)


def test_R54_a_notice_while_the_answer_comes(charged, bank_server):
    """The bank's notice and its answer arrive together: one of them is late, and there is one payment."""
    worker = charged.spawn("outbox", {"kind": "pause", "at": "processed"})
    charged.wait_for_pause(worker)
    notice = charged.spawn("notice", status="done")
    charged.wait_for_lock()
    charged.resume(worker)
    assert "error" not in charged.join(worker)
    assert charged.join(notice).get("error") in (None, "SerializationFailure")  # Odoo repeats the request then
    charged.run("notice", status="done")
    _visits(charged, 2)
    assert charged.run("attempts") == ["done"]
    _assert_paid_once(charged, bank_server.bank)


def test_I8_killed_at_every_step(charged, bank_server):
    """However often processes die, the bank is asked once."""
    for point in ("claim", "ask", "conclude", "settle"):
        charged.outcome("outbox", {"kind": "kill_at", "at": point})
        charged.run("later", hours=2)
    bank_server.bank.is_talkative = True
    _visits(charged, 6)
    charged.run("charge_again")
    _visits(charged, 3)
    _assert_paid_once(charged, bank_server.bank)
