from odoo import api, fields, models
from odoo.exceptions import UserError

ACTIVITY = "subscription_portal.mail_activity_type_request"
REQUEST_KINDS = [
    ("change", "Other quantities"),
    ("offer", "Other offer"),
    ("pause", "Pause"),
    ("resume", "Resumption"),
    ("renew", "Renewal quote"),
    ("end", "End of the contract"),
    ("question", "Question"),
]


class SubscriptionRequest(models.Model):
    """What a customer asked for by himself: as it was shown to him, and what became of it."""

    _name = "subscription.request"
    _description = "Customer request"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char("Number", readonly=True, copy=False, required=True)
    kind = fields.Selection(REQUEST_KINDS, required=True, readonly=True)
    contract_id = fields.Many2one("subscription.contract", readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    partner_id = fields.Many2one("res.partner", "Asked by", readonly=True, index=True, ondelete="restrict")
    commercial_partner_id = fields.Many2one(related="partner_id.commercial_partner_id", store=True, index=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True, index="btree_not_null")
    date_effective = fields.Date("Effective on", readonly=True)
    wished = fields.Json(readonly=True)
    summary = fields.Text("As it was shown", readonly=True)
    reason = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("waiting", "To approve"),
            ("done", "Done"),
            ("refused", "Refused"),
            ("withdrawn", "Taken back"),
        ],
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        index=True,
    )
    amendment_ids = fields.One2many("subscription.amendment", "request_id", "Amendments", readonly=True)
    is_undoable = fields.Boolean(compute="_compute_is_undoable")

    @api.depends("state", "amendment_ids.is_undoable")
    def _compute_is_undoable(self):
        for request in self:
            request.is_undoable = request.state == "done" and any(request.amendment_ids.mapped("is_undoable"))

    def _compute_access_url(self):
        super()._compute_access_url()
        for request in self:
            request.access_url = f"/my/requests/{request.id}"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            contract = self.env["subscription.contract"].browse(vals.get("contract_id"))
            vals.setdefault("company_id", contract.company_id.id)
            vals.setdefault("user_id", contract.user_id.id)
            vals["name"] = self.env["ir.sequence"].with_company(vals["company_id"]).next_by_code("subscription.request")
        return super().create(vals_list)

    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        """A conversation is for those who log in."""
        return super()._get_thread_with_access(thread_id, **{**kwargs, "hash": None, "pid": None, "token": None})

    # what becomes of it

    def _do(self, wish):
        """Let the contract do what was asked, as one amendment of this request, and say so."""
        contract = self.contract_id.with_context(subscription_request_id=self.id)
        wish.verb(contract)
        self.write({"state": "done", "date_effective": wish.date})
        self._tell_salesperson()
        self.env.ref("subscription_billing.ir_cron_bill")._trigger()

    def _wait(self):
        """A person decides."""
        self.state = "waiting"
        self._tell_salesperson()
        self._plan_answer()

    def _plan_answer(self):
        told = self._for_responsible()
        summary = told.env._("The customer asks: %s", told._kind_text())
        told.activity_schedule(ACTIVITY, summary=summary, user_id=told._responsible().id)

    def _for_responsible(self):
        """The request in the language of who answers it, not of who asked."""
        return self.with_context(lang=self._responsible().lang)

    def _responsible(self):
        return self.user_id or self.contract_id._responsible() or self.env.ref("base.user_admin")

    def _kind_text(self) -> str:
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def _tell_salesperson(self):
        self.contract_id.message_post(
            body=self.env._(
                "%(number)s, %(kind)s: %(what)s", number=self.name, kind=self._kind_text(), what=self.summary
            ),
            author_id=self.partner_id.id,
            partner_ids=self.user_id.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

    # buttons

    def action_approve(self):
        """Do what was asked, at today's price."""
        for request in self:
            request.contract_id.check_access("write")
            if request.state != "waiting":
                raise UserError(self.env._("%s does not wait for an approval.", request.display_name))
            own = request.sudo()
            own._do(own.contract_id._wish(own.kind, own.wished))
            own.activity_feedback([ACTIVITY])
        return True

    def action_refuse(self):
        for request in self:
            request.contract_id.check_access("write")
            if request.state not in ("open", "waiting"):
                raise UserError(self.env._("%s is settled already.", request.display_name))
            request.sudo().state = "refused"
            request.sudo().activity_feedback([ACTIVITY])
        return True

    def action_withdraw(self):
        """Take back what it changed, and give back at once what was billed for it."""
        for request in self:
            request.contract_id.check_access("write")
            if not request.is_undoable:
                raise UserError(self.env._("%s changed nothing that could be taken back.", request.display_name))
            own = request.sudo()
            own.amendment_ids.filtered("is_undoable").action_undo()
            self.env["subscription.engine"].sudo()._credit_released(own.contract_id._locked())
            own.state = "withdrawn"
        return True

    def action_settle(self):
        """The question is answered."""
        for request in self:
            request.contract_id.check_access("write")
            request.sudo().state = "done"
            request.sudo().activity_feedback([ACTIVITY])
        return True
