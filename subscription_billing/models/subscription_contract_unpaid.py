from odoo import models


class SubscriptionContractUnpaid(models.Model):
    """A contract that is suspended for want of money goes on once the money is there."""

    _inherit = "subscription.contract"

    def _suspend(self, move) -> bool:
        """Pause from today on because ``move`` is not paid; a contract suspended already waits for it too.

        :returns: False when the contract does not run, for another reason.
        """
        self.ensure_one()
        if self.state == "active":
            pause = self._pause(self._today(), reason=self.env._("%s is not paid", move.name))
        else:
            pause = self._current_pause().filtered("unpaid_move_ids")
        pause.sudo().unpaid_move_ids += move
        return bool(pause)

    def _resume_paid(self):
        """Serve again from today on what was suspended, unless a person said when, or something is still due."""
        for contract in self.filtered(lambda contract: contract.state == "paused" and not contract.resumes_on):
            pause = contract._current_pause().sudo()
            unpaid, own_credits = pause.unpaid_move_ids, pause.released_period_ids.credit_move_id
            if unpaid and all(move._subscription_is_settled(own_credits) for move in unpaid):
                names = ", ".join(unpaid.mapped("name"))
                contract._resume(contract._today(), reason=self.env._("Nothing is due any more: %s", names))
