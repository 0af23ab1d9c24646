from ast import literal_eval

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_amount

# what verbs write, and nobody else
GUARDED = {
    "approved_by_id", "approved_on", "document_on", "document_pdf", "progress_done", "progress_total", "proposal_ids",
    "simulated_on", "started_by_id", "state", "todo_contract_ids", "work",
}  # fmt: skip
FILTERS = {
    "plan_ids": ("plan_id", "in"),
    "partner_ids": ("partner_id", "child_of"),
    "salesperson_ids": ("user_id", "in"),
    "team_ids": ("team_id", "in"),
}


class SubscriptionRun(models.Model):
    """One billing batch that a person reviews: simulate, look, exclude, approve, bill.

    What it shows is a snapshot. Billing proposes again and writes only the documents
    that are still exactly what was simulated; the others come back to be looked at.
    A run reserves nothing: what the hourly billing takes first is no longer due here.
    """

    _name = "subscription.run"
    _description = "Billing run"
    _inherit = ["mail.thread", "subscription.armed"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char("Number", default=lambda self: self.env._("New"), readonly=True, copy=False, required=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users", "Responsible", required=True, default=lambda self: self.env.user, index=True, tracking=True
    )
    until_date = fields.Date(
        "Until",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
        tracking=True,
        help="Everything due on or before this day.",
    )
    mode = fields.Selection(
        [("simulation", "Simulation"), ("draft", "Draft invoices"), ("post", "Posted invoices")],
        required=True,
        default="draft",
        tracking=True,
        help="Simulation: nothing is written. Draft: invoices are drafted, approved, then posted. "
        "Posted: invoices are posted as soon as they are approved.",
    )

    # which contracts
    plan_ids = fields.Many2many("subscription.plan", string="Plans", check_company=True)
    partner_ids = fields.Many2many("res.partner", string="Customers", check_company=True)
    salesperson_ids = fields.Many2many("res.users", string="Salespersons", domain=[("share", "=", False)])
    team_ids = fields.Many2many("crm.team", string="Sales teams", check_company=True)
    domain = fields.Char("Other conditions", default="[]")
    include_set_aside = fields.Boolean("Include contracts set aside", help="Those that wait for a later attempt.")
    variance_threshold = fields.Float(
        "Warn above", default=20.0, help="Difference with last time from which a document is pointed out, in percent."
    )

    # what is proposed
    proposal_ids = fields.One2many(
        "subscription.run.proposal", "run_id", "Proposed invoices", readonly=True, copy=False
    )
    simulated_on = fields.Datetime("Simulated on", readonly=True, copy=False)
    proposal_count = fields.Integer(compute="_compute_totals")
    warning_count = fields.Integer(compute="_compute_totals")
    changed_count = fields.Integer(compute="_compute_totals")
    failed_count = fields.Integer(compute="_compute_totals")
    excluded_count = fields.Integer(compute="_compute_totals")
    to_approve_count = fields.Integer(compute="_compute_totals")
    to_draft_count = fields.Integer(compute="_compute_totals")
    to_post_count = fields.Integer(compute="_compute_totals")
    posted_count = fields.Integer(compute="_compute_totals")
    move_count = fields.Integer(compute="_compute_totals")
    amount_company = fields.Monetary("Untaxed", compute="_compute_totals", help="Without what is excluded or failed.")

    # how far it is
    work = fields.Selection(
        [("simulate", "Simulating"), ("draft", "Drafting"), ("post", "Posting"), ("print", "Printing")],
        "In progress",
        readonly=True,
        copy=False,
    )
    started_by_id = fields.Many2one("res.users", "Started by", readonly=True, copy=False)
    todo_contract_ids = fields.Many2many(
        "subscription.contract", "subscription_run_todo_rel", string="Contracts to go", readonly=True, copy=False
    )
    progress_done = fields.Integer(readonly=True, copy=False)
    progress_total = fields.Integer(readonly=True, copy=False)
    is_ahead = fields.Boolean(compute="_compute_is_ahead", help="It bills what is not due yet.")
    progress = fields.Float(compute="_compute_progress", help="Percent of the contracts of the work in progress.")
    approved_by_id = fields.Many2one("res.users", "Approved by", readonly=True, copy=False, tracking=True)
    approved_on = fields.Datetime("Approved on", readonly=True, copy=False)
    state = fields.Selection(
        [
            ("draft", "New"),
            ("review", "To review"),
            ("approved", "Approved"),
            ("running", "In progress"),
            ("done", "Done"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
        index=True,
        tracking=True,
    )

    _work_idx = models.Index("(id) WHERE work IS NOT NULL")

    # computes

    @api.depends("until_date", "company_id")
    def _compute_is_ahead(self):
        for run in self:
            run.is_ahead = bool(run.until_date) and run.until_date > run.company_id._subscription_today()

    @api.depends("progress_done", "progress_total")
    def _compute_progress(self):
        for run in self:
            run.progress = 100 * run.progress_done / run.progress_total if run.progress_total else 0.0

    @api.depends("proposal_ids.state", "proposal_ids.is_approved")
    def _compute_totals(self):
        rows = self.env["subscription.run.proposal"]._read_group(
            [("run_id", "in", self.ids)],
            ["run_id", "state", "is_approved", "has_warning", "is_changed"],
            ["__count", "amount_company:sum", "move_id:count"],
        )
        names = (
            "proposal_count", "warning_count", "changed_count", "failed_count", "excluded_count", "to_approve_count",
            "to_draft_count", "to_post_count", "posted_count", "move_count", "amount_company",
        )  # fmt: skip
        self.update(dict.fromkeys(names, 0))
        for run, state, is_approved, has_warning, is_changed, count, amount, moves in rows:
            is_open = state in ("proposed", "drafted")
            run.proposal_count += count
            run.warning_count += count if has_warning and is_open else 0
            run.changed_count += count if is_changed and is_open else 0
            run.failed_count += count if state == "failed" else 0
            run.excluded_count += count if state == "excluded" else 0
            run.to_approve_count += count if is_open and not is_approved else 0
            run.to_draft_count += count if state == "proposed" else 0
            run.to_post_count += count if is_open and is_approved else 0
            run.posted_count += count if state == "posted" else 0
            run.move_count += moves
            run.amount_company += amount if is_open or state == "posted" else 0

    # constraints and records

    @api.constrains("domain")
    def _check_domain(self):
        for run in self:
            try:
                self.env["subscription.contract"].sudo().search_count(run._own_domain(), limit=1)
            except (ValueError, SyntaxError, TypeError, KeyError) as error:
                raise ValidationError(
                    self.env._("The other conditions of %(run)s are not valid: %(error)s", run=run.name, error=error)
                ) from error

    @api.constrains("variance_threshold")
    def _check_variance_threshold(self):
        if any(not 0 <= run.variance_threshold <= 1_000_000 for run in self):
            raise ValidationError(self.env._("The difference to point out is a percentage from 0 on."))

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_values(vals)
        runs = super().create(vals_list)
        for run in runs:
            run.sudo().name = self.env["ir.sequence"].with_company(run.company_id).next_by_code("subscription.run")
        return runs

    def write(self, vals):
        self._check_values(vals)
        if vals.keys() & {"company_id", "user_id"} and any(run.state != "draft" for run in self):
            raise UserError(self.env._("The company and the responsible of a run cannot change once it was simulated."))
        return super().write(vals)

    @api.model
    def _check_values(self, vals):
        """Who may set what: verbs alone write progress and approval; posting belongs to accounting."""
        if self.env.su:
            return
        if guarded := GUARDED & vals.keys():
            raise AccessError(self.env._("A run is changed by its buttons only: %s", ", ".join(sorted(guarded))))
        if vals.get("mode") == "post":
            self._check_accountant()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        if self.sudo().proposal_ids.move_id or any(run.work for run in self):
            raise UserError(self.env._("A run that made invoices, or is at work, is kept."))

    # who may do what

    @api.model
    def _is_accountant(self) -> bool:
        return self.env.su or self.env.user.has_group("account.group_account_invoice")

    @api.model
    def _check_accountant(self):
        if not self._is_accountant():
            raise AccessError(
                self.env._("Only people who may invoice approve and post: propose draft invoices instead.")
            )

    @api.model
    def _check_proposer(self):
        """Sales people propose, accounting does too; who may only read the books does not."""
        if not self._is_accountant() and not self.env.user.has_group("subscription_billing.group_subscription_user"):
            raise AccessError(self.env._("You may look at billing runs, not change them."))

    def _check_idle(self):
        if busy := self.filtered("work"):
            raise UserError(self.env._("%s is at work: wait until it is done, or stop it.", busy[0].name))

    # which contracts

    def _own_domain(self) -> Domain:
        return Domain(literal_eval(self.domain or "[]"))

    def _selection_domain(self) -> Domain:
        self.ensure_one()
        domain = Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "!=", "draft"),
                ("next_billing_date", "<=", self.until_date),
            ]
        )
        for name, (field, operator) in FILTERS.items():
            if self[name]:
                domain &= Domain(field, operator, self[name].ids)
        if not self.include_set_aside:
            domain &= Domain("next_attempt", "=", False) | Domain("next_attempt", "<=", self.env.cr.now())
        return domain & self._own_domain()

    def _selected(self):
        """The contracts that its responsible, and whoever asks, may both see."""
        contracts = self.env["subscription.contract"].search(self._selection_domain())
        return contracts.with_user(self.user_id)._filtered_access("read").with_env(self.env)

    # buttons

    def action_simulate(self):
        """Propose anew what is due; what is billed already stays."""
        self._check_proposer()
        self.check_access("write")
        for run in self:
            run._check_idle()
            contracts = run._selected()
            run = run.sudo()
            run.proposal_ids.filtered(lambda row: row.state not in ("drafted", "posted", "settled")).unlink()
            run._start("simulate", contracts)
        return True

    def action_approve(self):
        """Say that everything which can be billed may be."""
        self._check_accountant()
        self.check_access("read")
        for run in self.sudo():
            run._check_idle()
            rows = run.proposal_ids.filtered(lambda row: row.state in ("proposed", "drafted") and not row.is_approved)
            if not rows:
                raise UserError(self.env._("%s has nothing to approve: simulate first.", run.name))
            rows.filtered("move_id")._read_document()
            rows.write({"is_approved": True, "is_changed": False})
            run.write({"approved_by_id": self.env.user.id, "approved_on": self.env.cr.now()})
            run.message_post(
                body=self.env._(
                    "Approved: %(count)s documents, %(amount)s untaxed.",
                    count=len(rows),
                    amount=format_amount(self.env, sum(rows.mapped("amount_company")), run.currency_id),
                )
            )
            run._update_state()
        return True

    def action_draft(self):
        """Draft what is proposed; nothing is posted."""
        self._check_proposer()
        self.check_access("write")
        return self._start_billing("draft", lambda row: row.state == "proposed")

    def action_post(self):
        """Post what is approved, drafted already or not."""
        self._check_accountant()
        self.check_access("read")
        return self._start_billing("post", lambda row: row.state in ("proposed", "drafted") and row.is_approved)

    def _start_billing(self, work, is_wanted):
        self.env["subscription.engine"]._check_armed()
        for run in self.sudo():
            run._check_idle()
            if run.mode == "simulation":
                raise UserError(self.env._("%s is a simulation: change what it makes to bill it.", run.name))
            contracts = run.proposal_ids.filtered(is_wanted).contract_ids
            if not contracts:
                raise UserError(
                    self.env._("%s has nothing approved to post: approve it first.", run.name)
                    if work == "post"
                    else self.env._("%s proposes nothing to draft: simulate first.", run.name)
                )
            run._start(work, contracts)
        return True

    def action_stop(self):
        """Stop between two batches; what is done stays, and the same button goes on."""
        self._check_proposer()
        self.check_access("read")
        for run in self.sudo().filtered("work"):
            run.write({"work": False, "todo_contract_ids": [Command.clear()]})
            run._update_state()
        return True

    def action_send(self):
        """Have what was not sent leave through the outbox."""
        self._check_accountant()
        self.ensure_one()
        self.env["subscription.engine"]._check_armed()
        moves = self._moves().filtered(lambda move: move.state == "posted" and not move._subscription_is_sent())
        if not moves:
            raise UserError(self.env._("All posted invoices of %s are sent or about to be.", self.name))
        self.env["subscription.outbox"]._queue("send", moves)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s invoices are about to leave: see the outbox.", len(moves)),
            },
        }

    def _moves(self):
        self.check_access("read")
        return self.env["account.move"].browse(self.sudo().proposal_ids.move_id.sorted("id").ids)

    def action_view_proposals(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_run_proposal")
        return {**action, "domain": [("run_id", "=", self.id)], "context": self.env.context.get("review", {})}

    def action_view_moves(self):
        self.ensure_one()
        return self.env["subscription.contract"]._open_documents(self._moves())
