from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    subscription_contract_ids = fields.Many2many(
        "subscription.contract",
        string="Contracts",
        compute="_compute_subscription_contract_ids",
        compute_sudo=True,
        search="_search_subscription_contract_ids",
    )
    subscription_contract_replaces_id = fields.Many2one(
        "account.move", "Replaces", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    subscription_contract_count = fields.Integer(compute="_compute_subscription_contract_ids", compute_sudo=True)
    subscription_contract_held = fields.Boolean(
        compute="_compute_subscription_contract_held", compute_sudo=True, help="What it billed waits for a decision."
    )

    @api.depends("line_ids.subscription_line_id")
    def _compute_subscription_contract_ids(self):
        for move in self:
            move.subscription_contract_ids = move.line_ids.subscription_line_id.contract_id
            move.subscription_contract_count = len(move.subscription_contract_ids)

    @api.depends("line_ids.subscription_line_period_ids.state")
    def _compute_subscription_contract_held(self):
        for move in self:
            states = move.line_ids.subscription_line_period_ids.mapped("state")
            move.subscription_contract_held = "held" in states

    @api.model
    def _search_subscription_contract_ids(self, operator, value):
        return [("line_ids.subscription_line_id.contract_id", operator, value)]

    def action_view_subscription_contracts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_contract")
        contracts = self.subscription_contract_ids
        if len(contracts) == 1:
            return {**action, "views": [(False, "form")], "view_mode": "form", "res_id": contracts.id, "context": {}}
        return {**action, "domain": [("id", "in", contracts.ids)], "context": {}}

    def _post(self, soft=True):
        """The ledger follows what is posted, whoever posts it."""
        posted = super()._post(soft=soft)
        posted._subscription_sync_posted()
        lines, engine = posted.line_ids, self.env["subscription.engine"]
        billed = lines.filtered("subscription_line_id").move_id
        if concerned := billed | lines.filtered("subscription_credited_line_id").move_id:
            engine._on_invoiced(concerned)
        if billed:
            engine._collect(billed)
        return posted

    def _subscription_sync_posted(self):
        lines = self.invoice_line_ids
        lines.filtered("subscription_line_id")._subscription_follow_amounts()
        lines.subscription_credited_line_id._subscription_hold_credited()

    def button_draft(self):
        cancelled = self.filtered(lambda move: move.state == "cancel")
        result = super().button_draft()
        cancelled.invoice_line_ids._subscription_restore()
        self.invoice_line_ids.subscription_credited_line_id._subscription_hold_credited()
        return result

    def button_cancel(self):
        result = super().button_cancel()
        for move in self:
            move.invoice_line_ids._subscription_drop(self.env._("Its invoice %s was cancelled", move.display_name))
        self.env["subscription.outbox"]._queue_paid(self)
        return result

    def unlink(self):
        contracts = self.subscription_contract_ids.sudo().filtered(lambda contract: contract.state != "draft")
        names = ", ".join(self.mapped("display_name"))
        result = super(AccountMove, self.with_context(subscription_deleted_moves=self.ids)).unlink()
        for contract in contracts:
            contract.message_post(body=self.env._("%s was deleted: what it billed is due again.", names))
        return result

    # reversal

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """A credit note remembers which invoice line each of its lines gives back."""
        reverse_moves = super()._reverse_moves(default_values_list, cancel)
        for move, reverse in zip(self, reverse_moves, strict=True):
            for line, copy in zip(move._subscription_lines(), reverse._subscription_lines(), strict=True):
                if line.subscription_line_id:
                    copy.subscription_credited_line_id = line
        if cancel:
            reverse_moves.invoice_line_ids.subscription_credited_line_id._subscription_hold_credited()
        return reverse_moves

    def _subscription_lines(self):
        """The product lines, in the order in which a copy has them."""
        return self.invoice_line_ids.filtered(lambda line: line.display_type == "product").sorted(
            lambda line: (line.sequence, line.id)
        )

    def _subscription_take_over(self):
        """*Reverse and create*: these drafts bill the periods of the invoices they replace."""
        for move in self.filtered("subscription_contract_replaces_id"):
            former = move.subscription_contract_replaces_id._subscription_lines()
            for line, copy in zip(former, move._subscription_lines(), strict=True):
                line._subscription_hand_over(copy)
