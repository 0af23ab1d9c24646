"""A year in minutes: random lives of contracts, day by day, on a real database with real commits and real kills."""

import os
import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from fault_site import HERE, Site
from year_lives import VERBS, Lives, Seen
from year_oracle import ALWAYS

LONG = bool(os.environ.get("LONG"))
CONTRACTS, DAYS = (200, 365) if LONG else (8, 40)
ACTIVITY = 0.12 if LONG else 0.7  # how often something is done to a contract on a day
BEGIN = date(2027, 12, 20)  # a leap year's end of February is ahead
# seeds of the short year that once found a fault
KNOWN_SEEDS = (2,)
POINTS = ("lock", "preview", "create", "period", "refresh", "post", "commit")
FAULTS = ("kill", "SerializationFailure", "DeadlockDetected", "late", "double", "none")
MOODS = ("accept", "decline", "deaf", "silent")
FIRST_MOODS = {"decline": "declined", "deaf": "unknown"}
CHANGES = {
    ("draft", "active"),
    ("active", "paused"),
    ("paused", "active"),
    ("active", "closed"),
    ("closed", "active"),
}
PAYMENTS = ("done", "declined", "unknown")
SEEN = """
    SELECT contract.external_id AS reference, contract.state,
           COALESCE(contract.next_billing_date > %(today)s, TRUE)
           AND NOT EXISTS (
               SELECT FROM subscription_period WHERE contract_id = contract.id AND state IN ('released', 'held')
           ) AS is_settled,
           EXISTS (
               SELECT FROM account_move_line item
                 JOIN subscription_line line ON line.id = item.subscription_line_id
                WHERE line.contract_id = contract.id AND item.parent_state = 'draft'
           ) AS has_draft
      FROM subscription_contract contract
"""
LEDGER = """
    SELECT contract.external_id AS reference, chain.external_id AS key, period.date_start, period.date_stop,
           period.state
      FROM subscription_period period
      JOIN subscription_line chain ON chain.id = period.chain_id
      JOIN subscription_contract contract ON contract.id = period.contract_id
     WHERE contract.external_id = ANY(%s)
"""
DETAILS = """
    SELECT period.date_start, period.date_stop, period.state, period.amount_invoiced, period.amount_credited,
           period.reason, billed.move_name AS billed_on, credited.move_name AS credited_on
      FROM subscription_period period
      JOIN subscription_line chain ON chain.id = period.chain_id
 LEFT JOIN account_move_line billed ON billed.id = period.move_line_id
 LEFT JOIN account_move_line credited ON credited.id = period.credit_line_id
     WHERE chain.external_id = %s
     ORDER BY period.id
"""
BILLED = """
    SELECT chain.external_id AS key,
           sum(CASE move.move_type WHEN 'out_refund' THEN -item.price_subtotal ELSE item.price_subtotal END) AS amount
      FROM account_move_line item
      JOIN account_move move ON move.id = item.move_id
 LEFT JOIN account_move_line credited ON credited.id = item.subscription_credited_line_id
      JOIN subscription_line line
        ON line.id = COALESCE(item.subscription_line_id, credited.subscription_line_id)
      JOIN subscription_line chain ON chain.id = line.chain_id
     WHERE move.state = 'posted'
     GROUP BY chain.external_id
"""


class Year:
    """The clock, the nights and the days of one simulated year."""

    def __init__(self, site, bank, draw):
        self.site, self.bank, self.draw = site, bank, draw
        self.lives = Lives(draw)
        self.faults, self.changes, self.payments = Counter(), Counter(), Counter()
        self.states, self.deck, self.late = {}, [], 0
        self.diary, self.broken = defaultdict(list), []
        self.today = BEGIN

    def _clock(self, hour):
        return {"kind": "clock", "moment": f"{self.today} {hour}:00:00"}

    def run(self, days, contracts):
        beginnings = Counter(self.draw.randrange(days * 2 // 5) for _contract in range(contracts))
        for number in range(days):
            if self._night():
                self._check()
            self._day(beginnings[number])
            self.today += timedelta(days=1)

    # the machine's part

    def _night(self):
        """What is due is billed, whatever happens; whether it was tonight."""
        if self.late:
            self.late -= 1
            return False
        if self._count_due():
            self._strike(self._next_fault())
            if self.late:
                return False
        self.site.run("cron", self._clock("03"))
        assert not self._count_due(), (self.today, self.site.run("parked"))
        self.bank.moods = self._moods()
        self.site.run("outbox", self._clock("04"))
        return True

    def _count_due(self):
        [[count]] = self.site.query(
            "SELECT count(*) FROM subscription_contract WHERE next_billing_date <= %s AND state <> 'draft'",
            [self.today],
        )
        return count

    def _next_fault(self):
        if not self.deck:
            self.deck = self.draw.sample(FAULTS, len(FAULTS))
        return self.deck.pop()

    def _moods(self):
        """How the bank feels tonight, until now unseen moods first."""
        unseen = [mood for mood, state in FIRST_MOODS.items() if not self.payments[state]]
        return unseen[:1] or self.draw.choices(MOODS, weights=(6, 2, 1, 1), k=3)

    def _strike(self, fault):
        at = self.draw.choice(POINTS)
        if fault == "kill":
            outcome = self.site.outcome("cron", self._clock("03"), {"kind": "kill_at", "at": at}, batch_size=5)
            fault = fault if outcome["signal"] else "none"
        elif fault == "late":
            self.late = self.draw.randint(0, 2)
        elif fault == "double":
            pids = [self.site.spawn("cron", self._clock("03"), batch_size=5) for _cron in range(2)]
            assert not any("error" in self.site.join(pid) for pid in pids)
        elif fault != "none":
            self.site.run("cron", self._clock("03"), {"kind": "fail", "at": at, "error": fault}, batch_size=5)
        self.faults[fault] += 1

    def _check(self):
        """The invariants of the addon hold, as production would see them."""
        self.broken = self.site.run("differences", self._clock("05"))
        assert self.broken == [], self.today

    # people's part

    def _day(self, beginnings):
        seen = self._look()
        acts = [self.lives.begin(self.today) for _contract in range(beginnings)]
        for reference, life in self.lives.lives.items():
            if reference in seen and self.draw.random() < ACTIVITY:
                acts.append(self.lives.choose(life, seen[reference], self.today))
        self._act([one for one in acts if one])

    def _act(self, acts):
        if not acts:
            return
        hidden = ("event", "break", "settled", "label")
        asked = [{name: value for name, value in one.items() if name not in hidden} for one in acts]
        for one, answer in zip(acts, self.site.run("act", self._clock("10"), acts=asked), strict=True):
            self.diary[one["reference"]].append(f"{self.today} {one.get('label', 'activate')} {one} {answer}")
            if one["verb"] == "activate":
                assert "refused" not in answer, answer
                self.lives.counts["activate"] += 1
                self.states[one["reference"]] = "draft"
            else:
                self.lives.settle(one, answer)
        self._look()

    def _look(self):
        """What is seen of every contract now; the changes since the last look are counted."""
        seen = {}
        for row in self.site.query(SEEN, {"today": self.today}):
            former = self.states.get(row.reference, row.state)
            if former != row.state:
                self.changes[former, row.state] += 1
            self.states[row.reference] = row.state
            seen[row.reference] = Seen(row.state, row.is_settled, row.has_draft)
        for row in self.site.query(LEDGER, [list(seen)]):
            seen[row.reference].ledger.append((row.key, row.date_start, row.date_stop, row.state))
        for state, count in self.site.query("SELECT state, count(*) FROM subscription_charge_attempt GROUP BY state"):
            self.payments[state] = max(count, self.payments[state])
        return seen

    # the end

    def finish(self):
        """Close what still runs, bill what is left, and let every charge come to an end."""
        self.late, self.deck = 0, []
        self._post_drafts()
        for _night in range(2):
            self.site.run("cron", self._clock("11"), batch_size=50)
            self._post_drafts()
        running = [life for life in self.lives.lives.values() if self.states[life.reference] != "closed"]
        self._act([asked for life in running if (asked := self.lives.end(life, self.today))])
        ends = [
            event.start for life in running for event in life.events if event.kind == "close" and event.stop == ALWAYS
        ]
        self.today = max([self.today, *ends])
        for _night in range(2):
            self.site.run("cron", self._clock("12"), batch_size=50)
            self._post_drafts()
        for _day in range(4):
            self.today += timedelta(days=1)
            self.bank.moods = []
            self.site.run("outbox", self._clock("04"))
        self._look()
        assert set(self.states.values()) == {"closed"}, (self.states, self.lives.refusals)
        self._check()

    def _post_drafts(self):
        self._act(
            [
                {"verb": "post_drafts", "reference": reference, "label": "post_drafts"}
                for reference, row in self._look().items()
                if row.has_draft
            ]
        )

    def differences(self):
        """Lines whose net invoices are not what was agreed: what was billed and what is owed."""
        # Odoo has its process read numeric columns as floats
        billed = defaultdict(Decimal, {row.key: Decimal(str(row.amount)) for row in self.site.query(BILLED)})
        return {
            key: (billed[key], owed)
            for life in self.lives.lives.values()
            for key, line in life.lines.items()
            if billed[key] != (owed := life.agreement.owed(line, self.today))
        }

    def missing(self):
        """What was never done, never struck, never seen."""
        # in a short year the bank may say what became of a charge before anybody looks
        wanted = {*VERBS, *FAULTS, *CHANGES, *PAYMENTS} - ({"unknown"} if not LONG else set())
        return wanted - {*+self.lives.counts, *+self.faults, *+self.changes, *+self.payments}

    def report(self):
        for title, counts in (
            ("verbs", self.lives.counts),
            ("faults", self.faults),
            ("changes of state", self.changes),
            ("payments", self.payments),
        ):
            print(f"{title}:", ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=str)))
        for key, (billed, owed) in self.differences().items():
            print(f"{key}: billed {billed}, owed {owed}")
            self._tell(key)
        for key in [key for life in self.lives.lives.values() for key in life.lines] if self.broken else []:
            self._tell(key)
        for (label, refusal), count in self.lives.refusals.most_common():
            print(f"refused {count} x {label}: {refusal}")

    def _tell(self, key):
        """All that was done to the contract of a line, and what the ledger holds of the line."""
        life = self.lives.lives[key.partition("-")[0]]
        print(key, life, *self.diary[life.reference], *self.site.query(DETAILS, [key]), sep="\n")


@pytest.fixture
def company(databases, odoo_template, bank_server):
    """A company that sells nothing yet, on a database of its own."""
    with (
        databases.copy(odoo_template, armed=False) as origin,
        databases.copy(odoo_template, armed=False) as name,
    ):
        databases.odoo.run_script(origin, HERE / "year_company.py", bank_server.address)
        site = Site(databases, origin, name)
        try:
            site.reset()
            yield site
        finally:
            site.close()


def _seeds():
    if seed := os.environ.get("FAULT_SEED"):
        return [int(seed)]
    return [random.SystemRandom().randrange(10**9)] if LONG else KNOWN_SEEDS


@pytest.mark.parametrize("seed", _seeds())
def test_year(company, bank_server, seed):
    print(f"FAULT_SEED={seed}")
    bank_server.bank.is_talkative = True
    year = Year(company, bank_server.bank, random.Random(seed))
    try:
        year.run(DAYS, CONTRACTS)
        year.finish()
    finally:
        year.report()
    assert year.differences() == {}
    assert not year.missing(), "never drawn"
    assert set(bank_server.bank.charged().values()) <= {1}
