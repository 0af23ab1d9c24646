from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core import charges as core_charges
from ..core.money import net_price, round_amount
from ..core.period import FOREVER, Period
from ..core.usage import Tariff, Window, rate
from ..memo import remembering
from .subscription_dated import VERB
from .subscription_period import COUNTING


@dataclass(slots=True)
class Charge:
    """One invoice line to be: a stretch to bill, money to give back, or their difference.

    ``proposed`` is the charge of ``core``, None for a pure credit. ``amount`` is signed
    and in the basis of the invoice (tax included when its taxes are).
    """

    contract: models.Model
    line: models.Model
    period: Period
    due: date
    quantity: float
    amount: Decimal
    taxes: models.Model
    proposed: core_charges.Charge | None = None
    released: models.Model | None = None
    usages: models.Model | None = None
    # both sides of the difference, in the basis of the invoice
    billed_amount: Decimal = Decimal(0)
    credited_amount: Decimal = Decimal(0)

    @property
    def credited_line(self):
        return self.released.move_line_id if self.released else None


class SubscriptionEngine(models.AbstractModel):
    """The only writer of invoices and periods: propose, subtract, write.

    ``_preview`` and ``_bill`` are one function, with and without the writing. What
    is due is never stored: it is what the rows say, less what the ledger holds.
    """

    _name = "subscription.engine"
    _description = "Billing engine"

    # verbs

    @api.model
    @remembering
    def _preview(self, contracts, until: date) -> list[Charge]:
        """What would be billed for ``contracts`` until ``until`` included; writes nothing."""
        charges = self._proposals(contracts, until)
        holds = self._holds(charges)
        return [charge for charge in charges if id(charge) not in holds]

    @api.model
    def _proposals(self, contracts, until: date) -> list[Charge]:
        """What is due, what would be held included."""
        lines = contracts.line_ids.filtered(lambda line: line._period() and line.anchor_date)
        chains = lines.grouped("chain_id")
        ledger = self._ledger(chains)
        usages = self._unbilled_usage(chains, until)
        by_id = {line.id: line for line in lines}  # these share one prefetch, a browse(id) has its own
        due = []
        for chain, rows in chains.items():
            values = [row._row() for row in rows]
            proposed = core_charges.propose(values, ledger[chain.id], chain.contract_id._billing_terms(), until)
            proposed += self._settlement(chain, values, proposed, ledger[chain.id], usages[chain.id])
            due += [(by_id[item.key], item) for item in proposed]
        proposals = [self._charge(line.contract_id, line, item) for line, item in due]
        self._rate_usage([charge for charge in proposals if charge.line.kind == "usage"], usages)
        proposals = self._net(proposals, self._due_credits(contracts, until))
        return sorted(proposals, key=self._order_key)

    @api.model
    @remembering
    def _bill(self, contracts, until: date):
        """Bill ``contracts`` until ``until`` included; returns the invoices and credit notes.

        Never commits. A second call writes nothing.

        :raises UserError: when a contract is busy or its invoice would be wrong; the
            message names the record and says what to do.
        """
        self._check_armed()
        contracts = contracts.exists()._locked()
        moves = self._write_charges(contracts, self._proposals(contracts, until))
        contracts.sudo()._unpark()
        return moves

    @api.model
    @remembering
    def _credit_released(self, contracts):
        """Give back at once what verbs released."""
        self._check_armed()
        return self._write_charges(contracts, self._owed_credits(contracts))

    @api.model
    def _owed_credits(self, contracts) -> list[Charge]:
        """What was released and is not given back yet; writes nothing."""
        return self._net([], self._due_credits(contracts, FOREVER))

    # propose

    @api.model
    def _ledger(self, chains, full=False) -> dict[int, list[Period]]:
        """The settled stretches of each chain, those before its ``covered_until`` left out."""
        ledger = defaultdict(list)
        if not chains:
            return ledger
        since = {
            chain.id: date.min if full else min(row.covered_until or row.date_start for row in rows)
            for chain, rows in chains.items()
        }
        self.env["subscription.period"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT period.chain_id, period.date_start, period.date_stop
                  FROM subscription_period period
                  JOIN unnest(%(chains)s, %(since)s::date[]) AS wanted(chain_id, since)
                    ON wanted.chain_id = period.chain_id
                   AND daterange(period.date_start, period.date_stop) && daterange(wanted.since, NULL)
                 WHERE period.state IN %(counting)s
                """,
                chains=list(since),
                since=[str(day) for day in since.values()],
                counting=COUNTING,
            )
        )
        for chain_id, start, stop in rows:
            ledger[chain_id].append(Period(start, stop))
        return ledger

    @api.model
    def _charge(self, contract, line, proposed: core_charges.Charge) -> Charge:
        taxes = self._taxes(line)
        quantity = self._line_quantity(line, proposed.period)
        if quantity != line.quantity:
            proposed = replace(proposed, amount=self._amount_of(line, quantity, proposed.share))
        amount = self._rebased(line, proposed.amount, taxes)
        return Charge(
            contract=contract,
            line=line,
            period=proposed.period,
            due=proposed.due,
            quantity=quantity,
            amount=amount,
            billed_amount=amount,
            taxes=taxes,
            proposed=proposed,
        )

    @api.model
    def _amount_of(self, line, quantity: float, share) -> Decimal:
        """What a share of a period costs for a quantity that is not the line's own."""
        whole = net_price(Decimal(str(quantity)), Decimal(str(line.price_unit)), Decimal(str(line.discount)))
        return round_amount(Fraction(whole) * share, line.contract_id._currency_unit())

    @api.model
    def _due_credits(self, contracts, until):
        """Released stretches whose day has come; those of a closed contract at once."""
        released = (
            self.env["subscription.period"]
            .sudo()
            .search([("contract_id", "in", contracts.ids), ("state", "=", "released")], order="date_start, id")
        )
        return released.filtered(lambda period: self._credit_due(period) <= until)

    @api.model
    def _credit_due(self, period) -> date:
        return period.date_start - timedelta(days=period.contract_id.lead_days)

    @api.model
    def _net(self, proposals: list[Charge], released) -> list[Charge]:
        """A stretch given back and billed again on the same taxes and account is one difference."""
        by_stretch = {(charge.line.chain_id, charge.period): charge for charge in proposals}
        creditable = {line: line._subscription_creditable() for line in released.move_line_id}
        for period in released:
            charge = by_stretch.get((period.chain_id, period._period()))
            amount = min(Decimal(str(period.amount_invoiced)), creditable[period.move_line_id])
            creditable[period.move_line_id] -= amount
            if charge and not charge.released and self._can_net(charge, period.move_line_id):
                charge.released, charge.credited_amount = period, amount
                charge.amount -= amount
            else:
                proposals.append(self._credit(period, amount))
        return proposals

    @api.model
    def _can_net(self, charge, billed_line) -> bool:
        return billed_line.tax_ids == charge.taxes and billed_line.account_id == self._account(charge)

    @api.model
    def _credit(self, period, amount: Decimal) -> Charge:
        return Charge(
            contract=period.contract_id,
            line=period.line_id,
            period=period._period(),
            due=self._credit_due(period),
            quantity=period.quantity or 1.0,
            amount=-amount,
            credited_amount=amount,
            taxes=period.move_line_id.tax_ids,
            released=period,
        )

    @api.model
    def _order_key(self, charge):
        return (charge.contract.id, charge.due, charge.line.sequence, charge.line.chain_id.id, charge.period)

    # usage

    @api.model
    def _unbilled_usage(self, chains, until) -> dict:
        metered = [chain.id for chain in chains if chain.kind == "usage"]
        usages = defaultdict(self.env["subscription.usage"].browse)
        if metered:
            events = (
                self.env["subscription.usage"]
                .sudo()
                .search(
                    [("chain_id", "in", metered), ("period_id", "=", False), ("date", "<=", until)], order="date, id"
                )
            )
            usages.update({chain.id: group for chain, group in events.grouped("chain_id").items()})
        return usages

    @api.model
    def _settlement(self, chain, rows, proposed, ledger, usages) -> list[core_charges.Charge]:
        """Usage that arrives when every window is billed goes on a last charge of its own."""
        is_over = all(row.covered_until >= row.period.stop for row in rows)
        if chain.kind != "usage" or proposed or not usages or not is_over:
            return []
        service = core_charges.bounds(rows)
        day = max([service.stop, *(period.stop for period in ledger)])
        stretch = Period(day, day + timedelta(days=1))
        last = max(rows, key=lambda row: row.period.start)
        return [core_charges.Charge(last.key, stretch, stretch, Fraction(1), Decimal(0), service.stop, "usage")]

    @api.model
    def _rate_usage(self, charges: list[Charge], usages):
        """Attach each event to the window of its day, late ones to the first window billed now."""
        waiting = dict(usages)
        for charge in sorted(charges, key=lambda charge: charge.period):
            chain = charge.line.chain_id
            own = waiting.get(chain.id, self.env["subscription.usage"]).filtered(
                lambda usage, stop=charge.period.stop: usage.date < stop
            )
            waiting[chain.id] = waiting.get(chain.id, own) - own
            quantity, amount = rate(self._tariff(charge.line), self._windows(charge, own))
            charge.usages = own
            charge.quantity = float(quantity)
            charge.proposed = replace(charge.proposed, amount=amount)
            charge.amount = charge.billed_amount = self._rebased(charge.line, amount, charge.taxes)

    @api.model
    def _tariff(self, line) -> Tariff:
        return Tariff(
            price_unit=Decimal(str(line.price_unit)),
            discount=Decimal(str(line.discount)),
            included=Decimal(str(line.included_quantity)),
            minimum=Decimal(str(line.minimum_amount)),
            unit=line.contract_id._currency_unit(),
        )

    @api.model
    def _windows(self, charge, usages) -> Iterable[Window]:
        """The new events by window; those of windows billed before come with what was billed there."""
        cadence, anchor = charge.line.recurrence_id._cadence(), charge.line.anchor_date
        by_window = usages.grouped(lambda usage: cadence.containing(anchor, usage.date))
        own = by_window.pop(charge.proposed.nominal, usages.browse())
        if not charge.line._period() or charge.period.start < charge.line._period().stop:
            yield Window(Decimal(0), self._sum(own))
        for window, late in by_window.items():
            billed = usages.sudo().search(
                [
                    ("chain_id", "=", charge.line.chain_id.id),
                    ("period_id", "!=", False),
                    ("date", ">=", window.start),
                    ("date", "<", window.stop),
                ]
            )
            yield Window(self._sum(billed), self._sum(late), is_billed=True)

    @api.model
    def _sum(self, usages) -> Decimal:
        return sum((Decimal(str(usage.quantity)) for usage in usages), Decimal(0))

    # write

    @api.model
    def _write_charges(self, contracts, charges: list[Charge]):
        """Every document of ``charges``, posted or not as its contracts say; what must wait is held."""
        holds = self._holds(charges)
        self._hold([charge for charge in charges if id(charge) in holds], holds)
        return self._write_documents(contracts, self._groups([charge for charge in charges if id(charge) not in holds]))

    @api.model
    def _hold(self, charges, holds):
        """Stretches that are not billed now, and say why: they wait in the ledger."""
        self.env["subscription.period"].sudo().create(
            [{**self._period_vals(charge, "held", **holds[id(charge)]), "amount_invoiced": 0.0} for charge in charges]
        )

    @api.model
    @remembering
    def _write_documents(self, contracts, groups, mode=None):
        """Invoices, then the ledger, then the next dates; posting comes last.

        :param groups: the charges of each document.
        :param mode: ``draft`` or ``post`` when a person decides; else the contracts do.
        """
        self._preflight([charge for group in groups for charge in group])
        self._waive([charge for group in groups if not any(c.amount for c in group) for charge in group])
        groups = [group for group in groups if any(charge.amount for charge in group)]
        moves = self._create_moves([self._invoice_vals(group) for group in groups])
        self._record(
            pair
            for move, group in zip(moves, groups, strict=True)
            for pair in zip(group, self._product_lines(move), strict=True)
        )
        self._refresh(contracts, full=False)
        self._issue(moves.filtered(lambda move: self._leaves_as(move, mode) != "draft"))
        return moves

    @api.model
    def _leaves_as(self, move, asked) -> str:
        """How a document leaves: as a person asked, else as its contracts say."""
        return asked or self._invoicing_mode(move)

    @api.model
    def _issue(self, moves):
        """Post documents of the engine, and settle what they correct."""
        moves._post(soft=False)
        self._reconcile_credits(moves)

    @api.model
    def _create_moves(self, vals_list):
        return self.env["account.move"].sudo().create(vals_list)

    @api.model
    def _record(self, pairs):
        """The ledger rows of documents: of each charge with the product line that stands for it."""
        pairs = list(pairs)
        for charge, move_line in pairs:
            if charge.released:
                charge.released.write(
                    {
                        "state": "credited",
                        "credit_line_id": move_line.id,
                        "amount_credited": float(charge.credited_amount),
                    }
                )
        billed = [(charge, line) for charge, line in pairs if charge.proposed]
        self.env["subscription.period"].flush_model()
        periods = (
            self.env["subscription.period"]
            .sudo()
            .create([self._period_vals(charge, "billed", move_line_id=line.id) for charge, line in billed])
        )
        for (charge, _line), period in zip(billed, periods, strict=True):
            if charge.usages:
                charge.usages.sudo().period_id = period

    @api.model
    def _period_vals(self, charge, state, **values) -> dict:
        return {
            **self.env["subscription.period"]._values_of(charge.line),
            "date_start": charge.period.start,
            "date_stop": charge.period.stop,
            "share_numerator": charge.proposed.share.numerator,
            "share_denominator": charge.proposed.share.denominator,
            "quantity": charge.quantity,
            "amount": float(charge.proposed.amount),
            "amount_invoiced": float(charge.billed_amount),
            "state": state,
            **values,
        }

    @api.model
    def _waive(self, charges):
        """A document worth nothing is not issued; its stretches are settled all the same.

        What was billed and is worth the same after all stays billed: a later credit finds it.
        """
        for charge in charges:
            if charge.released and charge.proposed:
                charge.released.write({"state": "billed", "released_by_id": False})
            elif charge.released:
                charge.released.write({"state": "credited", "amount_credited": float(charge.credited_amount)})
        self.env["subscription.period"].flush_model()
        free = [charge for charge in charges if charge.proposed and not charge.released]
        periods = (
            self.env["subscription.period"]
            .sudo()
            .create([self._period_vals(charge, "waived", reason=self.env._("Nothing to pay")) for charge in free])
        )
        for charge, period in zip(free, periods, strict=True):
            if charge.usages:
                charge.usages.sudo().period_id = period

    @api.model
    def _refresh(self, contracts, full=True):
        """Recompute what the ledger covers and the day of the next invoice.

        :param full: read the whole ledger, as a verb that gives something back must.
        """
        contracts = contracts.sudo().filtered(lambda contract: contract.state != "draft")
        lines = contracts.line_ids.filtered(lambda line: line._period() and line.anchor_date)
        chains = lines.grouped("chain_id")
        ledger = self._ledger(chains, full=full)
        dates, moved = defaultdict(list), defaultdict(lines.browse)
        for chain, rows in chains.items():
            values = [row._row() for row in rows]
            if full:
                values = [replace(value, covered_until=value.period.start) for value in values]
            covered = self._covered(values, ledger[chain.id])
            for row, value in zip(rows, values, strict=True):
                if row.covered_until != covered[value.key]:
                    moved[covered[value.key]] += row
            values = [replace(value, covered_until=covered[value.key]) for value in values]
            terms = chain.contract_id._billing_terms()
            dates[chain.contract_id].append(core_charges.next_due(values, ledger[chain.id], terms))
        for period in self._due_credits(contracts, FOREVER):
            dates[period.contract_id].append(self._credit_due(period))
        for contract, day in self._late_usage(contracts):
            dates[contract].append(day)
        for day, rows in moved.items():
            rows.with_context(subscription_verb=VERB).covered_until = day
        due = contracts.grouped(lambda contract: min(filter(None, dates[contract]), default=False))
        for day, group in due.items():
            group.with_context(subscription_verb=VERB).next_billing_date = day

    @api.model
    def _covered(self, rows, ledger) -> dict:
        """The first day of each row that the ledger does not hold, its stop when there is none."""
        covered = {}
        for row in rows:
            window = row.period & Period(max(row.period.start, row.covered_until), FOREVER)
            gaps = window.subtract(ledger)
            covered[row.key] = gaps[0].start if gaps else row.period.stop
        return covered

    @api.model
    def _late_usage(self, contracts) -> list[tuple]:
        """Contracts with usage of lines that are billed to their end, and the day it was used.

        Late usage of a line that goes on rides with its next window.
        """
        metered = contracts.filtered(lambda contract: "usage" in contract.line_ids.mapped("kind"))
        if not metered:
            return []
        unbilled = (
            self.env["subscription.usage"]
            .sudo()
            ._read_group(
                [("contract_id", "in", metered.ids), ("period_id", "=", False)], ["contract_id", "chain_id", "date:day"]
            )
        )
        return [
            (contract, day)
            for contract, chain, day in unbilled
            if all(
                row.date_stop and (row.covered_until or row.date_start) >= row.date_stop
                for row in contract.line_ids
                if row.chain_id == chain and row._period()
            )
        ]

    # guards

    @api.model
    def _check_armed(self):
        if not self._is_armed():
            raise UserError(
                self.env._(
                    "This database is a copy, or its billing was never armed: nothing is billed here. "
                    "A manager arms it in Subscriptions > Configuration > Settings."
                )
            )

    @api.model
    def _fingerprint(self) -> str:
        """What tells this database from a copy of it: uuid, name and oid."""
        [[name, oid]] = self.env.execute_query(
            SQL("SELECT datname, oid FROM pg_database WHERE datname = current_database()")
        )
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return f"{uuid}/{name}/{oid}"

    @api.model
    def _is_armed(self) -> bool:
        return self.env["ir.config_parameter"].sudo().get_param("subscription_billing.armed") == self._fingerprint()

    @api.model
    def _arm(self):
        """Let this database, and no copy of it, bill."""
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", self._fingerprint())

    # hooks

    @api.model
    def _line_quantity(self, line, period: Period) -> float:
        """The quantity to bill on ``line`` for ``period``; a count taken elsewhere can replace the line's."""
        return line.quantity

    @api.model
    def _holds(self, charges: list[Charge]) -> dict:
        """Charges that must wait: by their ``id()``, the values of the ledger row that says why."""
        return {}

    @api.model
    def _proposal_warnings(self, charges: list[Charge]) -> dict:
        """Warnings a person should read, by contract: ``{contract: [text, ...]}``."""
        return {}

    @api.model
    def _on_invoiced(self, moves):
        """Called after posting with what bills contract lines or credits it, whoever posts.

        A credit note that a person made says so by ``subscription_credited_line_id`` alone.
        """
