from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import format_amount, format_date


class SubscriptionContractScreen(models.Model):
    """What the contract's form says beside its fields, and what its buttons open."""

    _inherit = "subscription.contract"

    history_line_ids = fields.Many2many(
        "subscription.line", string="Lines over time", compute="_compute_history_line_ids"
    )
    recurring_summary = fields.Char(
        "Recurring amount",
        compute="_compute_recurring_summary",
        help="What the recurring lines in force cost, before tax as their prices are.",
    )
    is_metered = fields.Boolean(compute="_compute_is_metered", help="A line bills what is used.")
    is_armed = fields.Boolean(compute="_compute_is_armed", help="Whether this database may bill.")
    is_backdated = fields.Boolean(compute="_compute_is_backdated", help="It starts before today.")
    is_due = fields.Boolean(compute="_compute_is_due", help="Something can be billed today.")
    has_offers = fields.Boolean(compute="_compute_has_offers", help="Its plan has others to go over to.")
    is_renewable = fields.Boolean(compute="_compute_is_renewable", help="Its next term can be agreed now.")
    amendment_count = fields.Integer(compute="_compute_review_counts")
    held_count = fields.Integer("Periods that wait", compute="_compute_review_counts")

    @api.depends("name", "partner_id.display_name")
    @api.depends_context("show_customer")
    def _compute_display_name(self):
        """Its number; where a person chooses or looks at a calendar, its customer first."""
        super()._compute_display_name()
        if self.env.context.get("show_customer"):
            for contract in self.filtered("partner_id"):
                contract.display_name = f"{contract.partner_id.display_name} · {contract.name}"

    @api.depends("line_ids.date_start", "line_ids.date_stop")
    def _compute_history_line_ids(self):
        """Rows that held for a day at least: those replaced before they began are left out."""
        for contract in self:
            contract.history_line_ids = contract.line_ids.filtered(lambda line: line._period()).sorted(
                lambda line: (line.chain_id.sequence, line.chain_id.id, line.date_start)
            )

    @api.depends(
        "line_ids.price_subtotal",
        "line_ids.recurrence_id",
        "line_ids.kind",
        "line_ids.date_start",
        "line_ids.date_stop",
    )
    @api.depends_context("lang", "subscription_as_of")
    def _compute_recurring_summary(self):
        for contract in self:
            contract.recurring_summary = contract._recurring_text(contract._recurring_lines())

    def _recurring_text(self, lines) -> str:
        """What recurring lines cost, one amount for each recurrence: "49.00 € per month"."""
        return ", ".join(
            self.env._(
                "%(amount)s %(per)s",
                amount=format_amount(self.env, sum(rows.mapped("price_subtotal")), self.currency_id),
                per=recurrence._per(),
            )
            for recurrence, rows in sorted(lines.grouped("recurrence_id").items(), key=lambda item: item[0].sequence)
        )

    @api.depends("line_ids.kind")
    def _compute_is_metered(self):
        for contract in self:
            contract.is_metered = "usage" in contract.line_ids.mapped("kind")

    def _compute_is_armed(self):
        self.is_armed = self.env["subscription.engine"]._is_armed()

    @api.depends("date_start", "company_id")
    def _compute_is_backdated(self):
        for contract in self:
            contract.is_backdated = bool(contract.date_start) and contract.date_start < contract._today()

    @api.depends("state", "next_billing_date")
    def _compute_is_due(self):
        for contract in self:
            day = contract.next_billing_date
            contract.is_due = contract.state != "draft" and bool(day) and day <= contract._today()

    @api.depends("state", "plan_id.family_id")
    def _compute_has_offers(self):
        for contract in self:
            contract.has_offers = contract.state in ("active", "paused") and bool(contract._offers())

    @api.depends("state", "term_end", "date_stop", "renewal", "amendment_ids.is_pending")
    def _compute_is_renewable(self):
        for contract in self:
            contract.is_renewable = not contract._obstacle_to_renewal()

    def _compute_review_counts(self):
        amendments = dict(
            self.env["subscription.amendment"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        held = dict(
            self.env["subscription.period"]._read_group(
                [("contract_id", "in", self.ids), ("state", "=", "held")], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.amendment_count = amendments.get(contract._origin, 0)
            contract.held_count = held.get(contract._origin, 0)

    @api.constrains("stage_id", "state")
    def _check_stage(self):
        """A board moves a contract within its state; verbs change the state."""
        labels = dict(self._fields["state"]._description_selection(self.env))
        for contract in self.filtered("stage_id"):
            if contract.stage_id.state != contract.state:
                raise ValidationError(
                    self.env._(
                        "%(contract)s is in the state %(state)s and cannot stand in the stage %(stage)s: "
                        "use the buttons of the contract to activate or to close it.",
                        contract=contract.display_name,
                        state=labels[contract.state],
                        stage=contract.stage_id.name,
                    )
                )

    # buttons

    def action_bill_now(self):
        """Bill what is due today, and open it."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(self.env._("Only people who may invoice can bill a contract."))
        contract = self.sudo().with_company(self.company_id)
        moves = contract.env["subscription.engine"]._bill(contract, contract._today())
        contract.filtered("billing_error").write({"billing_error": False, "next_attempt": False})
        if moves:
            return self._open_documents(moves)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "info", "message": self._nothing_due()},
        }

    def _nothing_due(self) -> str:
        if not self.next_billing_date:
            return self.env._("All of %s is billed.", self.display_name)
        return self.env._(
            "Nothing is due on %(contract)s before %(day)s.",
            contract=self.display_name,
            day=format_date(self.env, self.next_billing_date),
        )

    @api.model
    def _open_documents(self, moves):
        """The action that shows invoices and credit notes: the form of a single one."""
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices"),
            "res_model": "account.move",
            "context": {"create": False},
        }
        if len(moves) == 1:
            return {**action, "view_mode": "form", "res_id": moves.id}
        return {**action, "view_mode": "list,form", "domain": [("id", "in", moves.ids)]}

    def action_arm_billing(self):
        """A manager says that this database, and no copy of it, bills."""
        if not self.env.user.has_group("subscription_billing.group_subscription_manager"):
            raise AccessError(self.env._("Only a manager of subscriptions lets a database bill."))
        self.env["subscription.engine"]._arm()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
