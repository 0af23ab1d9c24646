from odoo import fields, models


class AccountMoveOutbox(models.Model):
    """What is to leave with an invoice, and whether it arrived."""

    _inherit = "account.move"

    subscription_contract_outbox_ids = fields.One2many(
        "subscription.outbox",
        "move_id",
        "Outbox",
        groups="subscription_billing.group_subscription_user,account.group_account_invoice,account.group_account_readonly",
    )
    subscription_contract_outbox_error = fields.Text(
        "What did not arrive", compute="_compute_subscription_outbox_error", compute_sudo=True
    )

    def _compute_subscription_outbox_error(self):
        for move in self:
            move.subscription_contract_outbox_error = move.subscription_contract_outbox_ids._problem() or False

    def _subscription_is_sent(self) -> bool:
        """Whether the invoice has left, or is about to."""
        self.ensure_one()
        asked = self.subscription_contract_outbox_ids.filtered(lambda effect: effect.kind == "send")
        return self.is_move_sent or any(effect.state != "cancelled" for effect in asked)

    def _message_receive_bounce(self, email, partner):
        super()._message_receive_bounce(email, partner)
        effects = self.sudo().subscription_contract_outbox_ids.filtered(lambda effect: effect.message_id)
        effects.filtered(lambda effect: effect.state in ("waiting", "done"))._bounce(email)
