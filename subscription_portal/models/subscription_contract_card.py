from odoo import models


class SubscriptionContractCard(models.Model):
    """The customer's own card, and the customer's opinion."""

    _inherit = "subscription.contract"

    def _customer_cards(self):
        """The cards that the user, or the company he belongs to, stored and that this contract may be charged to."""
        own = self.env["payment.token"]._get_available_tokens(None, self.env.user.partner_id.id, is_validation=True)
        return own & self.suitable_payment_token_ids

    def _customer_rates(self, rating: int, feedback: str | None):
        """Keep how satisfied the user is, as Odoo keeps any rating: the salesperson is told."""
        token = self._rating_get_access_token(self.env.user.partner_id)
        self.rating_apply(rating, token=token, feedback=(feedback or "").strip()[:1000])
