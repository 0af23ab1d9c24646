from odoo import models


class PaymentToken(models.Model):
    """A card that contracts are charged to."""

    _inherit = "payment.token"

    def _subscription_contracts(self):
        return self.env["subscription.contract"].sudo().search([("payment_token_id", "in", self.ids)])

    def get_linked_records_info(self):
        """What a customer should know before removing the card."""
        records = super().get_linked_records_info()
        model = self.env["subscription.contract"]._description
        running = self._subscription_contracts().filtered(lambda contract: contract.state in ("active", "paused"))
        records += [
            {"description": model, "id": contract.id, "name": contract.name, "url": contract.get_portal_url()}
            for contract in running
        ]
        return records

    def _handle_archiving(self):
        """Its contracts go on; their next charge asks for another card."""
        super()._handle_archiving()
        for contract in self._subscription_contracts():
            contract.message_post(body=self.env._("The stored card was removed: ask the customer for another one."))
