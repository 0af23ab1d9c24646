from odoo import api, fields, models


class SubscriptionOffer(models.TransientModel):
    """Go over to another plan of the family, and see first what it costs."""

    _name = "subscription.offer"
    _description = "Change the offer"
    _inherit = ["subscription.preview"]

    offer_ids = fields.Many2many("subscription.plan", compute="_compute_offer_ids")
    plan_id = fields.Many2one(
        "subscription.plan", "New plan", required=True, ondelete="cascade", domain="[('id', 'in', offer_ids)]"
    )
    date = fields.Date(
        "From",
        compute="_compute_date",
        store=True,
        readonly=False,
        required=True,
        help="At once or at the next period, as the terms say for upgrades and downgrades.",
    )
    reason = fields.Char(help="Kept with the amendment, in the history of the contract.")
    billing_date = fields.Date("Next invoice", readonly=True)
    recurring_before = fields.Char("Until then", related="contract_id.recurring_summary")
    recurring_after = fields.Char("From then on", readonly=True)

    @api.depends("contract_id")
    def _compute_offer_ids(self):
        for wizard in self:
            wizard.offer_ids = wizard.contract_id._offers()

    @api.depends("plan_id")
    def _compute_date(self):
        for wizard in self:
            contract = wizard.contract_id
            wizard.date = contract._plan_change_day(wizard.plan_id) if wizard.plan_id else contract._today()

    def action_preview(self):
        """Show what the change of offer credits and charges."""
        preview = self.contract_id._preview_plan(self.plan_id, self.date)
        return self._show(
            preview["charges"],
            amount_total=preview["amount_total"],
            billing_date=preview["billing_date"],
            recurring_after=preview["recurring_summary"],
        )

    def action_confirm(self):
        self.contract_id._change_plan(self.plan_id, self.date, reason=self.reason or "")
        return {"type": "ir.actions.act_window_close"}
