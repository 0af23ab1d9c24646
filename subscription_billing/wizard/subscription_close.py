from datetime import timedelta

from odoo import Command, api, fields, models


class SubscriptionClose(models.TransientModel):
    """End a contract on a day, for a reason."""

    _name = "subscription.close"
    _description = "Close the contract"
    _inherit = ["subscription.preview"]

    date_end = fields.Date("Last day served", required=True)
    close_reason_id = fields.Many2one("subscription.close.reason", "Reason", required=True, ondelete="cascade")
    credit = fields.Selection(
        [
            ("none", "Nothing"),
            ("prorata", "The days not served"),
            ("full", "The whole current period"),
        ],
        "Give back",
        required=True,
        default="none",
        help="Of what is billed already.",
    )
    exit_fee = fields.Monetary(
        "Fee of the terms", compute="_compute_exit_fee", help="What leaving on that day costs by the contract."
    )
    with_fee = fields.Boolean("Charge the fee", default=True)
    remaining_ids = fields.Many2many(
        "subscription.preview.charge",
        "subscription_close_remaining_rel",
        string="Still to be billed",
        readonly=True,
        help="What was served and is not billed yet.",
    )

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        contract = self.env["subscription.contract"].browse(values.get("contract_id"))
        if contract:
            values["date_end"] = contract._as_of_day()
            values["credit"] = "prorata" if contract.is_free_to_leave else values.get("credit", "none")
        return values

    @api.depends("contract_id", "date_end")
    def _compute_exit_fee(self):
        for wizard in self:
            wizard.exit_fee = float(wizard.contract_id._exit_fee(wizard._date_stop())) if wizard.date_end else 0.0

    def _date_stop(self):
        return self.date_end + timedelta(days=1)

    def action_preview(self):
        """Show what closing gives back, and what stays to be billed."""
        preview = self.contract_id._preview_close(self._date_stop(), self.credit, self.with_fee)
        currency = {"currency_id": self.currency_id.id}
        remaining = [Command.create({**charge, **currency}) for charge in preview["remaining"]]
        return self._show(
            preview["charges"], amount_total=-preview["amount_total"], remaining_ids=[Command.clear(), *remaining]
        )

    def action_confirm(self):
        credits = self.contract_id._close(self._date_stop(), self.close_reason_id, self.credit, self.with_fee)
        return self.contract_id._open_documents(credits) if credits else {"type": "ir.actions.act_window_close"}
