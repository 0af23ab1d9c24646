from datetime import date, timedelta
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

from .subscription_dated import VERB
from .subscription_stage import CONTRACT_STATES

# what only verbs and the engine write, and what a running contract keeps for good
WRITTEN_BY_VERBS = frozenset(
    (
        "state",
        "anchor_date",
        "close_reason_id",
        "date_stop",
        "is_imported",
        "minimum_end",
        "next_billing_date",
        "paused_from",
        "resumes_on",
        "revision",
        "term_start",
    )
)
FIXED_WHILE_RUNNING = frozenset(("company_id", "pricelist_id", "currency_id", "date_start", "plan_id", "billed_until"))
BILLING_TERMS = frozenset(("billing_timing", "lead_days", "proration_policy"))
PARTIES = frozenset(("partner_id", "partner_invoice_id", "partner_shipping_id", "user_id", "team_id"))


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
    date_stop = fields.Date(readonly=True, copy=False, exportable=False)
    date_end = fields.Date("End", compute="_compute_date_end", search="_search_date_end", help="Last day served.")
    anchor_date = fields.Date("Anchor", copy=False, readonly=True, help="The day from which periods are counted.")
    billed_until = fields.Date(
        "Already billed until",
        copy=False,
        help="Last day billed before this contract came here; the engine bills what follows.",
    )
    term_start = fields.Date("Start of term", copy=False, readonly=True)
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
    @api.depends_context("subscription_as_of")
    def _compute_current_line_ids(self):
        for contract in self:
            day = contract._as_of_day()
            contract.current_line_ids = contract.line_ids.filtered(
                lambda line, day=day, is_draft=contract.state == "draft": (
                    line._period() and (line._is_in_force(day) or is_draft)
                )
            )

    @api.depends("line_ids.price_subtotal", "line_ids.date_start", "line_ids.date_stop")
    @api.depends_context("subscription_as_of")
    def _compute_recurring_total(self):
        for contract in self:
            contract.recurring_total = sum(contract._recurring_lines().mapped("price_subtotal"))

    @api.depends("line_ids.mrr", "line_ids.date_start", "line_ids.date_stop", "state")
    def _compute_mrr(self):
        """Stored, hence always today's, whatever day the form speaks of."""
        for contract in self:
            today = contract.with_context(subscription_as_of=False)
            contract.mrr = sum(today._recurring_lines().mapped("mrr")) if contract.state == "active" else 0.0

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
        self._check_present()
        if not self._in_verb():
            vals = self._changing(vals)
            self._check_writable(vals.keys())
            if PARTIES & vals.keys():
                vals = self._change_parties(vals)
        result = super().write(vals)
        if "invoicing_mode" in vals:
            self._check_review()
        if BILLING_TERMS & vals.keys():
            self.env["subscription.engine"]._refresh(self)
        return result

    def _change_parties(self, vals) -> dict:
        """A running contract keeps who it was with: each change of party is an amendment; returns what is left."""
        running = self.filtered(lambda contract: contract.state != "draft")
        parties = {name: vals[name] for name in PARTIES & vals.keys()}
        for contract in running:
            locked = contract._locked()
            with locked._amendment("party", locked._today(), keep_empty=False) as amendment:
                amendment._change_contract(parties, at_once=True)
        return vals if running != self else {name: value for name, value in vals.items() if name not in parties}

    def _check_writable(self, names):
        """A person edits a draft; afterwards verbs change what is billed."""
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
            vals["line_ids"] = [
                Command.create({name: value for name, value in line.copy_data()[0].items() if name != "date_start"})
                for line in lines
            ]
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_running(self):
        if any(contract.state != "draft" for contract in self):
            raise UserError(self.env._("Only a draft contract can be deleted: close a running one."))

    def _plan_values(self, plan) -> dict:
        journal = plan.with_company(self.company_id or self.env.company).journal_id
        return {**plan._terms_values(), "note": plan.note, "journal_id": journal.id}

    # reading

    def _plain_values(self, names) -> dict:
        """Values as JSON keeps them."""
        self.ensure_one()
        values = self._convert_to_write({name: self[name] for name in names})
        return {
            name: fields.Date.to_string(value) if isinstance(value, date) else value for name, value in values.items()
        }

    def _value_text(self, name, value) -> str:
        """A value of ``_plain_values`` as people read it."""
        field = self._fields[name]
        if field.type == "many2one":
            return self.env[field.comodel_name].browse(value or []).sudo().exists().display_name or "–"
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "–")
        if field.type == "date" and value:
            day = fields.Date.to_date(value)
            return format_date(self.env, day - timedelta(days=1) if name == "date_stop" else day)
        return "–" if value is False or value in (None, "") else str(value)

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

    # hooks

    def _on_lines_changed(self, amendment):
        """Called once after each verb, with its amendment; a change of customer, salesperson
        or team of a running contract is one too. With none when Odoo merges its customer into another."""

    def _customer_link(self) -> str:
        """The address of the page on which the customer reads this contract, for mails; empty without one."""
        return ""
