from odoo import api, fields, models


class SubscriptionResume(models.TransientModel):
    """Serve a paused or a closed contract again."""

    _name = "subscription.resume"
    _description = "Serve the contract again"
    _inherit = ["subscription.preview"]

    date = fields.Date("First day served again", required=True)
    reason = fields.Char(help="Kept with the amendment, in the history of the contract.")
    billing_date = fields.Date("Next invoice", readonly=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        contract = self.env["subscription.contract"].browse(values.get("contract_id"))
        if contract:
            values["date"] = max(contract._today(), contract.paused_from or contract.date_stop or contract._today())
        return values

    def action_preview(self):
        """Show what the next invoice carries."""
        preview = self.contract_id._preview_service(self.date)
        return self._show(
            preview["charges"], amount_total=preview["amount_total"], billing_date=preview["billing_date"]
        )

    def action_confirm(self):
        self.contract_id._serve_from(self.date, reason=self.reason or "")
        return {"type": "ir.actions.act_window_close"}
