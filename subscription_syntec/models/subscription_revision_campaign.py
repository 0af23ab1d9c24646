from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every

BATCH = 200
AT_ONCE = 200  # what a person waits for; beyond it the job goes on
FILTERS = {
    "clause_ids": "revision_clause_id",
    "plan_ids": "plan_id",
    "partner_ids": "partner_id",
    "salesperson_ids": "user_id",
}


class SubscriptionRevisionCampaign(models.Model):
    """The revisions of many contracts, reviewed together: choose, simulate, approve, apply."""

    _name = "subscription.revision.campaign"
    _description = "Revision campaign"
    _inherit = ["mail.thread"]
    _order = "until_date desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, default=lambda self: self.env._("New campaign"))
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user, required=True)
    until_date = fields.Date(
        "Until",
        required=True,
        default=lambda self: self.env.company._subscription_today(),
        help="Revisions whose day is on or before this one.",
    )
    clause_ids = fields.Many2many("subscription.revision.clause", string="Clauses")
    plan_ids = fields.Many2many("subscription.plan", string="Plans")
    partner_ids = fields.Many2many("res.partner", string="Customers")
    salesperson_ids = fields.Many2many("res.users", string="Salespersons", domain=[("share", "=", False)])
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "To approve"),
            ("applying", "Being applied"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="draft",
        tracking=True,
    )
    revision_ids = fields.One2many("subscription.revision", "campaign_id", "Revisions")
    reason = fields.Char("Reason of the cancellation", readonly=True, copy=False)
    revision_count = fields.Integer(compute="_compute_totals")
    waiting_count = fields.Integer(compute="_compute_totals")
    proposed_count = fields.Integer(compute="_compute_totals")
    applied_count = fields.Integer(compute="_compute_totals")
    failed_count = fields.Integer(compute="_compute_totals")
    progress = fields.Float(compute="_compute_totals")
    effect_mrr = fields.Monetary("Effect on MRR", compute="_compute_totals")
    effect_year = fields.Monetary("Effect on 12 months", compute="_compute_totals")

    @api.depends("revision_ids.state", "revision_ids.effect_mrr", "revision_ids.effect_year", "revision_ids.failure")
    def _compute_totals(self):
        for campaign in self:
            states = campaign.revision_ids.grouped("state")
            counted = campaign.revision_ids.filtered(
                lambda revision: revision.state in ("proposed", "approved", "applied")
            )
            decided = sum(len(states.get(state, ())) for state in ("applied", "excluded", "cancelled"))
            campaign.revision_count = len(campaign.revision_ids)
            campaign.waiting_count = len(states.get("waiting", ()))
            campaign.proposed_count = len(states.get("proposed", ()))
            campaign.applied_count = len(states.get("applied", ()))
            campaign.failed_count = len(campaign.revision_ids.filtered("failure"))
            campaign.progress = 100 * decided / len(campaign.revision_ids) if campaign.revision_ids else 0
            campaign.effect_mrr = campaign._in_company_currency(counted, "effect_mrr")
            campaign.effect_year = campaign._in_company_currency(counted, "effect_year")

    def _in_company_currency(self, revisions, name) -> float:
        today = self.company_id._subscription_today()
        return sum(
            currency._convert(sum(group.mapped(name)), self.company_id.currency_id, self.company_id, today)
            for currency, group in revisions.grouped("currency_id").items()
        )

    # buttons

    def action_simulate(self):
        """Gather what is due, look again for missing indexes, and measure what it brings."""
        for campaign in self:
            campaign._propose(campaign.until_date)
            campaign._measure()
        return True

    def action_approve(self):
        """Approve what is proposed and apply it: what takes effect later is dated and can be cancelled until then."""
        for campaign in self:
            revisions = campaign.revision_ids.filtered(lambda revision: revision.state == "proposed")
            if not revisions:
                raise UserError(self.env._("%s: nothing is proposed. Simulate it first.", campaign.name))
            revisions._approve()
            campaign._apply()
        return True

    def action_cancel(self):
        """Ask why the campaign is cancelled, and every revision it applied with it."""
        self.ensure_one()
        return self.env["subscription.revision.decision"]._ask("cancel", campaign=self)

    def action_open_revisions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_syntec.action_subscription_revision")
        return {**action, "name": self.name, "domain": [("campaign_id", "=", self.id)], "context": {}}

    # verbs

    def _propose(self, until):
        """What falls due until ``until`` for the contracts chosen; what is open already moves to this campaign."""
        self.ensure_one()
        revisions = self.env["subscription.revision"]
        contracts = self._contracts()
        new = revisions._propose(until, contracts, campaign=self)
        known = revisions.sudo().search(
            [
                ("contract_id", "in", contracts.ids),
                ("date", "<=", until),
                ("state", "in", ("waiting", "proposed")),
            ]
        )
        (known - new)._write({"campaign_id": self.id})
        (known - new)._calculate()
        self.state = "proposed"
        return new | known

    def _contracts(self):
        """The running contracts of the company that the filters choose and that the user may change."""
        domain = [("company_id", "=", self.company_id.id), ("state", "in", ("active", "paused"))]
        for name, target in FILTERS.items():
            if self[name]:
                domain.append((target, "child_of" if name == "partner_ids" else "in", self[name].ids))
        contracts = self.env["subscription.contract"].search(domain)
        contracts.check_access("write")
        return contracts

    def _measure(self):
        """What each revision changes in the billing of the twelve months from its day on."""
        revisions = self.revision_ids.filtered(lambda revision: revision.state == "proposed")
        for batch in split_every(BATCH, revisions.ids, self.env["subscription.revision"].browse):
            before = batch._billed_in_a_year()
            with self.env["subscription.contract"]._rehearsal():
                batch.sudo()._write({"state": "approved"})
                batch._apply()
                after = batch._billed_in_a_year()
            for revision in batch:
                revision._write({"effect_year": float(after[revision.id] - before[revision.id])})

    def _apply(self):
        """Apply what is approved, batch after batch; a line that cannot be is set apart with the reason.

        Never commits: beyond what a person waits for, the scheduled job goes on.
        """
        self.ensure_one()
        self.state = "applying"
        self._apply_some(AT_ONCE)
        if self.state == "applying":
            self.env.ref("subscription_syntec.ir_cron_revise")._trigger()

    def _apply_some(self, count):
        """Apply up to ``count`` approved revisions, then see whether any is left."""
        self._to_apply(count)._apply_isolated()
        if not self._to_apply(1):
            self.state = "done"

    def _to_apply(self, limit=None):
        """What is approved and not applied, the lines of a contract together."""
        return self.env["subscription.revision"].search(
            [("campaign_id", "=", self.id), ("state", "=", "approved")],
            order="contract_id.id, date, id",
            limit=limit,
        )

    @api.model
    def _cron_apply(self):
        """Go on with the campaigns that are being applied: each batch is a transaction of its own."""
        engine = self.env["subscription.engine"]
        for campaign in self.search([("state", "=", "applying")]):
            before, left = None, len(campaign._to_apply())
            while campaign.state == "applying" and left != before:  # else somebody else is at it
                if engine._attempt(campaign._apply_some, BATCH):
                    break
                before, left = left, len(campaign._to_apply())
                if not self.env["ir.cron"]._commit_progress(BATCH, remaining=left):
                    return

    def _cancel(self, reason):
        self.ensure_one()
        self.revision_ids._cancel(reason)
        self.write({"state": "cancelled", "reason": reason})
