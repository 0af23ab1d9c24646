from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

from ..core.ledger import Entry, split
from ..core.money import spread
from ..core.period import FOREVER, Period

COUNTING = ("billed", "imported", "kept", "waived", "held")


class SubscriptionPeriod(models.Model):
    """The billing ledger: one stretch of a chain, and what became of it.

    Only the engine and the verbs write here. A row never changes its rate; it may
    be split at a day into two whose amounts add up to the original. The database
    refuses two counting rows of a chain on one day.
    """

    _name = "subscription.period"
    _description = "Billed period"
    _inherit = ["subscription.dated"]
    _order = "date_start desc, id desc"
    _check_company_auto = True

    contract_id = fields.Many2one(
        "subscription.contract", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    line_id = fields.Many2one("subscription.line", required=True, readonly=True, index=True, ondelete="restrict")
    chain_id = fields.Many2one("subscription.line", required=True, readonly=True, ondelete="restrict")
    product_id = fields.Many2one(related="line_id.product_id")
    partner_id = fields.Many2one(related="contract_id.partner_id")
    share_numerator = fields.Integer(readonly=True, default=1, aggregator=None)
    share_denominator = fields.Integer(readonly=True, default=1, aggregator=None)
    quantity = fields.Float(digits="Product Unit", readonly=True)
    price_unit = fields.Float(readonly=True, min_display_digits="Product Price", aggregator=None)
    discount = fields.Float(digits="Discount", readonly=True, aggregator=None)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary("Proposed", readonly=True, help="What the engine computed, in the price's own basis.")
    amount_invoiced = fields.Monetary(
        "Invoiced", readonly=True, help="What the invoice says, after any edit of its draft."
    )
    amount_credited = fields.Monetary("Credited", readonly=True, help="What a credit note gave back of it.")
    move_line_id = fields.Many2one(
        "account.move.line", "Billed on", readonly=True, index="btree_not_null", ondelete="set null"
    )
    credit_line_id = fields.Many2one(
        "account.move.line", "Credited on", readonly=True, index="btree_not_null", ondelete="set null"
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")
    credit_move_id = fields.Many2one(related="credit_line_id.move_id", string="Credit note")
    released_by_id = fields.Many2one(
        "subscription.amendment", readonly=True, index="btree_not_null", ondelete="set null"
    )
    reason = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("billed", "Billed"),
            ("imported", "Billed elsewhere"),
            ("kept", "Billed, no longer served"),
            ("waived", "Waived"),
            ("held", "Waits for a decision"),
            ("released", "To credit"),
            ("credited", "Credited"),
            ("void", "Void"),
        ],
        required=True,
        readonly=True,
        default="billed",
        index=True,
    )

    _not_empty = models.Constraint("CHECK(date_stop > date_start)", "A billed period has at least one day.")
    _billed_once = models.Constraint(
        "EXCLUDE USING gist (chain_id WITH =, daterange(date_start, date_stop) WITH &&) "
        "WHERE (state IN ('billed', 'imported', 'kept', 'waived', 'held'))",
        lambda env, diagnostics: env["subscription.period"]._billed_already(diagnostics),
    )
    _billed_once_start = models.UniqueIndex(
        "(chain_id, date_start) WHERE state IN ('billed', 'imported', 'kept', 'waived', 'held')",
        lambda env, diagnostics: env["subscription.period"]._billed_already(diagnostics),
    )
    _released_idx = models.Index("(contract_id) WHERE state = 'released'")

    @api.depends("line_id.product_id", "date_start", "date_end")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for period in self:
            days = " – ".join(format_date(self.env, day) for day in (period.date_start, period.date_end))
            period.display_name = f"{period.line_id.product_id.display_name} {days}"

    @api.model
    def _billed_already(self, diagnostics) -> str:
        return self.env._(
            "%s: a part of this period is billed already. Look at its billed periods.",
            self.env["subscription.line"]._chain_in(diagnostics),
        )

    def _share(self) -> Fraction:
        return Fraction(self.share_numerator, self.share_denominator)

    # what verbs decide: released, kept, imported

    @api.model
    def _release_replaced(self, rows, replacements, amendment):
        """Money is owed back for the billed stretches whose price ``replacements`` change."""
        for replacement in replacements:
            row = rows.browse(replacement.key)
            closed = Period(replacement.stop, max(replacement.stop, row._period().stop))
            for stretch in closed.subtract(successor.period for successor in replacement.successors):
                self._release(row, stretch, amendment)
            for successor in replacement.successors:
                if row._changes_price(successor.values):
                    self._release(row, successor.period, amendment)

    @api.model
    def _release_repriced(self, replaced):
        """The same for many rows, those of chains that are billed ahead of their change only."""
        chains = self.env["subscription.line"].union(*(row.chain_id for row, _replacement, _amendment in replaced))
        billed_to = dict(
            self.sudo()._read_group(
                [("chain_id", "in", chains.ids), ("state", "in", ("billed", "released"))],
                ["chain_id"],
                ["date_stop:max"],
            )
        )
        for row, replacement, amendment in replaced:
            if billed_to.get(row.chain_id, date.min) > replacement.stop:
                self._release_replaced(row, [replacement], amendment)

    @api.model
    def _release(self, row, stretch, amendment):
        """Owe back what was billed in ``stretch``; what is owed already is cut where it will be billed again."""
        for period in self._billed_in(row.chain_id, stretch, ("billed", "released")):
            part = period._cut(stretch)
            if part.state == "billed":
                part.write({"state": "released", "released_by_id": amendment.id})

    @api.model
    def _release_from(self, contract, day, amendment, whole=False):
        """Give back what was billed from ``day`` on; the whole current period when asked."""
        is_whole = whole or contract.proration_policy == "free"
        for chain in contract.line_ids.chain_id.filtered(lambda line: line.kind != "one_off"):
            start = self._period_start(contract, chain, day) if is_whole else day
            for period in self._billed_in(chain, Period(start, FOREVER)):
                part = period._cut(Period(start, FOREVER))
                part.write({"state": "released", "released_by_id": amendment.id})
                if whole and part.date_start < day:
                    # credited in full, yet served: a waived row keeps it from being billed again
                    part.flush_recordset()
                    part._twin("waived", date_stop=min(part.date_stop, day))

    @api.model
    def _release_all(self, contract, amendment):
        """Give back all that was billed, as if the contract had never been served."""
        for chain in contract.line_ids.chain_id:
            billed = self._billed_in(chain, Period(date.min, FOREVER), ("billed", "kept"))
            billed.write({"state": "released", "released_by_id": amendment.id})

    @api.model
    def _period_start(self, contract, chain, day):
        """Where the period of ``chain`` that contains ``day`` starts."""
        rows = contract.line_ids.filtered(lambda line: line.chain_id == chain and line._period())
        row = next((line for line in rows if line._is_in_force(day)), chain)
        return row.recurrence_id._cadence().containing(row.anchor_date, day).start if row.anchor_date else day

    @api.model
    def _keep_from(self, contract, day, amendment):
        """Nothing is owed back for what was billed from ``day`` on."""
        for chain in contract.line_ids.chain_id.filtered(lambda line: line.kind != "one_off"):
            for period in self._billed_in(chain, Period(day, FOREVER), ("billed", "released")):
                period._cut(Period(day, FOREVER)).write({"state": "kept", "released_by_id": amendment.id})

    @api.model
    def _keep_in(self, chain, window, amendment):
        """What was billed of a pause is neither served nor owed back: as many days follow it."""
        for period in self._billed_in(chain, window):
            period._cut(window).write({"state": "kept", "released_by_id": amendment.id})

    @api.model
    def _make_good(self, contract, chain, day, pause):
        """Waive as many days served from ``day`` on as ``pause`` kept of what was billed."""
        own = self.sudo().search([("chain_id", "=", chain.id), ("released_by_id", "=", pause.id)])
        own.filtered(lambda period: period._is_gift()).write({"state": "void"})
        days = sum(period._period().days for period in own if period.state == "kept")
        self.env["subscription.period"].flush_model()
        counting = self.sudo().search([("chain_id", "=", chain.id), ("state", "in", COUNTING)])
        settled = [period._period() for period in counting]
        for row in contract._rows_of(chain).sorted("date_start"):
            for free in (row._period() & Period(day, FOREVER)).subtract(settled):
                given = min(days, free.days)
                if given:
                    days -= given
                    self.sudo().create(
                        {
                            **self._values_of(row),
                            "date_start": free.start,
                            "date_stop": free.start + timedelta(days=given),
                            "state": "waived",
                            "released_by_id": pause.id,
                            "reason": self.env._("Days paid before the pause"),
                        }
                    )

    @api.model
    def _unkeep(self, amendment, since):
        """What ``amendment`` had kept from ``since`` on is served again, and what it had waived is not given away."""
        window = Period(since, FOREVER)
        for period in self.sudo().search([("released_by_id", "=", amendment.id), ("date_stop", ">", since)]):
            if period._is_gift():
                period.state = "void"
            elif period.state == "kept":
                period._cut(window).write({"state": "billed", "released_by_id": False})
            elif period.state in ("held", "waived"):
                period._cut(window).released_by_id = False

    def _is_gift(self) -> bool:
        """Whether no invoice ever billed it: it is given for what was paid and not served."""
        return self.state == "waived" and not self.move_line_id

    def _take_gifts_back(self):
        """What an amendment had kept of these days is not paid after all: as many of those it gave instead are due."""
        for contract, chain, pause in {(row.contract_id, row.chain_id, row.released_by_id) for row in self}:
            gifts = pause.sudo().released_period_ids.filtered(
                lambda period, chain=chain: period.chain_id == chain and period._is_gift()
            )
            if gifts:
                self._make_good(contract, chain, min(gifts.mapped("date_start")), pause)

    @api.model
    def _billed_in(self, chain, stretch, states=("billed",)):
        """The rows of ``chain`` in these states that share a day with ``stretch``, their invoices posted."""
        rows = self.sudo().search(
            [
                ("chain_id", "=", chain.id),
                ("state", "in", states),
                ("date_start", "<", stretch.stop),
                ("date_stop", ">", stretch.start),
            ],
            order="date_start",
        )
        rows.filtered(lambda period: period.state == "billed")._check_posted()
        return rows

    def _check_posted(self):
        if drafts := self.move_id.filtered(lambda move: move.state == "draft"):
            raise UserError(
                self.env._(
                    "The draft invoice %(invoice)s of %(partner)s bills this period: post it or delete it first.",
                    invoice=drafts[0].display_name,
                    partner=drafts[0].partner_id.display_name,
                )
            )

    @api.model
    def _import_until(self, contract, stop):
        """What was billed elsewhere before ``stop`` counts, and is never billed here."""
        self.sudo().create(
            [
                {
                    **self._values_of(line),
                    "date_start": line.date_start,
                    "date_stop": min(line._period().stop, stop),
                    "state": "imported",
                    "reason": self.env._("Billed before this contract came here"),
                }
                for line in contract.line_ids
                if line.date_start < stop
            ]
        )

    @api.model
    def _values_of(self, line) -> dict:
        return {
            "contract_id": line.contract_id.id,
            "company_id": line.company_id.id,
            "line_id": line.id,
            "chain_id": line.chain_id.id,
            "currency_id": line.currency_id.id,
            "quantity": line.quantity,
            "price_unit": line.price_unit,
            "discount": line.discount,
        }

    # splitting

    def _cut(self, stretch):
        """The part of this row inside ``stretch``, split off where it has to be."""
        self.ensure_one()
        row = self
        if row.date_start < stretch.start:
            row = row._split(stretch.start)
        if row.date_stop > stretch.stop:
            row._split(stretch.stop)
        return row

    def _split(self, day):
        """Cut the row in two at ``day``; returns the second."""
        self.ensure_one()
        line = self.line_id
        rows = [
            other._row() for other in line.contract_id.line_ids if other.chain_id == self.chain_id and other._period()
        ]
        first, second = split(self._entry(), day, line._row(), rows, line.contract_id._billing_terms())
        stop = self.date_stop
        self.write({"date_stop": day, **self._entry_values(first)})
        self.flush_recordset()
        values = {**self._entry_values(second), "move_line_id": self.move_line_id.id}
        return self._twin(self.state, date_start=day, date_stop=stop, **values)

    def _entry(self) -> Entry:
        """This row as the arithmetic reads it."""
        return Entry(
            period=self._period(),
            share=self._share(),
            proposed=Decimal(str(self.amount)),
            invoiced=Decimal(str(self.amount_invoiced)),
        )

    @api.model
    def _entry_values(self, entry) -> dict:
        return {
            "share_numerator": entry.share.numerator,
            "share_denominator": entry.share.denominator,
            "amount": float(entry.proposed),
            "amount_invoiced": float(entry.invoiced),
        }

    def _twin(self, state, **values):
        """A row like this one, in another state; a waived one is worth nothing."""
        empty = {"amount": 0.0, "amount_invoiced": 0.0, "move_line_id": False} if state == "waived" else {}
        values = {"date_start": self.date_start, "date_stop": self.date_stop, **values}
        return self.copy({"state": state, **empty, **values})

    # what documents do to the ledger

    def _total(self, name) -> Decimal:
        return sum((Decimal(str(period[name])) for period in self), Decimal(0))

    def _adjust(self, name, difference: Decimal):
        """Share what a person changed on a document over its rows, those given back left alone."""
        if not difference:
            return
        rows = self.filtered(lambda period: period.state in ("billed", "kept", "held")) or self
        before = [Decimal(str(row[name])) for row in rows]
        unit = Decimal(str(rows[0].currency_id.rounding))
        for row, amount in zip(rows, spread(sum(before) + difference, before, unit), strict=True):
            row[name] = float(amount)

    def _check_not_credited(self):
        """A document that another one gives back cannot disappear under it."""
        if credited := self.filtered(lambda period: period.state == "credited" and period.credit_line_id):
            raise UserError(
                self.env._(
                    "%(credit)s gives back a part of %(invoice)s: cancel or delete it first.",
                    credit=credited[0].credit_move_id.display_name,
                    invoice=credited[0].move_id.display_name,
                )
            )

    def _check_not_billed_again(self, moves):
        if self.filtered(lambda period: period.state == "void" and not period._is_void_release()):
            raise UserError(
                self.env._(
                    "What %s billed is billed again on another invoice: bringing it back would bill it twice.",
                    ", ".join(moves.mapped("display_name")),
                )
            )

    def _hold(self, reason):
        """The invoice is gone, the service is not: a person bills again or waives."""
        self.filtered(lambda period: period.state in ("billed", "kept")).sudo().write(
            {"state": "held", "reason": reason}
        )

    def _return(self):
        """The invoice is back: so is what it billed, as it was before it was held, given away or no longer owed."""
        for period in self:
            if period.state in ("held", "waived"):
                period.write({"state": "kept" if period.released_by_id else "billed", "reason": False})
            elif period._is_void_release():
                period.state = "released"

    def _is_void_release(self) -> bool:
        """Whether it was to be credited when its invoice went."""
        return self.state == "void" and bool(self.released_by_id)

    def action_bill_again(self):
        """Held stretches become due again, with the usage that was billed with them."""
        self._decide("void", self.env._("To bill again"))

    def action_waive(self):
        """Held stretches are given away for good."""
        self._decide("waived", self.env._("Waived"))

    def _decide(self, state, reason):
        self._check_may_decide()
        if self.filtered(lambda period: period.state != "held"):
            raise UserError(self.env._("Only periods that wait for a decision can be billed again or waived."))
        contracts = self.contract_id.sudo()._locked()
        self.sudo().write({"state": state, "reason": reason})
        if state == "void":
            self.env["subscription.usage"].sudo().search([("period_id", "in", self.ids)]).period_id = False
            self.sudo()._take_gifts_back()
            self.sudo().released_by_id = False
        self.env["subscription.engine"]._refresh(contracts)
        for contract in contracts:
            own = self.filtered(lambda period, contract=contract: period.contract_id == contract)
            contract.message_post(body=f"{reason}: {', '.join(own.mapped('display_name'))}")

    def _check_may_decide(self):
        self.check_access("read")
        groups = ("subscription_billing.group_subscription_manager", "account.group_account_invoice")
        if not any(map(self.env.user.has_group, groups)):
            raise AccessError(
                self.env._(
                    "Managers of subscriptions and people who may invoice decide "
                    "what becomes of a billed period: ask one."
                )
            )
