from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..core import timeline
from ..core.period import FOREVER

AMENDMENT_KINDS = [
    ("activate", "Activation"),
    ("change", "Change of lines"),
    ("plan", "Change of offer"),
    ("reprice", "Price revision"),
    ("terms", "Change of terms"),
    ("party", "Change of party"),
    ("renew", "Renewal"),
    ("pause", "Pause of the service"),
    ("resume", "Resumption"),
    ("convert", "End of trial"),
    ("close", "Closing"),
    ("reopen", "Reopening"),
    ("undo", "Taken back"),
]
LASTING = ("activate", "convert", "undo")
# what a verb writes on the contract the day it is used, whenever it takes effect
ANNOUNCED = frozenset(("close_reason_id", "date_stop", "paused_from", "resumes_on"))


class SubscriptionAmendment(models.Model):
    """What one verb did to a contract: which rows it closed and opened, which values it changed.

    Values that take effect on a later day wait in ``values_pending``; rows are dated and
    need no waiting.
    """

    _name = "subscription.amendment"
    _description = "Contract amendment"
    _order = "contract_id, number desc"
    _check_company_auto = True

    contract_id = fields.Many2one("subscription.contract", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="contract_id.partner_id")
    number = fields.Integer(required=True, readonly=True)
    kind = fields.Selection(AMENDMENT_KINDS, required=True, readonly=True)
    date_effective = fields.Date("Effective on", required=True, readonly=True)
    date_until = fields.Date("Until before", readonly=True, export_string_translation=False)
    author_id = fields.Many2one(
        "res.partner", required=True, readonly=True, default=lambda self: self.env.user.partner_id
    )
    order_id = fields.Many2one("sale.order", readonly=True, index="btree_not_null", ondelete="set null")
    reason = fields.Char(readonly=True)
    unpaid_move_ids = fields.Many2many(
        "account.move",
        "subscription_amendment_unpaid_rel",
        "amendment_id",
        "move_id",
        "Unpaid invoices",
        readonly=True,
        copy=False,
        groups="account.group_account_invoice,account.group_account_readonly",
        help="A pause for want of money ends by itself once these are paid.",
    )
    opened_line_ids = fields.One2many("subscription.line", "opened_by_id", "Opened lines", readonly=True)
    closed_line_ids = fields.One2many("subscription.line", "closed_by_id", "Closed lines", readonly=True)
    released_period_ids = fields.One2many("subscription.period", "released_by_id", "Released periods", readonly=True)
    values_before = fields.Json(readonly=True, copy=False)
    values_after = fields.Json(readonly=True, copy=False)
    values_pending = fields.Json(readonly=True, copy=False)
    is_pending = fields.Boolean(compute="_compute_is_pending", store=True)
    undone_by_id = fields.Many2one(
        "subscription.amendment",
        "Taken back by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    undone_ids = fields.One2many("subscription.amendment", "undone_by_id", "Takes back", readonly=True)
    undone_chain_ids = fields.Many2many(
        "subscription.line",
        "subscription_amendment_undone_chain_rel",
        "amendment_id",
        "chain_id",
        "Lines taken back",
        readonly=True,
        copy=False,
        help="Those of its lines that are as they were before, while the others stay changed.",
    )
    is_undoable = fields.Boolean(compute="_compute_is_undoable")
    summary = fields.Text("What changed", compute="_compute_summary")

    _number_unique = models.UniqueIndex("(contract_id, number)")

    @api.depends("contract_id.name", "number")
    def _compute_display_name(self):
        for amendment in self:
            amendment.display_name = f"{amendment.contract_id.name} / {amendment.number}"

    @api.depends("values_pending")
    def _compute_is_pending(self):
        for amendment in self:
            amendment.is_pending = bool(amendment.values_pending)

    @api.depends("kind", "undone_by_id")
    def _compute_is_undoable(self):
        for amendment in self:
            amendment.is_undoable = amendment.kind not in LASTING and not amendment.undone_by_id

    # what it changes on the contract

    def _has_effect(self) -> bool:
        return bool(self.opened_line_ids or self.closed_line_ids or self.values_after)

    def _change_contract(self, values, at_once=False):
        """Let the contract say ``values`` from the day of the amendment on, or at once; the former ones are kept."""
        self.ensure_one()
        contract = self.contract_id
        before = contract._plain_values(values)
        after = {**before, **contract.new(values, origin=contract)._plain_values(values)}
        after = {name: value for name, value in after.items() if value != before[name]}
        if not after:
            return
        self.write(
            {
                "values_before": {**{name: before[name] for name in after}, **(self.values_before or {})},
                "values_after": {**(self.values_after or {}), **after},
            }
        )
        if at_once or self.date_effective <= contract._today():
            contract.write(after)
        else:
            self.values_pending = {**(self.values_pending or {}), **after}

    def _apply(self):
        """The day has come for what waited."""
        amendment = self.sudo()
        amendment.contract_id.write(amendment.values_pending)
        amendment.values_pending = False

    def _held_from(self, name) -> date:
        """The day from which the contract says what this amendment makes of a value; ``FOREVER`` when it never did."""
        self.ensure_one()
        company = self.company_id
        if name in ANNOUNCED:
            return min(self.date_effective, company._subscription_day(self.create_date))
        undone = self.undone_by_id
        is_withdrawn = undone and company._subscription_day(undone.create_date) < self.date_effective
        return FOREVER if is_withdrawn or name in (self.values_pending or {}) else self.date_effective

    # taking it back

    def action_undo(self):
        """Take these amendments back, each by an amendment of its own."""
        for amendment in self.sorted("number", reverse=True):
            amendment._undo()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _undo(self, reason="", chains=None):
        """Give every day and every value back what this amendment changed, unless it was changed again since.

        :param chains: only these lines; the amendment holds for the others
        :raises UserError: when it cannot be taken back, or was already.
        """
        self.ensure_one()
        if not self.is_undoable:
            raise UserError(self.env._("%s cannot be taken back: amend the contract instead.", self.display_name))
        contract = self.contract_id._locked()
        undone = self.with_env(contract.env).sudo()
        left = undone._chains_left()
        chains = left if chains is None else chains & left
        with contract._amendment("undo", self.date_effective, reason=reason or self.display_name) as amendment:
            if chains == left:
                undone.undone_by_id = amendment
                amendment._restore(undone)
            contract._take_back(undone, amendment, chains)
            undone.undone_chain_ids |= chains
            contract._run_again()
        return amendment

    def _chains_left(self):
        """The lines that it changed and that nobody took back."""
        return (self.opened_line_ids | self.closed_line_ids).chain_id - self.undone_chain_ids

    def _restore(self, undone):
        """The values that ``undone`` changed on the contract, where nobody changed them again."""
        pending = undone.values_pending or {}
        undone.values_pending = False
        current = self.contract_id._plain_values(undone.values_after or {})
        restored = {
            name: undone.values_before[name]
            for name, value in (undone.values_after or {}).items()
            if name not in pending and current[name] == value
        }
        self._change_contract(restored, at_once=True)

    def _reversals(self, rows):
        """What this amendment did to the rows of one chain: see ``core.timeline.reversals``."""
        opened = rows.filtered(lambda row: row.opened_by_id == self and not row._is_passing())
        closed = rows.filtered(lambda row: row.closed_by_id == self and row.opened_by_id != self)
        before = [version for row in closed for version in row._lost_versions()]
        for row in opened:
            if row.former_id and row.former_id not in closed and row.former_id.opened_by_id != self:
                [version] = row.former_id._versions()
                before.append(timeline.Version(version.key, row._opening_period(), version.values))
        after = [
            timeline.Version(version.key, row._opening_period(), version.values)
            for row in opened
            for version in row._versions()
        ]
        return list(timeline.reversals(before, after))

    # words

    @api.depends_context("lang")
    @api.depends("kind", "date_effective", "opened_line_ids", "closed_line_ids", "values_after")
    def _compute_summary(self):
        # each amendment has a prefetch of its own: read at once what all of them compare
        self.contract_id.line_ids.fetch(["successor_ids", "tax_ids"])
        for amendment in self:
            amendment.summary = "\n".join(amendment._texts())

    def _summary(self) -> str:
        """Kind and day in one line: "Renewal from 01/01/2027"."""
        self.ensure_one()
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return self.env._(
            "%(kind)s from %(day)s", kind=kinds[self.kind], day=format_date(self.env, self.date_effective)
        )

    def _announcement(self) -> str:
        """The sentence in which the customer is told of it, where another addon has one: of a price revision, say."""
        return ""

    def _texts(self) -> list[str]:
        """What changed, in words: one text for each line and each value of the contract."""
        return [*self._line_texts(), *self._value_texts()]

    def _line_texts(self):
        for before, after in self._line_changes():
            if not after:
                yield self.env._(
                    "%(line)s: until %(day)s", line=before._label(), day=format_date(self.env, before.date_end)
                )
            elif not before:
                yield self.env._("%s: new", after._label())
            elif changed := after._differences(before):
                yield self.env._("%(line)s: %(details)s", line=after._label(), details=", ".join(changed))

    def _line_changes(self):
        """Pairs of rows: the one that held before and the one that this amendment put in its place, if any."""
        none = self.env["subscription.line"]
        opened = self.opened_line_ids.filtered(lambda row: not row._is_passing())
        for row in opened:
            yield row.former_id, row
        # a later amendment may have split the row that this one closed: its second part has no successor
        followed = {(row.chain_id, row.date_start) for row in opened}
        for row in self.closed_line_ids.filtered(lambda row: row.opened_by_id != self):
            is_replaced = row.successor_ids & self.opened_line_ids or (row.chain_id, row.date_stop) in followed
            if not is_replaced:
                yield row, none

    def _value_texts(self):
        for field, before, after in self._value_changes():
            yield self.env._("%(field)s: %(before)s → %(after)s", field=field, before=before, after=after)

    def _value_changes(self):
        """What it changed on the contract itself, in words: the name of the value, before and after."""
        contract = self.contract_id
        for name, after in (self.values_after or {}).items():
            yield (
                contract._fields[name].get_description(self.env)["string"],
                contract._value_text(name, (self.values_before or {}).get(name)),
                contract._value_text(name, after),
            )
