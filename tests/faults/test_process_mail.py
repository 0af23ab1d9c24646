"""Invoices leave through a real mail server on bad days: nothing is lost, nothing is doubled."""

import pytest

PLAIN, OTHER = "00000", "00009"
ADDRESS, OTHER_ADDRESS = f"{PLAIN}@customer.example.com", f"{OTHER}@customer.example.com"
DAY = 24


@pytest.fixture
def posted(squad, mail_server):
    """A contract with three invoices posted and asked to be sent, none of which has left."""
    squad.query("UPDATE subscription_contract SET next_attempt = '2100-01-01' WHERE external_id <> %s", [PLAIN])
    squad.query("UPDATE subscription_contract SET catch_up = 'summary'")
    squad.run("send_by_mail", port=mail_server.port, references=[PLAIN])
    squad.run("cron")
    assert squad.run("effects") == [["send", "waiting", 0, ""]]
    assert not mail_server.post.read
    return squad


def _states(site):
    return [state for _kind, state, _tries, _answer in site.run("effects")]


def test_accepted(posted, mail_server):
    posted.run("outbox")
    assert posted.run("effects") == [["send", "done", 1, ""]]
    [(address, message)] = mail_server.post.accepted
    assert address == ADDRESS
    assert [part.get_content_type() for part in message.iter_attachments()] == ["application/pdf"]
    posted.run("later", hours=DAY)
    posted.run("outbox")
    assert mail_server.post.counts() == {ADDRESS: 1}
    assert posted.run("undelivered", reference=PLAIN) == ["", 0]


def test_refused_then_accepted(posted, mail_server):
    mail_server.post.refused.add(ADDRESS)
    posted.run("outbox")
    [[_kind, state, tries, answer]] = posted.run("effects")
    assert (state, tries) == ("waiting", 1)
    assert "No such mailbox here" in answer
    [problem, _todos] = posted.run("undelivered", reference=PLAIN)
    assert "No such mailbox here" in problem
    posted.run("outbox")
    assert posted.run("effects")[0][2] == 1, "it waits before the next try"
    posted.run("mail_queue")
    mail_server.post.refused.clear()
    posted.run("later", hours=DAY)
    posted.run("outbox")
    assert _states(posted) == ["done"]
    assert mail_server.post.counts() == {ADDRESS: 1}


def test_connection_dropped_after_the_data(posted, mail_server):
    mail_server.post.drops = 1
    posted.run("outbox")
    assert _states(posted) == ["waiting"]
    assert not mail_server.post.accepted
    posted.run("later", hours=DAY)
    posted.run("outbox")
    assert _states(posted) == ["done"]
    assert mail_server.post.counts() == {ADDRESS: 1}
    first, second = mail_server.post.read
    assert first["Message-Id"] == second["Message-Id"], "a reader can tell that it is the same mail"


def test_one_of_two_recipients_refused(posted, mail_server):
    posted.run("add_recipient", reference=PLAIN, address="other@customer.example.com")
    mail_server.post.refused.add("other@customer.example.com")
    for _try in range(3):
        posted.run("outbox")
        posted.run("later", hours=DAY)
    assert _states(posted) == ["waiting"]
    assert mail_server.post.counts() == {ADDRESS: 1}
    mail_server.post.refused.clear()
    posted.run("outbox")
    assert _states(posted) == ["done"]
    assert mail_server.post.counts() == {ADDRESS: 1, "other@customer.example.com": 1}


def test_R67_mail_server_down_for_two_days(posted, mail_server):
    mail_server.stop()
    for _half_day in range(4):
        posted.run("outbox")
        posted.run("mail_queue")
        posted.run("later", hours=12)
    [[_kind, state, tries, answer]] = posted.run("effects")
    assert (state, tries) == ("waiting", 4)
    assert answer
    mail_server.start()
    posted.run("outbox")
    posted.run("mail_queue")
    assert _states(posted) == ["done"]
    assert mail_server.post.counts() == {ADDRESS: 1}


def test_given_up_after_a_week(posted, mail_server):
    mail_server.post.refused.add(ADDRESS)
    for _day in range(9):
        posted.run("outbox")
        posted.run("later", hours=DAY)
    [[_kind, state, tries, answer]] = posted.run("effects")
    assert (state, tries) == ("failed", 8)
    assert "No such mailbox here" in answer
    [problem, todos] = posted.run("undelivered", reference=PLAIN)
    assert "No such mailbox here" in problem
    assert todos == 1


def test_R68_bounced_later(posted, mail_server):
    posted.run("outbox")
    posted.run("bounce", reference=PLAIN, address=ADDRESS)
    assert _states(posted) == ["bounced"]
    [problem, todos] = posted.run("undelivered", reference=PLAIN)
    assert ADDRESS in problem
    assert todos == 1
    posted.run("later", hours=DAY)
    posted.run("outbox")
    assert mail_server.post.counts() == {ADDRESS: 1}, "nobody sends to a dead address again unasked"
    posted.run("correct_address", reference=PLAIN, address="new@customer.example.com")
    posted.run("outbox")
    assert _states(posted) == ["done"]
    assert mail_server.post.counts() == {ADDRESS: 1, "new@customer.example.com": 1}
    assert posted.run("undelivered", reference=PLAIN) == ["", 0]


def test_R02_killed_before_the_mail_leaves(posted, mail_server):
    assert posted.outcome("outbox", {"kind": "kill_at", "at": "mail"})["signal"] == 9
    assert not mail_server.post.read
    assert posted.run("effects") == [["send", "waiting", 1, ""]]
    posted.run("mail_queue")
    assert not mail_server.post.read
    posted.run("later", hours=DAY)
    posted.run("outbox")
    assert _states(posted) == ["done"]
    assert mail_server.post.counts() == {ADDRESS: 1}


def test_R69_killed_after_the_server_took_it_over(posted, mail_server):
    assert posted.outcome("outbox", {"kind": "kill_at", "at": "mailed"})["signal"] == 9
    assert mail_server.post.counts() == {ADDRESS: 1}
    posted.run("later", hours=DAY)
    posted.run("outbox")
    assert _states(posted) == ["done"]
    [(_address, first), (_again, second)] = mail_server.post.accepted
    assert first["Message-Id"] == second["Message-Id"], "one duplicate at most, and it says so"


def test_killed_before_the_outcome_is_written(posted, mail_server):
    assert posted.outcome("outbox", {"kind": "kill_at", "at": "conclude"})["signal"] == 9
    posted.run("later", hours=DAY)
    posted.run("outbox")
    assert posted.run("effects") == [["send", "done", 2, ""]]
    assert mail_server.post.counts() == {ADDRESS: 1}


def test_R03_two_workers(posted, mail_server):
    first = posted.spawn("outbox", {"kind": "pause", "at": "mail"})
    posted.wait_for_pause(first)
    posted.run("outbox")
    posted.resume(first)
    assert "error" not in posted.join(first)
    assert mail_server.post.counts() == {ADDRESS: 1}
