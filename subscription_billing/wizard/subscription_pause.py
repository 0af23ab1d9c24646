from odoo import api, fields, models


class SubscriptionPause(models.TransientModel):
    """Pause a contract, until a known day or until further notice."""

    _name = "subscription.pause"
    _description = "Pause the contract"
    _inherit = ["subscription.preview"]

    date = fields.Date("First day paused", required=True)
    resumes_on = fields.Date("Resumes on", help="First day served again. Empty: until somebody resumes it.")
    credit = fields.Selection(
        [("prorata", "Is given back"), ("extend", "Is made good by free days after the pause")],
        "What is paid already",
        required=True,
        default="prorata",
    )
    reason = fields.Char(help="Kept with the amendment, in the history of the contract.")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        contract = self.env["subscription.contract"].browse(values.get("contract_id"))
        if contract:
            values["date"] = contract._as_of_day()
        return values

    def action_preview(self):
        """Show what the pause gives back."""
        preview = self.contract_id._preview_pause(self.date, self.resumes_on, self.credit)
        return self._show(preview["charges"], amount_total=-preview["amount_total"])

    def action_confirm(self):
        self.contract_id._pause(self.date, self.resumes_on or None, self.credit, reason=self.reason or "")
        return {"type": "ir.actions.act_window_close"}
