from datetime import timedelta

from odoo import api, fields, models


class SubscriptionDeclaration(models.TransientModel):
    """A manager says which contract a declaration means, and it is done there."""

    _name = "subscription.declaration"
    _description = "Apply a declaration to a contract"

    request_id = fields.Many2one("subscription.request", required=True, readonly=True, ondelete="cascade")
    kind = fields.Selection(related="request_id.kind")
    company_id = fields.Many2one(related="request_id.company_id")
    declared_name = fields.Char(related="request_id.declared_name")
    declared_email = fields.Char(related="request_id.declared_email")
    declared_reference = fields.Char(related="request_id.declared_reference")
    declared_date = fields.Date(related="request_id.declared_date")
    obstacle = fields.Char(related="request_id.obstacle")
    contract_id = fields.Many2one(
        "subscription.contract", "Contract meant", domain=[("state", "in", ("active", "paused"))]
    )
    date_end = fields.Date("Last day served", compute="_compute_date_end", store=True, readonly=False, precompute=True)
    effects = fields.Text("What it changes", compute="_compute_effects", store=True)

    @api.depends("contract_id")
    def _compute_date_end(self):
        for wizard in self:
            contract = wizard.contract_id
            day = contract and contract._exit_day(contract._today()) - timedelta(days=1)
            wizard.date_end = day and max(day, wizard.declared_date or day)

    @api.depends("contract_id", "date_end")
    def _compute_effects(self):
        """What was shown does not hold any more."""
        self.effects = False

    def action_preview(self):
        """Show what it changes, and what is given back."""
        contract = self.contract_id
        self.effects = contract._wish_text(contract._wish_by_hand(self.kind, self.date_end))
        return {
            "type": "ir.actions.act_window",
            "name": self.env["ir.model"]._get(self._name).name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_apply(self):
        self.ensure_one()
        self.request_id._apply_by_hand(self.contract_id, self.date_end)
        return {"type": "ir.actions.act_window_close"}
