from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _send_payment_request(self):
        if self.provider_code != "bank":
            return super()._send_payment_request()
        payload = {"reference": self.reference, "amount": self.amount, "currency": self.currency_id.name}
        return self._process("bank", self._send_api_request("POST", "/charges", json=payload))

    def _extract_amount_data(self, payment_data):
        if self.provider_code != "bank":
            return super()._extract_amount_data(payment_data)
        return {"amount": payment_data["amount"], "currency_code": payment_data["currency"]}

    def _apply_updates(self, payment_data):
        if self.provider_code != "bank":
            return super()._apply_updates(payment_data)
        self.provider_reference = f"bank-{self.reference}"
        status = payment_data["status"]
        if status == "done":
            self._set_done()
        elif status == "pending":
            self._set_pending()
        elif status == "cancelled":
            self._set_canceled()
        else:
            self._set_error(status)
        return None

    def _extract_token_values(self, payment_data):
        if self.provider_code != "bank":
            return super()._extract_token_values(payment_data)
        return {"payment_details": "4242", "provider_ref": "card"}
