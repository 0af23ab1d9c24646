from odoo import models
from odoo.exceptions import ValidationError


class SubscriptionChargeAttempt(models.Model):
    _inherit = "subscription.charge.attempt"

    def _ask(self):
        """The addon's own way of collecting answers at once."""
        if self.method != "barter":
            return super()._ask()
        return self._answer("done" if self.amount < 1000 else "declined", "Eggs")

    def _look_up(self):
        """This bank can be asked what became of a reference."""
        super()._look_up()
        transaction = self.transaction_id
        if transaction.provider_code != "bank":
            return
        try:
            answer = transaction._send_api_request("GET", f"/charges/{self.reference}")
        except ValidationError:
            return
        if answer["status"] == "done":
            transaction._process("bank", answer)
        else:
            self._answer("declined", "Never heard of it")
