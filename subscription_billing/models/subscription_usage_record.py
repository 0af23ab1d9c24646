import json
import logging
from dataclasses import dataclass
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

REQUIRED = ("contract", "date", "quantity", "external_id")
MAX_EVENTS = 10_000
# a sender east of the company may be a day ahead of it
DAYS_AHEAD = 1


@dataclass(slots=True)
class Event:
    """An event as it was understood, and what is answered to it."""

    contract: models.Model
    date: date
    quantity: float
    external_id: str
    product: str
    line: str
    note: str
    answer: dict
    chain: models.Model | None = None

    @property
    def key(self) -> tuple:
        return self.contract.id, self.external_id

    def values(self) -> dict:
        return {
            "contract_id": self.contract.id,
            "line_id": self.chain.id,
            "date": self.date,
            "quantity": self.quantity,
            "external_id": self.external_id,
            "note": self.note,
        }


class SubscriptionUsageRecord(models.Model):
    """How other applications record usage: many events at once, each with its own answer."""

    _inherit = "subscription.usage"

    @api.model
    def record(self, events: list[dict]) -> list[dict]:
        """Record usage from another application; an event sent again counts once.

        :param events: up to 10,000 dicts with ``contract`` (number or external reference),
            ``date``, ``quantity`` (negative to correct the same window) and ``external_id``;
            where the contract meters several lines, also ``line`` (its external reference)
            or ``product`` (its internal reference).
        :returns: an answer for each event, in the order given: its ``external_id``, the
            ``id`` of what is stored, ``result`` and ``reason``. The result is ``recorded``,
            ``late`` (recorded; its window is billed, so it goes on the next invoice),
            ``repeated`` (known already, nothing written) or ``refused``.
        """
        self.check_access("create")
        if not isinstance(events, list) or len(events) > MAX_EVENTS:
            raise UserError(self.env._("Send a list of at most %s events.", MAX_EVENTS))
        answers = [self._answer(event) for event in events]
        contracts = self._named_contracts(events)
        understood = []
        for event, answer in zip(events, answers, strict=True):
            try:
                understood.append(self._understand(event, contracts, answer))
            except (UserError, ValueError, TypeError, OverflowError) as error:
                answer["reason"] = str(error)
        known = self._known_events(understood)
        fresh = self._fresh_events(understood, known)
        usages = self.create([event.values() for event in fresh.values()])
        known |= dict(zip(fresh, usages, strict=True))
        for event in understood:
            if fresh.get(event.key) is event:
                event.answer["id"] = known[event.key].id
            elif not event.answer["reason"]:
                self._settle_repeated(event, known[event.key])
        self._log_refused(events, answers)
        return answers

    @api.model
    def _answer(self, event) -> dict:
        """Refused, until something better is known."""
        reference = event.get("external_id") if isinstance(event, dict) else False
        return {"external_id": reference or False, "id": False, "result": "refused", "reason": ""}

    @api.model
    def _named_contracts(self, events) -> dict:
        """The contracts of these events, by number and by external reference."""
        names = {str(event.get("contract") or "") for event in events if isinstance(event, dict)}
        found = {}
        for contract in self.env["subscription.contract"]._named(names):
            for name in {contract.name, contract.external_id} & names:
                found.setdefault(name, contract.browse())
                found[name] |= contract
        return found

    @api.model
    def _understand(self, event, contracts, answer) -> Event:
        """:raises UserError: when the event is incomplete, impossible or of another's contract."""
        if not isinstance(event, dict):
            raise UserError(self.env._("an event has the keys %s.", ", ".join(REQUIRED)))
        if missing := [name for name in REQUIRED if event.get(name) in (None, False, "") and event.get(name) != 0]:
            raise UserError(self.env._("%s is missing.", ", ".join(missing)))
        contract = contracts.get(str(event["contract"]), self.env["subscription.contract"])
        if not contract:
            raise UserError(self.env._("no contract %s.", event["contract"]))
        if len(contract) > 1:
            raise UserError(self.env._("%s stands for several contracts: send the number.", event["contract"]))
        day = fields.Date.to_date(event["date"])
        if day > contract._today() + timedelta(days=DAYS_AHEAD):
            raise UserError(self.env._("%s is in the future.", day))
        quantity, reference = float(event["quantity"]), str(event["external_id"])
        note = event.get("note") or False
        self._check_input({"quantity": quantity, "external_id": reference, "note": note})
        return Event(contract, day, quantity, reference, event.get("product"), event.get("line"), note, answer)

    @api.model
    def _known_events(self, understood) -> dict:
        """What is stored already of these events, by contract and reference."""
        domain = [
            ("contract_id", "in", [*{event.contract.id for event in understood}]),
            ("external_id", "in", [event.external_id for event in understood]),
        ]
        usages = self.search_fetch(domain, ["contract_id", "external_id", "date", "quantity", "line_id", "product_id"])
        return {(usage.contract_id.id, usage.external_id): usage for usage in usages}

    @api.model
    def _fresh_events(self, understood, known) -> dict:
        """The events to store, by contract and reference: the first of each wins."""
        fresh, balances = {}, self._balances([event for event in understood if event.quantity < 0])
        for event in understood:
            if event.key in known or event.key in fresh:
                continue
            try:
                row = self._metered_row(event)
                self._enter(balances, event, row)
            except UserError as error:
                event.answer["reason"] = str(error)
                continue
            event.chain = row.chain_id
            event.answer["result"] = "late" if (row.covered_until or row.date_start) > event.date else "recorded"
            fresh[event.key] = event
        return fresh

    @api.model
    def _metered_row(self, event):
        """The row of the contract that measures this event on its day."""
        rows = event.contract.line_ids.filtered(
            lambda line: line.kind == "usage" and line._is_in_force(event.date) and self._is_meant(event, line.chain_id)
        )
        if len(rows) != 1:
            raise UserError(
                self.env._(
                    "%(contract)s meters %(count)s lines that match on %(day)s.",
                    contract=event.contract.name,
                    count=len(rows),
                    day=event.date,
                )
            )
        return rows

    @api.model
    def _is_meant(self, event, chain) -> bool:
        """Whether what the event says of product and line is true of this one."""
        is_product = not event.product or event.product == chain.product_id.default_code
        return is_product and (not event.line or event.line == chain.external_id)

    @api.model
    def _balances(self, corrections) -> dict:
        """What was measured by day on the lines of the contracts that are corrected."""
        balances = {}
        if corrections:
            domain = [("contract_id", "in", [*{event.contract.id for event in corrections}])]
            for chain, day, quantity in self._read_group(domain, ["chain_id", "date:day"], ["quantity:sum"]):
                balances.setdefault(chain.id, {})[day] = quantity
        return balances

    @api.model
    def _enter(self, balances, event, row):
        """:raises UserError: when a correction takes back more than its window holds."""
        by_day = balances.setdefault(row.chain_id.id, {})
        if event.quantity < 0:
            window = row.recurrence_id._cadence().containing(row.anchor_date or row.date_start, event.date)
            measured = sum(quantity for day, quantity in by_day.items() if day in window)
            if measured + event.quantity < 0:
                raise UserError(
                    self.env._(
                        "%(quantity)s takes back more than the %(measured)s measured from %(start)s to %(end)s.",
                        quantity=event.quantity,
                        measured=measured,
                        start=window.start,
                        end=window.end,
                    )
                )
        by_day[event.date] = by_day.get(event.date, 0.0) + event.quantity

    @api.model
    def _settle_repeated(self, event, known):
        """The first event of a reference stands; another payload under it is refused."""
        event.answer["id"] = known.id
        quantity = self._fields["quantity"].convert_to_cache(event.quantity, known)
        if (known.date, known.quantity) == (event.date, quantity) and self._is_meant(event, known.line_id):
            event.answer["result"] = "repeated"
        else:
            event.answer["reason"] = self.env._("this reference was recorded with other values.")

    @api.model
    def _log_refused(self, events, answers):
        refused = [pair for pair in zip(events, answers, strict=True) if pair[1]["result"] == "refused"]
        if refused:
            event, answer = refused[0]
            _logger.warning(
                "Subscriptions: %s of %s usage events refused, the first is %s: %s",
                len(refused),
                len(events),
                json.dumps(event, default=str),
                answer["reason"],
            )
