from odoo import api, models

SENT = ("post_send", "post_charge")


class SubscriptionEngineCollect(models.AbstractModel):
    """What becomes of an invoice once it is posted: asked in the outbox, done after commit."""

    _inherit = "subscription.engine"

    @api.model
    def _collect(self, invoices):
        """How money is collected: called with the invoices and credit notes of contracts, whoever posts them."""
        outbox = self.env["subscription.outbox"]
        outbox._queue("send", invoices.filtered(lambda move: self._invoicing_mode(move) in SENT))
        charged = invoices.filtered(
            lambda move: move._subscription_is_due() and move._subscription_paying_contract()._is_charged()
        )
        self.env["subscription.charge.attempt"]._plan_first(charged)

    @api.model
    def _arm(self):
        """A copy that is armed leaves to a person what its original may have done."""
        armed = self.env["ir.config_parameter"].sudo().get_param("subscription_billing.armed")
        if armed and not self._is_armed():
            self.env["subscription.outbox"]._hold_all()
        super()._arm()
