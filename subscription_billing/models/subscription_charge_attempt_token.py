from datetime import timedelta

from odoo import Command, models
from odoo.exceptions import UserError

# they take a second request with the same reference for the first one, as long as they remember it
IDEMPOTENT = ("stripe", "adyen", "mercado_pago", "worldline")
REMEMBERED = timedelta(hours=23)


class SubscriptionChargeAttemptToken(models.Model):
    """Stored cards, charged through Odoo's ``payment`` API as it stands."""

    _inherit = "subscription.charge.attempt"

    def _prepare_ask(self):
        """The transaction exists before the provider hears of it: its notice may come first."""
        super()._prepare_ask()
        if self.method != "token" or self.transaction_id:
            return
        token = self.contract_id.payment_token_id
        self.write(
            {
                "token_id": token.id,
                "transaction_id": self.env["payment.transaction"]
                .create(
                    {
                        "provider_id": token.provider_id.id,
                        "payment_method_id": token.payment_method_id.id,
                        "token_id": token.id,
                        "operation": "offline",
                        "reference": self.reference,
                        "amount": self.amount,
                        "currency_id": self.currency_id.id,
                        "partner_id": token.partner_id.id,
                        "invoice_ids": [Command.set(self.move_id.ids)],
                    }
                )
                .id,
            }
        )

    def _ask(self):
        if self.method != "token":
            return super()._ask()
        self.transaction_id._charge_with_token()
        if self.transaction_id.state == "draft":
            raise UserError(self.env._("The provider did not say what became of it."))
        return None

    def _look_up(self):
        """A provider that knows its own references is asked again, while it remembers."""
        super()._look_up()
        provider, now = self.transaction_id.provider_id, self.env.cr.now()
        if self.method == "token" and provider.code in IDEMPOTENT and now - self.asked_on < REMEMBERED:
            self.transaction_id._charge_with_token()
