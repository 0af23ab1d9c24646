from odoo import models


class AccountMoveHealth(models.Model):
    """An invoice that is withdrawn is not overdue any more."""

    _inherit = "account.move"

    def button_draft(self):
        result = super().button_draft()
        self.env["subscription.health.mark"]._add_moves(self.filtered(lambda move: move.is_invoice()))
        return result

    def button_cancel(self):
        result = super().button_cancel()
        self.env["subscription.health.mark"]._add_moves(self.filtered(lambda move: move.is_invoice()))
        return result
