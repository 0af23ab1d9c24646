from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def _modify_default_reverse_values(self, origin_move):
        return {
            **super()._modify_default_reverse_values(origin_move),
            "subscription_contract_replaces_id": origin_move.id,
        }

    def reverse_moves(self, is_modify=False):
        """*Reverse and create invoice* moves the periods to the new draft."""
        action = super().reverse_moves(is_modify=is_modify)
        self.new_move_ids._subscription_take_over()
        return action
