"""Random lives of contracts: what is done to each of them, and what that means for the customer."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta
from year_oracle import ALWAYS, DAY, Agreement, Event, Line, days

LENGTHS = {"weekly": (0, 1), "monthly": (1, 0), "quarterly": (3, 0)}
PLANS = {"Bronze": Decimal("61.17"), "Silver": Decimal("83.29"), "Gold": Decimal("149.99")}
UNDOABLE = ("change", "plan", "pause", "close", "drop", "add")
METER_PRICE = 2
VERBS = (
    *("activate", "convert", "change_now", "change_past", "change_future", "plan", "add", "drop", "one_off"),
    *("pause_credit", "pause_open", "pause_extend", "resume", "resume_early", "resume_again"),
    *("change_in_pause", "plan_in_pause", "add_in_pause", "drop_in_pause", "renew", "reopen", "undo"),
    *("close_none", "close_prorata", "close_full", "usage", "usage_late", "usage_repeated"),
    *("post_drafts", "delete_draft", "cancel_waive", "cancel_again", "credit_waive", "credit_again", "replace"),
)
WHOLE_POLICIES = ("months_then_days", "thirty_360", "full_period", "free")


@dataclass
class Seen:
    """What a person sees of a contract before doing anything to it."""

    state: str = ""
    is_settled: bool = False
    has_draft: bool = False
    ledger: list = field(default_factory=list)  # line, first day, day after the last, state

    def days(self, key, states):
        return {
            day
            for line, start, stop, state in self.ledger
            if line == key and state in states
            for day in days(start, stop)
        }


@dataclass
class Life:
    """One contract: what was agreed, in our own words, and the terms that decide what may be drawn."""

    reference: str
    start: date
    service_start: date
    recurrence: str
    plan: str = "Bronze"
    aligned_day: int = 0
    is_whole: bool = False  # changed at the edges of periods only
    has_card: bool = False
    trial: str = ""
    term: int = 0
    agreement: Agreement = field(default_factory=Agreement)
    sent: list = field(default_factory=list)  # usage events

    @property
    def lines(self):
        return self.agreement.lines

    @property
    def events(self):
        return self.agreement.events

    @property
    def priced(self):
        return [line for line in self.lines.values() if line.fixed is None and not line.is_metered]

    @property
    def meter(self):
        return next((line for line in self.lines.values() if line.is_metered), None)

    def line(self, start, values, **more):
        months, weeks = LENGTHS[self.recurrence]
        line = Line(
            f"{self.reference}-{len(self.lines) + 1}",
            start,
            self.service_start,
            months,
            weeks,
            values,
            aligned_day=self.aligned_day,
            **more,
        )
        self.lines[line.key] = line
        return line

    def last(self, *kinds):
        """The last thing agreed on, if it is one of these kinds."""
        return self.events[-1] if self.events and self.events[-1].kind in kinds else None

    def resumption(self, pause):
        """What it is called to serve again from now on in a pause that is open, planned, or has a day already."""
        if pause.stop == ALWAYS:
            return "resume"
        resumed = any(event.kind == "resume" and event.start == pause.stop for event in self.events)
        return "resume_again" if resumed else "resume_early"

    def open_break(self, today):
        """A break of the whole contract that holds or is to come."""
        breaks = (event for event in self.events if event.is_break and not event.key and event.stop > today)
        return next(breaks, None)


class Lives:
    """Draws what happens, the rarest first, and remembers what it means."""

    def __init__(self, draw):
        self.draw, self.lives, self.counts, self.refusals = draw, {}, Counter(), Counter()

    def price(self):
        return Decimal(self.draw.randint(500, 20000)) / 100

    # beginnings

    def begin(self, today):
        """A new contract: what is asked of the addon, and what we agreed."""
        draw = self.draw
        recurrence = draw.choice(["weekly", "monthly", "monthly", "monthly", "quarterly"])
        number = len(self.lives)
        start = today + timedelta(days=draw.randint(-25, 6))
        if draw.random() < 0.3:  # the ends of months are where calendars go wrong
            start = min(start + relativedelta(day=31), today + timedelta(days=10))
        # the first contracts are what some verbs need: a trial that asks, a card, a renewal on acceptance
        is_whole = draw.random() < 0.2 and number > 2
        trial = "" if is_whole or draw.random() < 0.6 else draw.choice(["convert", "ask", "stop"])
        trial = {0: "ask", 2: ""}.get(number, trial)
        length = draw.randint(3, 12) if trial else 0
        life = Life(f"{number:05}", start, start + timedelta(days=length), recurrence, is_whole=is_whole, trial=trial)
        values = {
            "billing_timing": draw.choice(["advance", "advance", "arrears"]),
            "proration_policy": draw.choice(WHOLE_POLICIES) if is_whole else "exact_days",
            "lead_days": draw.choice([0, 0, 4]),
            "catch_up": draw.choice(["each", "summary"]),
            "credit_mode": draw.choice(["note", "next"]),
            "invoicing_mode": draw.choice(["post", "post", "draft", "post_charge"] if number != 1 else ["post_charge"]),
            "trial": length,
            "trial_outcome": trial or "convert",
        }
        life.has_card = values["invoicing_mode"] == "post_charge"
        if not is_whole and recurrence != "weekly" and draw.random() < 0.4:
            life.aligned_day = draw.choice([1, 15, 30, 31])
            values |= {"alignment": "calendar", "alignment_day": life.aligned_day, "alignment_month": 1}
        if not trial and (draw.random() < 0.4 or number == 2):
            life.term = draw.choice([1, 2]) if number != 2 else 1
            renewal = draw.choice(["tacit", "accept", "accept"]) if number != 2 else "accept"
            values |= {"commitment": life.term, "renewal": renewal}
            if values["renewal"] == "accept":
                life.agreement.stop = life.service_start + relativedelta(months=life.term)
        if trial == "stop":
            life.agreement.stop = life.service_start
        if trial == "ask":
            life.events.append(Event("trial", life.service_start))
        lines = self._lines(life)
        self.lives[life.reference] = life
        return {
            "verb": "activate",
            "reference": life.reference,
            "name": f"Customer {number}",
            "plan": life.plan,
            "recurrence": recurrence,
            "lines": lines,
            "card": life.has_card,
            "external_id": life.reference,
            "date_start": str(start),
            **values,
        }

    def _lines(self, life):
        draw = self.draw
        asked = [self._ask_line(life, "Hosting", life.service_start)]
        if draw.random() < 0.5:
            periods = 0 if life.is_whole else draw.choice([0, 1, 2])
            asked.append(self._ask_line(life, "Support", life.service_start, promotion=periods))
        if draw.random() < 0.4:
            meter = life.line(life.service_start, {}, is_metered=True)
            asked.append({"external_id": meter.key, "product_id": "Traffic", "price_unit": METER_PRICE})
        if draw.random() < 0.3 and life.trial != "stop":
            fee = life.line(life.service_start, {}, fixed=self.price())
            asked.append({"external_id": fee.key, "product_id": "Setup", "price_unit": float(fee.fixed)})
        return asked

    def _ask_line(self, life, product, start, promotion=0):
        values = {
            "quantity": Decimal(self.draw.randint(1, 9)),
            "price_unit": self.price(),
            "discount": Decimal(self.draw.choice([5, 10, 33])) if promotion else Decimal(0),
        }
        line = life.line(start, values, promotion_periods=promotion)
        return {
            "external_id": line.key,
            "product_id": product,
            "discount_occurrences": promotion,
            **{name: float(value) for name, value in values.items()},
        }

    # what may happen to a contract

    def choose(self, life, seen, today):
        """One of the things that are possible, what was never done first; None when there is none."""
        possible = self.possible(life, seen, today)
        if not possible:
            return None
        possible = [verb for verb in possible if not self.counts[verb]] or possible
        weights = [1 / (1 + self.counts[verb]) ** 2 for verb in possible]
        [verb] = self.draw.choices(possible, weights)
        asked = getattr(self, f"_{verb}")(life, seen, today)
        return asked and {"reference": life.reference, "label": verb, **asked}

    def possible(self, life, seen, today):
        verbs = ["usage", "usage_late", "usage_repeated"] if life.meter else []
        if seen.has_draft:
            return [*verbs, "post_drafts", "delete_draft"]
        if seen.is_settled and not life.has_card:
            verbs += ["cancel_waive", "cancel_again", "credit_waive", "credit_again", "replace"]
        pending = life.open_break(today)
        if life.last(*UNDOABLE) and (seen.state != "closed" or life.last("close")):
            verbs.append("undo")
        if life.term and life.agreement.stop != ALWAYS and not pending:
            days_late = (today - life.agreement.stop).days
            verbs += ["renew"] if -10 <= days_late <= 25 else []
        if seen.state == "closed":
            return [*verbs, "reopen"] if pending and pending.kind == "close" and not life.is_whole else verbs
        if today < life.service_start or today >= life.agreement.stop:
            return verbs
        if pending and pending.kind == "trial":
            return [*verbs, "convert"]
        if pending and pending.kind == "pause":
            if pending.start <= today:
                verbs.append(life.resumption(pending))
            if pending.stop != ALWAYS:
                verbs += ["change_in_pause", "plan_in_pause", "add_in_pause", "drop_in_pause", "one_off"]
        if not pending:
            verbs += ["change_now", "change_future", "plan", "add", "drop", "one_off"]
            verbs += [] if life.is_whole else ["change_past"]
        if not pending:
            verbs.append("close_prorata")
            verbs += ["close_none", "close_full"] if seen.is_settled else []
            if not life.is_whole:
                verbs += ["pause_credit", "pause_open"] + (["pause_extend"] if seen.is_settled else [])
        return verbs

    # changes of lines

    def _day(self, life, line, today, least, most):
        """A day for a change: any one, or the next edge of a period where only whole ones can be counted."""
        if life.is_whole:
            return line.period(max(today, line.start))[1]
        day = max(life.service_start, today + timedelta(days=self.draw.randint(least, most)))
        return min(day, life.agreement.stop - DAY)

    def _change(self, life, today, least, most):
        line = self.draw.choice(self._kept_lines(life))
        name = self.draw.choice(["quantity", "price_unit", "discount"])
        value = {
            "quantity": Decimal(self.draw.randint(1, 40)),
            "price_unit": self.price(),
            "discount": Decimal(self.draw.randint(1, 60)),
        }[name]
        day = self._day(life, line, today, least, most)
        event = Event("change", day, key=line.key, values={name: value})
        return {"verb": "change", "key": line.key, "day": str(day), "values": {name: float(value)}, "event": event}

    def _kept_lines(self, life):
        dropped = {event.key for event in life.events if event.kind == "drop"}
        return [line for line in life.priced if line.key not in dropped]

    def _change_now(self, life, seen, today):
        return self._change(life, today, 0, 0)

    def _change_future(self, life, seen, today):
        return self._change(life, today, 1, 35)

    def _change_past(self, life, seen, today):
        return self._change(life, today, -40, -1)

    def _change_in_pause(self, life, seen, today):
        return self._change(life, today, -10, 35)

    def _plan(self, life, seen, today):
        line = life.priced[0]
        name = self.draw.choice([plan for plan in PLANS if plan != life.plan])
        day = self._day(life, line, today, 0, 0)
        event = Event("plan", day, key=line.key, values={"price_unit": PLANS[name]})
        return {"verb": "plan", "day": str(day), "name": name, "event": event}

    def _add(self, life, seen, today):
        broken = [event.stop for event in life.events if event.is_break and not event.key and event.stop <= today]
        day = max([self._day(life, life.priced[0], today, -10, 10), *broken])
        values = self._ask_line(life, "Support", day)
        key = values.pop("external_id")
        return {"verb": "add", "key": key, "day": str(day), "values": values, "event": Event("add", day, key=key)}

    def _plan_in_pause(self, life, seen, today):
        return self._plan(life, seen, today)

    def _add_in_pause(self, life, seen, today):
        return self._add(life, seen, today)

    def _drop_in_pause(self, life, seen, today):
        return self._drop(life, seen, today)

    def _one_off(self, life, seen, today):
        fee = life.line(today, {}, fixed=self.price())
        values = {"product_id": "Setup", "price_unit": float(fee.fixed)}
        event = Event("add", today, key=fee.key)
        return {"verb": "add", "key": fee.key, "day": str(today), "values": values, "event": event}

    def _drop(self, life, seen, today):
        others = [line for line in self._kept_lines(life)[1:] if line.start <= today]
        if not others:
            return None
        line = self.draw.choice(others)
        day = self._day(life, line, today, 0, 10)
        return {"verb": "drop", "key": line.key, "day": str(day), "event": Event("drop", day, key=line.key)}

    # breaks

    def _pause(self, life, seen, today, credit, until):
        least = 0 if life.meter or credit == "extend" else -8
        day = self._day(life, life.priced[0], today, least, 6)
        stop = day + timedelta(days=self.draw.randint(2, 30)) if until else ALWAYS
        event = Event("pause", day, stop)
        if credit == "extend":
            for line in life.priced:
                paid = seen.days(line.key, ("billed",))
                event.kept |= {(line.key, d): life.agreement.worth(line, d) for d in paid if day <= d < stop}
        asked = {
            "verb": "pause",
            "day": str(day),
            "credit": credit,
            "event": event,
            "settled": self._settled(life, seen),
        }
        return asked | ({"until": str(stop)} if until else {})

    def _pause_credit(self, life, seen, today):
        return self._pause(life, seen, today, "prorata", until=True)

    def _pause_open(self, life, seen, today):
        return self._pause(life, seen, today, "prorata", until=False)

    def _pause_extend(self, life, seen, today):
        return self._pause(life, seen, today, "extend", until=self.draw.random() < 0.6)

    def _resume(self, life, seen, today):
        pause = life.open_break(today)
        least = max(today, pause.start)
        day = least + timedelta(days=self.draw.randint(0, 4))
        if pause.stop != ALWAYS:
            day = min(day, pause.stop - DAY)
        return {"verb": "resume", "day": str(day), "break": pause, "settled": self._settled(life, seen)}

    def _resume_early(self, life, seen, today):
        return self._resume(life, seen, today)

    def _resume_again(self, life, seen, today):
        return self._resume(life, seen, today)

    def _convert(self, life, seen, today):
        return {"verb": "convert", "break": life.open_break(today), "day": str(max(today, life.service_start))}

    def _close(self, life, seen, today, credit):
        least = 0 if life.meter else -12
        day = self._day(life, life.priced[0], today, least, 12)
        event = Event("close", day)
        for line in life.priced:
            paid = seen.days(line.key, ("billed",))
            if credit == "none":
                event.kept |= {(line.key, d): life.agreement.worth(line, d) for d in paid if d >= day}
            if credit == "full":
                event.given |= {(line.key, d) for d in paid if line.period(day)[0] <= d < day}
        return {"verb": "close", "day": str(day), "credit": credit, "event": event}

    def _close_none(self, life, seen, today):
        return self._close(life, seen, today, "none")

    def _close_prorata(self, life, seen, today):
        return self._close(life, seen, today, "prorata")

    def _close_full(self, life, seen, today):
        return self._close(life, seen, today, "full")

    def _reopen(self, life, seen, today):
        closing = life.open_break(today)
        day = max(today, closing.start) + timedelta(days=self.draw.randint(0, 5))
        if day >= life.agreement.stop:
            return None
        return {"verb": "reopen", "day": str(day), "break": closing}

    def _renew(self, life, seen, today):
        return {"verb": "renew"}

    def _undo(self, life, seen, today):
        return {"verb": "undo"}

    def end(self, life, today):
        """The last closing of all: what was paid ahead is given back. None when another one is planned for an edge."""
        if life.is_whole and life.open_break(today):
            return None
        day = self._day(life, life.priced[0], today, 0, 0)
        asked = {"verb": "close", "day": str(day), "credit": "prorata", "event": Event("close", day)}
        return {"reference": life.reference, "label": "end", **asked}

    # usage

    def _usage_of(self, life, day):
        meter = life.meter
        if day < life.service_start or not life.agreement.serves(meter, day):
            return None
        event = {
            "contract": life.reference,
            "date": str(day),
            "quantity": self.draw.randint(1, 9),
            "external_id": f"{life.reference}/{len(life.sent)}",
        }
        life.sent.append(event)
        return {"verb": "use", "events": [event]}

    def _usage(self, life, seen, today):
        return self._usage_of(life, today)

    def _usage_late(self, life, seen, today):
        settled = [day for day in seen.days(life.meter.key, ("billed", "waived")) if day <= today]
        return self._usage_of(life, self.draw.choice(sorted(settled))) if settled else None

    def _usage_repeated(self, life, seen, today):
        known = [event for event in life.sent if event["external_id"] in life.agreement.usage]
        return {"verb": "use", "events": [self.draw.choice(known)]} if known else None

    # documents

    def _post_drafts(self, life, seen, today):
        return {"verb": "post_drafts"}

    def _delete_draft(self, life, seen, today):
        return {"verb": "delete_draft"}

    def _cancel_waive(self, life, seen, today):
        return {"verb": "cancel", "decision": "waive", "settled": self._settled(life, seen)}

    def _cancel_again(self, life, seen, today):
        return {"verb": "cancel", "decision": "again", "settled": self._settled(life, seen)}

    def _credit_waive(self, life, seen, today):
        return {"verb": "credit", "decision": "waive", "settled": self._settled(life, seen)}

    def _credit_again(self, life, seen, today):
        return {"verb": "credit", "decision": "again", "settled": self._settled(life, seen)}

    def _replace(self, life, seen, today):
        return {"verb": "replace"}

    # what was done

    def settle(self, asked, answer):
        """Remember what was done; what was refused was never agreed."""
        label = asked["label"]
        life = self.lives[asked["reference"]]
        if "refused" in answer:
            self.refusals[label, answer["refused"]] += 1
            if asked["verb"] == "add":
                del life.lines[asked["key"]]
            return
        if self._remember(life, asked, answer["result"]):
            self.counts[label] += 1

    def _remember(self, life, asked, result):
        """Whether anything was done."""
        verb = asked["verb"]
        if event := asked.get("event"):
            life.events.append(event)
        if verb == "pause" and event.kept and event.stop != ALWAYS:
            self._make_good(life, event, event.stop, asked["settled"])
        if verb == "plan":
            event.former, life.plan = life.plan, asked["name"]
        if verb in ("resume", "convert", "reopen"):
            self._end_break(life, asked)
        if verb == "renew":
            life.agreement.stop += relativedelta(months=life.term)
            life.events.append(Event("renew", life.agreement.stop))
        if verb == "undo":
            undone = life.events.pop()
            life.plan = getattr(undone, "former", life.plan)
            if undone.kind == "add":
                del life.lines[undone.key]
        if verb == "use":
            return self._remember_usage(life, asked, result)
        if verb in ("cancel", "credit"):
            self._remember_decision(life, asked, result)
            return result["invoices"]
        return result is None or result

    def _end_break(self, life, asked):
        ended, day = asked["break"], date.fromisoformat(asked["day"])
        ended.stop = day
        ended.kept = {(key, d): worth for (key, d), worth in ended.kept.items() if d < day}
        if asked["verb"] == "resume":
            former, ended.given = ended.given, set()
            self._make_good(life, ended, day, asked["settled"] - former)
        life.events.append(Event(asked["verb"], day))

    def _remember_usage(self, life, asked, result):
        [event], [answer] = asked["events"], result
        if answer in ("recorded", "late"):
            life.agreement.usage[event["external_id"]] = Decimal(event["quantity"] * METER_PRICE)
        expected = {"usage_late": ("late",), "usage_repeated": ("repeated",), "usage": ("recorded", "late")}
        return answer in expected[asked["label"]]

    def _remember_decision(self, life, asked, result):
        event = Event("decision", ALWAYS)
        held = {
            (key, day)
            for key, start, stop in result["days"]
            for day in days(date.fromisoformat(start), date.fromisoformat(stop))
        }
        for known in life.events:
            lost = known.kept.keys() & held
            known.kept = {place: worth for place, worth in known.kept.items() if place not in held}
            if lost and known.given and asked["decision"] == "again":
                former, known.given = known.given, set()
                self._make_good(life, known, min(day for _key, day in former), asked["settled"] - held - former)
        if asked["decision"] == "waive":
            event.given = held
            for key, _start, _stop in result["days"]:
                if life.lines[key].fixed is not None:
                    life.lines[key].fixed = Decimal(0)
            for reference in result["usage"]:
                del life.agreement.usage[reference]
        life.events.append(event)

    # days paid before a pause

    def _settled(self, life, seen):
        """The days of each line that are settled already."""
        states = ("billed", "imported", "kept", "waived", "held")
        return {(line.key, day) for line in life.priced for day in seen.days(line.key, states)}

    def _make_good(self, life, pause, day, settled):
        """As many days as stay paid and were not served are served for nothing from ``day`` on."""
        for line in life.priced:
            count = sum(key == line.key for key, _day in pause.kept)
            for candidate in days(day, day + timedelta(days=800)):
                if not count:
                    break
                if (line.key, candidate) not in settled and life.agreement.serves(line, candidate):
                    pause.given.add((line.key, candidate))
                    count -= 1
