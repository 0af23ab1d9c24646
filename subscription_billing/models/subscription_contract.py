from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import plaintext2html

from ..core import timeline
from ..core.cadence import Cadence
from .subscription_dated import VERB
from .subscription_line import CARRIED
from .subscription_stage import CONTRACT_STATES

# what only verbs and the engine write, and what a running contract keeps for good
WRITTEN_BY_VERBS = frozenset(
    ("state", "anchor_date", "date_stop", "next_billing_date", "term_start", "close_reason_id", "revision")
)
FIXED_WHILE_RUNNING = frozenset(("company_id", "pricelist_id", "currency_id", "date_start", "plan_id", "billed_until"))
BILLING_TERMS = frozenset(("billing_timing", "lead_days", "proration_policy"))
OWNERS = frozenset(("partner_id", "user_id", "team_id"))
STOPPED = "subscription_billing.mail_activity_type_stopped"


class SubscriptionContract(models.Model):
    """A recurring contract: who, on what terms, and the verbs that change it.

    Every verb locks the contract, writes exactly one amendment and leaves the
    past as it was. What is billed is the business of ``subscription.engine``.
    """

    _name = "subscription.contract"
    _description = "Subscription contract"
    _inherit = ["subscription.terms", "portal.mixin", "rating.mixin", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True
    _rec_names_search = ["name", "external_id", "client_order_ref", "partner_id.name"]

    # identity
    name = fields.Char("Number", default=lambda self: self.env._("New"), readonly=True, copy=False, required=True)
    external_id = fields.Char("External reference", copy=False, help="Number of this contract in another application.")
    client_order_ref = fields.Char("Customer reference", help="Printed on invoices.")
    plan_id = fields.Many2one(
        "subscription.plan", required=True, ondelete="restrict", index=True, check_company=True, tracking=True
    )
    tag_ids = fields.Many2many("subscription.tag", string="Tags")
    contract_properties = fields.Properties("Properties", definition="plan_id.contract_properties_definition")
    note = fields.Html("Terms and conditions")

    # parties
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, tracking=True, ondelete="restrict", check_company=True
    )
    commercial_partner_id = fields.Many2one(related="partner_id.commercial_partner_id", store=True, index=True)
    partner_invoice_id = fields.Many2one(
        "res.partner",
        "Invoice address",
        compute="_compute_addresses",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="restrict",
        check_company=True,
        index="btree_not_null",
    )
    partner_shipping_id = fields.Many2one(
        "res.partner",
        "Delivery address",
        compute="_compute_addresses",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="restrict",
        check_company=True,
        index="btree_not_null",
    )
    customer_class = fields.Selection(
        [("consumer", "Consumer"), ("non_professional", "Non-professional"), ("professional", "Professional")],
        required=True,
        default="professional",
        help="Non-professional: a legal person outside its business, such as an association or a co-ownership.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Salesperson",
        default=lambda self: self.env.user,
        tracking=True,
        index=True,
        domain=[("share", "=", False)],
    )
    team_id = fields.Many2one(
        "crm.team",
        "Sales team",
        compute="_compute_team_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )

    # money
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    pricelist_id = fields.Many2one(
        "product.pricelist",
        compute="_compute_pricelist_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
    )
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, precompute=True, ondelete="restrict", required=True
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position", check_company=True, help="Empty: detected on the day of each invoice."
    )
    payment_term_id = fields.Many2one(
        "account.payment.term",
        "Payment terms",
        compute="_compute_payment_term_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
    )
    journal_id = fields.Many2one(
        "account.journal",
        "Invoicing journal",
        domain=[("type", "=", "sale")],
        check_company=True,
        help="Empty: the plan's, else the default sales journal.",
    )
    recurring_total = fields.Monetary(
        "Per period", compute="_compute_recurring_total", help="Lines in force today, discount off."
    )
    mrr = fields.Monetary(
        "MRR", compute="_compute_mrr", store=True, aggregator="sum", help="Monthly recurring revenue, without tax."
    )

    # dates
    signed_on = fields.Date(copy=False)
    date_start = fields.Date(
        "Start", required=True, default=lambda self: self.env.company._subscription_today(), copy=False, tracking=True
    )
    date_stop = fields.Date(readonly=True, copy=False)
    date_end = fields.Date("End", compute="_compute_date_end", search="_search_date_end", help="Last day served.")
    anchor_date = fields.Date("Anchor", copy=False, readonly=True, help="The day from which periods are counted.")
    billed_until = fields.Date(
        "Already billed until",
        copy=False,
        help="Last day billed before this contract came here; the engine bills what follows.",
    )
    term_start = fields.Date(copy=False, readonly=True)
    term_end = fields.Date("End of term", copy=False, help="Last day of the current term.")
    notice_deadline = fields.Date(
        compute="_compute_notice_deadline", store=True, help="Last day to refuse the renewal."
    )
    next_billing_date = fields.Date("Next invoice", copy=False, readonly=True, tracking=False)

    # state
    state = fields.Selection(
        CONTRACT_STATES, required=True, default="draft", readonly=True, copy=False, tracking=True, index=True
    )
    stage_id = fields.Many2one(
        "subscription.stage",
        compute="_compute_stage_id",
        store=True,
        readonly=False,
        group_expand="_read_group_stage_ids",
        domain="[('state', '=', state)]",
        copy=False,
        index=True,
        ondelete="restrict",
    )
    close_reason_id = fields.Many2one(
        "subscription.close.reason", readonly=True, copy=False, tracking=True, index="btree_not_null"
    )
    billing_error = fields.Text("Why it waits", copy=False, readonly=True)
    next_attempt = fields.Datetime("Next attempt", copy=False, readonly=True)
    revision = fields.Integer(
        copy=False, readonly=True, default=0, help="How often verbs and the engine wrote this contract."
    )

    # documents
    line_ids = fields.One2many("subscription.line", "contract_id", "All lines", copy=False)
    current_line_ids = fields.Many2many("subscription.line", string="Lines", compute="_compute_current_line_ids")
    amendment_ids = fields.One2many("subscription.amendment", "contract_id", readonly=True)
    period_ids = fields.One2many("subscription.period", "contract_id", readonly=True)
    order_ids = fields.One2many("sale.order", "subscription_contract_id", "Orders", readonly=True)
    invoice_ids = fields.Many2many("account.move", compute="_compute_invoices", string="Invoices")
    invoice_count = fields.Integer(compute="_compute_invoices")
    order_count = fields.Integer(compute="_compute_document_counts")
    period_count = fields.Integer(compute="_compute_document_counts")
    usage_count = fields.Integer(compute="_compute_document_counts")

    _external_id_unique = models.UniqueIndex(
        "(company_id, external_id) WHERE external_id IS NOT NULL",
        "Another contract of this company has the same external reference.",
    )
    _next_billing_date_idx = models.Index("(next_billing_date, id) WHERE next_billing_date IS NOT NULL")

    # computes

    @api.depends("partner_id")
    def _compute_addresses(self):
        for contract in self:
            addresses = contract.partner_id.address_get(["invoice", "delivery"]) if contract.partner_id else {}
            contract.partner_invoice_id = addresses.get("invoice", False)
            contract.partner_shipping_id = addresses.get("delivery", False)

    @api.depends("user_id", "company_id")
    def _compute_team_id(self):
        for contract in self:
            contract.team_id = contract.team_id or self.env["crm.team"].with_company(
                contract.company_id
            )._get_default_team_id(user_id=contract.user_id.id)

    @api.depends("partner_id", "company_id")
    def _compute_pricelist_id(self):
        for contract in self:
            if contract.state == "draft":
                contract.pricelist_id = contract.partner_id.with_company(contract.company_id).property_product_pricelist

    @api.depends("pricelist_id", "company_id")
    def _compute_currency_id(self):
        for contract in self:
            contract.currency_id = contract.pricelist_id.currency_id or contract.company_id.currency_id

    @api.depends("partner_id", "company_id")
    def _compute_payment_term_id(self):
        for contract in self:
            contract.payment_term_id = contract.partner_id.with_company(contract.company_id).property_payment_term_id

    @api.depends("line_ids.date_start", "line_ids.date_stop", "company_id")
    def _compute_current_line_ids(self):
        for contract in self:
            day = contract._as_of_day()
            contract.current_line_ids = contract.line_ids.filtered(
                lambda line, day=day, is_draft=contract.state == "draft": (
                    line._period() and (line._is_in_force(day) or is_draft)
                )
            )

    @api.depends("line_ids.price_subtotal", "line_ids.date_start", "line_ids.date_stop")
    def _compute_recurring_total(self):
        for contract in self:
            contract.recurring_total = sum(contract._recurring_lines().mapped("price_subtotal"))

    @api.depends("line_ids.mrr", "line_ids.date_start", "line_ids.date_stop", "state")
    def _compute_mrr(self):
        for contract in self:
            contract.mrr = sum(contract._recurring_lines().mapped("mrr")) if contract.state == "active" else 0.0

    def _recurring_lines(self):
        """The recurring lines in force on the day the form speaks of."""
        self.ensure_one()
        day = self._as_of_day()
        return self.line_ids.filtered(lambda line: line.kind == "recurring" and line._is_in_force(day))

    @api.depends("date_stop")
    def _compute_date_end(self):
        for contract in self:
            contract.date_end = contract.date_stop and contract.date_stop - timedelta(days=1)

    def _search_date_end(self, operator, value):
        if operator in ("in", "not in"):
            shifted = [day and fields.Date.to_date(day) + timedelta(days=1) for day in value]
        else:
            shifted = value and fields.Date.to_date(value) + timedelta(days=1)
        return [("date_stop", operator, shifted)]

    @api.depends("term_end", "notice", "notice_unit", "renewal")
    def _compute_notice_deadline(self):
        for contract in self:
            if contract.term_end and contract.notice and contract.renewal == "tacit":
                stop = contract.term_end + timedelta(days=1)
                contract.notice_deadline = Cadence(contract.notice_unit, contract.notice).nth(stop, -1)
            else:
                contract.notice_deadline = contract.renewal == "tacit" and contract.term_end

    @api.depends("state")
    def _compute_stage_id(self):
        stages = self.env["subscription.stage"].search([])
        for contract in self:
            if contract.stage_id.state != contract.state:
                contract.stage_id = stages.filtered(lambda stage, state=contract.state: stage.state == state)[:1]

    def _read_group_stage_ids(self, stages, domain):
        return stages.search([])

    @api.depends("period_ids.move_line_id", "period_ids.credit_line_id")
    @api.depends_context("uid")
    def _compute_invoices(self):
        """The documents that bill and credit a contract, as far as the user may see them."""
        periods = self.env["subscription.period"].sudo().search([("contract_id", "in", self.ids)])
        for contract in self:
            own = periods.filtered(lambda period, contract=contract: period.contract_id == contract)
            moves = own.move_line_id.move_id | own.credit_line_id.move_id
            contract.invoice_ids = moves.sudo(self.env.su)._filtered_access("read")
            contract.invoice_count = len(contract.invoice_ids)

    def _compute_document_counts(self):
        def counts(model, field):
            groups = self.env[model]._read_group([(field, "in", self.ids)], [field], ["__count"])
            return {contract.id: count for contract, count in groups}

        periods, usages = counts("subscription.period", "contract_id"), counts("subscription.usage", "contract_id")
        orders = counts("sale.order", "subscription_contract_id")
        for contract in self:
            contract.period_count = periods.get(contract.id, 0)
            contract.usage_count = usages.get(contract.id, 0)
            contract.order_count = orders.get(contract.id, 0)

    def _compute_access_url(self):
        super()._compute_access_url()
        for contract in self:
            contract.access_url = f"/my/subscriptions/{contract.id}"

    # constraints and records

    @api.constrains("anchor_date", "date_start", "date_stop", "billed_until")
    def _check_dates(self):
        for contract in self:
            if contract.date_stop and contract.date_stop < contract.date_start:
                raise ValidationError(self.env._("%s ends before it starts.", contract.display_name))
            if contract.billed_until and contract.billed_until < contract.date_start:
                raise ValidationError(
                    self.env._("%s is said to be billed until a day before its start.", contract.display_name)
                )

    @api.onchange("plan_id")
    def _onchange_plan_id(self):
        if self.plan_id and self.state == "draft":
            self.update(self._plan_values(self.plan_id))

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            plan = self.env["subscription.plan"].browse(vals.get("plan_id"))
            if plan:
                vals |= {**self._plan_values(plan), **vals}
        contracts = super().create(vals_list)
        for contract in contracts.filtered(lambda contract: contract.name == self.env._("New")):
            contract.name = (
                self.env["ir.sequence"]
                .with_company(contract.company_id)
                .next_by_code("subscription.contract", sequence_date=contract.date_start)
            )
        contracts._check_review()
        return contracts

    def write(self, vals):
        self._check_writable(vals.keys())
        result = super().write(vals)
        if "invoicing_mode" in vals:
            self._check_review()
        if BILLING_TERMS & vals.keys():
            self.env["subscription.engine"]._refresh(self)
        if OWNERS & vals.keys():
            for contract in self.filtered(lambda contract: contract.state != "draft"):
                contract._on_lines_changed(self.env["subscription.amendment"])
        return result

    def _check_writable(self, names):
        """A person edits a draft; afterwards verbs change what is billed."""
        if self._in_verb():
            return
        if forbidden := WRITTEN_BY_VERBS & names:
            raise UserError(
                self.env._("Buttons of the contract change %s, never a direct edit.", self._labels(forbidden))
            )
        fixed = FIXED_WHILE_RUNNING & names
        for contract in self.filtered(lambda contract: contract.state != "draft") if fixed else ():
            raise UserError(
                self.env._(
                    "%(contract)s is running: %(fields)s cannot change any more. Close it and open another one.",
                    contract=contract.display_name,
                    fields=self._labels(fixed),
                )
            )

    def _check_review(self):
        """What a plan wants reviewed is not posted unseen because a salesperson says so."""
        may_post = self.env.su or any(
            self.env.user.has_group(group)
            for group in ("account.group_account_invoice", "subscription_billing.group_subscription_manager")
        )
        for contract in self if not may_post else ():
            if contract.plan_id.invoicing_mode == "draft" and contract.invoicing_mode != "draft":
                raise AccessError(
                    self.env._(
                        "The plan %(plan)s asks for a review of its invoices: only accounting or a manager lifts it on "
                        "%(contract)s.",
                        plan=contract.plan_id.display_name,
                        contract=contract.display_name,
                    )
                )

    def _in_verb(self) -> bool:
        return self.env.context.get("subscription_verb") is VERB

    def _labels(self, names) -> str:
        return ", ".join(self._fields[name].get_description(self.env)["string"] for name in sorted(names))

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for contract, vals in zip(self, vals_list, strict=True):
            lines = contract.current_line_ids or contract.line_ids
            vals["line_ids"] = [Command.create({**line.copy_data()[0], "date_start": False}) for line in lines]
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_running(self):
        if any(contract.state != "draft" for contract in self):
            raise UserError(self.env._("Only a draft contract can be deleted: close a running one."))

    def _plan_values(self, plan) -> dict:
        journal = plan.with_company(self.company_id or self.env.company).journal_id
        return {**plan._terms_values(), "note": plan.note, "journal_id": journal.id}

    # reading

    def _today(self) -> date:
        return (self.company_id or self.env.company)._subscription_today()

    def _as_of_day(self) -> date:
        """The day the form speaks of: a past one when asked, else today, within the contract's life."""
        asked = self.env.context.get("subscription_as_of")
        day = fields.Date.to_date(asked) if asked else self._today()
        return max(day, self.date_start or day)

    def _currency_unit(self) -> Decimal:
        """The smallest amount of the contract's currency: 0.01 for the euro."""
        return Decimal(str(self.currency_id.rounding or 0.01))

    # verbs

    def action_activate(self):
        """Draft to active: fixes the anchor and the terms, dates the lines and arms the billing."""
        for contract in self:
            if contract.state != "draft":
                raise UserError(self.env._("%s is running already.", contract.display_name))
            if not contract.line_ids:
                raise UserError(self.env._("%s has no line: add what is sold.", contract.display_name))
            contract._activate()
        return True

    def _activate(self):
        self.ensure_one()
        contract = self._locked()
        anchor = contract.anchor_date or contract._anchor_for(contract.date_start)
        with contract._amendment("activate", contract.date_start) as amendment:
            contract.write(
                {
                    "state": "active",
                    "anchor_date": anchor,
                    "signed_on": contract.signed_on or contract._today(),
                    **contract._first_term(),
                }
            )
            for line in contract.line_ids:
                line.write({"opened_by_id": amendment.id, **contract._activation_values(line, anchor)})
                contract._end_promotion(amendment, line)
            if contract.billed_until:
                self.env["subscription.period"]._import_until(contract, contract.billed_until + timedelta(days=1))

    def _activation_values(self, line, anchor) -> dict:
        """Dates and anchor of a line on the day its contract starts to run."""
        start = max(line.date_start, self.date_start)
        stop = line.date_stop
        line_anchor = line.anchor_date or anchor
        if line.kind == "one_off":
            stop = start + timedelta(days=1)
        elif line.occurrences:
            stop = self._nth_stop(line, start, line_anchor, line.occurrences)
        return {"date_start": start, "date_stop": stop, "anchor_date": line_anchor}

    @api.model
    def _nth_stop(self, line, start, anchor, count) -> date:
        """Where the ``count``-th period from ``start`` stops, a first stub included."""
        cadence = line.recurrence_id._cadence()
        return cadence.nth(anchor, cadence.index(anchor, start) + count)

    def _end_promotion(self, amendment, line):
        """A discount for some periods ends by itself: the chain goes on at full price."""
        if line.discount and line.discount_occurrences:
            day = self._nth_stop(line, line.date_start, line.anchor_date, line.discount_occurrences)
            self._change_chain(amendment, line.chain_id, day, {"discount": 0.0})

    def _first_term(self) -> dict:
        if not self.commitment:
            return {"term_start": self.date_start, "term_end": False}
        stop = Cadence(self.commitment_unit, self.commitment).nth(self.date_start, 1)
        values = {"term_start": self.date_start, "term_end": stop - timedelta(days=1)}
        return values

    def _amend(self, date: date, changes: Sequence[tuple], reason: str = "", order=None):
        """Change lines from ``date`` on, without touching what was before.

        :param changes: pairs ``(line, {field: value})`` to change a line, ``(line, None)``
            to stop it and ``(None, values)`` to open one. A line stands for its chain;
            only the fields that change are named, and they are replayed on every later
            row of it. Equal values change nothing.
        :returns: the ``subscription.amendment``, empty when nothing changed.
        :raises UserError: when the contract does not run, or a change is impossible.
        """
        self.ensure_one()
        contract = self._locked()
        if contract.state not in ("active", "paused"):
            raise UserError(self.env._("%s does not run: it cannot be amended.", contract.display_name))
        if date < contract.date_start or (contract.date_stop and date >= contract.date_stop):
            raise UserError(
                self.env._(
                    "A change of %(contract)s takes effect between its start and its end, not on %(day)s.",
                    contract=contract.display_name,
                    day=fields.Date.to_string(date),
                )
            )
        with contract._amendment("change", date, reason=reason, order=order, keep_empty=False) as amendment:
            for line, values in changes:
                if line is None:
                    contract._open_line(amendment, date, values)
                else:
                    contract._change_chain(amendment, line.chain_id, date, values)
        return amendment.exists()

    def _close(self, date: date, close_reason=None, credit: str = "none"):
        """End the contract: ``date`` is the first day no longer served.

        :param credit: what becomes of what was billed from ``date`` on: ``none`` keeps
            it, ``prorata`` gives it back, ``full`` gives back the whole current period.
        :returns: the credit notes.
        """
        self.ensure_one()
        return self.env["subscription.engine"]._credit_released(self._end(date, close_reason, credit))

    def _end(self, date: date, close_reason=None, credit: str = "none"):
        """What ``_close`` does to lines and ledger, before any credit note is written."""
        contract = self._locked()
        if contract.state not in ("active", "paused"):
            raise UserError(self.env._("%s does not run: it cannot be closed.", contract.display_name))
        if date < contract.date_start:
            raise UserError(self.env._("%s cannot end before it starts.", contract.display_name))
        ledger = self.env["subscription.period"]
        with contract._amendment("close", date, reason=close_reason and close_reason.name) as amendment:
            if credit == "none":
                ledger._keep_from(contract, date, amendment)
            else:
                ledger._release_from(contract, date, amendment, whole=credit == "full")
            for chain in contract.line_ids.chain_id:
                contract._change_chain(amendment, chain, date, None, settle=False)
            contract.write(
                {
                    "date_stop": date,
                    "close_reason_id": close_reason and close_reason.id,
                    **({"state": "closed"} if date <= contract._today() else {}),
                }
            )
        return contract

    @api.model
    def _ended(self):
        """The running contracts whose last day has passed."""
        return self.union(
            *(
                self.search(
                    [
                        ("company_id", "=", company.id),
                        ("state", "in", ("active", "paused")),
                        ("date_stop", "<=", company._subscription_today()),
                    ]
                )
                for company in self.env["res.company"].search([])
            )
        )

    def _mark_ended(self):
        """Let the contracts be closed whose planned end has come."""
        ended = self._try_lock().with_context(subscription_verb=VERB) & self._ended()
        ended.state = "closed"

    # how verbs work

    def _locked(self):
        """These contracts, locked until the end of the transaction and safe to write.

        :raises UserError: when somebody else bills or changes one of them right now.
        """
        locked = self._try_lock()
        if missing := self - locked:
            raise UserError(
                self.env._(
                    "%s is being billed or changed by somebody else. Wait a moment and try again.",
                    ", ".join(missing.mapped("display_name")),
                )
            )
        return locked.with_context(subscription_verb=VERB)

    def _try_lock(self):
        """The contracts of these that could be locked, ids ascending.

        Under REPEATABLE READ a lock alone proves nothing: the row is written too, so
        that whoever worked on an older snapshot fails with a serialization error.
        """
        locked = self.sorted("id").try_lock_for_update(allow_referencing=True)
        if locked:
            self.env.cr.execute(
                "UPDATE subscription_contract SET revision = COALESCE(revision, 0) + 1 WHERE id IN %s", [locked._ids]
            )
            locked.invalidate_recordset(["revision"])
        return locked

    @contextmanager
    def _amendment(self, kind, date, reason="", order=None, keep_empty=True):
        """The one amendment of a verb; what the rows became is announced once, at its end."""
        self.ensure_one()
        number = max(self.amendment_ids.mapped("number"), default=0) + 1
        amendment = (
            self.env["subscription.amendment"]
            .sudo()
            .create(
                {
                    "contract_id": self.id,
                    "number": number,
                    "kind": kind,
                    "date_effective": date,
                    "reason": reason,
                    "author_id": self.env.user.partner_id.id,
                }
            )
        )
        yield amendment
        if not keep_empty and not (amendment.opened_line_ids or amendment.closed_line_ids):
            amendment.unlink()
            return
        self.env["subscription.engine"]._refresh(self)
        self._on_lines_changed(amendment)

    def _change_chain(self, amendment, chain, date, values, settle=True):
        """Replay a change, or a stop when ``values`` is None, on the rows of a chain."""
        rows = self.line_ids.filtered(lambda line: line.chain_id == chain)
        if not rows:
            raise UserError(self.env._("%s has no such line.", self.display_name))
        if values is None:
            replacements = timeline.stop(rows._versions(), date)
        else:
            self._check_changes(values)
            rows._check_input(values)
            comparable = {name: rows._comparable(name, value) for name, value in values.items()}
            replacements = timeline.overwrite(rows._versions(), date, comparable)
        if settle:
            self.env["subscription.period"]._release_replaced(rows, replacements, amendment)
        for replacement in replacements:
            self._replace(rows.browse(replacement.key), replacement, amendment)

    def _replace(self, row, replacement, amendment):
        """Close a row and open its successor, in that order: the database refuses both at once."""
        stop, covered = row.date_stop, row.covered_until
        row.write({"date_stop": replacement.stop, "closed_by_id": amendment.id})
        row.flush_recordset()
        if replacement.successor:
            values = self._stored(replacement.successor.values)
            row.copy(
                {
                    **values,
                    "date_start": replacement.successor.period.start,
                    "date_stop": stop,
                    "chain_id": row.chain_id.id,
                    "kind": row.kind,
                    "occurrences": row.occurrences,
                    "covered_until": covered,
                    "opened_by_id": amendment.id,
                }
            )

    def _open_line(self, amendment, date, values):
        line = self.env["subscription.line"].create(
            {
                **values,
                "contract_id": self.id,
                "date_start": values.get("date_start") or date,
                "opened_by_id": amendment.id,
            }
        )
        line.write(self._activation_values(line, self.anchor_date))
        self._end_promotion(amendment, line)
        return line

    @api.model
    def _check_changes(self, values):
        if unknown := values.keys() - set(CARRIED):
            raise UserError(self.env._("A change of a contract line cannot name %s.", ", ".join(sorted(unknown))))

    @api.model
    def _stored(self, values) -> dict:
        """Values of a version, as the ORM writes them."""
        return {name: [Command.set(value)] if name == "tax_ids" else value for name, value in values.items()}

    # waiting for a person

    def _park(self, reason, next_attempt):
        """Bill nothing here before ``next_attempt``, and show why."""
        self._locked().write({"billing_error": reason, "next_attempt": next_attempt})

    def _unpark(self):
        """What stopped the billing is over."""
        parked = self.filtered(lambda contract: contract.billing_error or contract.next_attempt)
        parked.write({"billing_error": False, "next_attempt": False})
        parked.activity_unlink([STOPPED])

    def _activity_to_bill(self, reason):
        """One to-do for whoever is responsible, with the last reason."""
        self.ensure_one()
        note = plaintext2html(reason)
        if known := self.activity_search([STOPPED]):
            known.note = note
        elif responsible := self._responsible():
            self.activity_schedule(STOPPED, note=note, user_id=responsible.id)

    def _responsible(self):
        """The salesperson, else a manager of contracts in the company."""
        managers = self.env.ref("subscription_billing.group_subscription_manager").all_user_ids
        present = managers.filtered(lambda user: user.active and self.company_id in user.company_ids)
        return self.user_id.filtered("active") or present[:1]

    # hooks

    def _on_lines_changed(self, amendment):
        """Called once after each verb, with its amendment, and with none when the customer,
        the salesperson or the team of a running contract changes."""
