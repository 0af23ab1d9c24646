from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        """*Reverse and create invoice* moves the periods to the new draft."""
        action = super().reverse_moves(is_modify=is_modify)
        if is_modify:
            for move, replacement in zip(self.move_ids, self.new_move_ids, strict=True):
                move._subscription_move_periods(replacement)
        return action
