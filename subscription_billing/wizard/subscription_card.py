from odoo import fields, models


class SubscriptionCard(models.TransientModel):
    """Choose the stored card that a contract is charged to."""

    _name = "subscription.card"
    _description = "Choose the card"

    contract_id = fields.Many2one("subscription.contract", required=True, ondelete="cascade")
    suitable_payment_token_ids = fields.Many2many(related="contract_id.suitable_payment_token_ids")
    payment_token_id = fields.Many2one(
        "payment.token",
        "Stored card",
        required=True,
        domain="[('id', 'in', suitable_payment_token_ids)]",
        ondelete="cascade",
    )

    def action_confirm(self):
        self.contract_id._choose_card(self.payment_token_id)
        return {"type": "ir.actions.act_window_close"}
