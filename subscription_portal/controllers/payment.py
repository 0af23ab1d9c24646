from odoo import _
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.http import request, route

from odoo.addons.account_payment.controllers.payment import PaymentPortal
from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.sale.controllers.portal import CustomerPortal


class SubscriptionPayment(CustomerPortal, PortalAccount, PaymentPortal):
    """Stored cards on Odoo's pages of orders, invoices and payments: those of contracts are not for a mere link.

    What the pages show and what they accept is decided by the transaction they are about to create.
    """

    def _get_payment_values(self, order_sudo, is_down_payment=False, payment_amount=None, **kwargs):
        values = super()._get_payment_values(
            order_sudo, is_down_payment=is_down_payment, payment_amount=payment_amount, **kwargs
        )
        return {**values, **self._subscription_card_values(values, sale_order_ids=order_sudo)}

    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        cards = self._subscription_card_values(values, invoice_ids=invoice)
        if cards:
            # who comes with a login has no link, but the payment form posts to the address of one
            cards["access_token"] = access_token or invoice._portal_ensure_token()
        return {**values, **cards}

    @route()
    def payment_pay(self, *args, invoice_id=None, **kwargs):
        page = super().payment_pay(*args, invoice_id=invoice_id, **kwargs)
        if page.is_qweb:
            invoice = request.env["account.move"].sudo().browse(self._cast_as_int(invoice_id) or [])
            page.qcontext.update(self._subscription_card_values(page.qcontext, invoice_ids=invoice))
        return page

    def _subscription_card_values(self, values, **documents) -> dict:
        """The part of a payment form's values that says which cards it shows, and where it offers to store one."""
        if "tokens_sudo" not in values:
            return {}
        payment = self._subscription_payment(
            values["partner_id"], {name: [Command.set(records.ids)] for name, records in documents.items()}
        )
        if not payment._subscription_is_guarded():
            return {}
        offers = values["show_tokenize_input_mapping"]
        return {
            "tokens_sudo": values["tokens_sudo"] & payment._subscription_own_cards(),
            "show_tokenize_input_mapping": offers
            if payment._subscription_may_store_card()
            else dict.fromkeys(offers, False),
        }

    def _subscription_payment(self, partner_id, create_values):
        return request.env["payment.transaction"].sudo().new({"partner_id": partner_id, **(create_values or {})})

    def _create_transaction(
        self, *, partner_id, flow, token_id, tokenization_requested, custom_create_values=None, **kwargs
    ):
        """What the pages do not offer is not accepted either."""
        payment = self._subscription_payment(partner_id, custom_create_values)
        if payment._subscription_is_guarded():
            if flow == "token" and token_id not in payment._subscription_own_cards().ids:
                raise AccessError(_("You do not have access to this payment token."))
            tokenization_requested = tokenization_requested and payment._subscription_may_store_card()
        return super()._create_transaction(
            partner_id=partner_id,
            flow=flow,
            token_id=token_id,
            tokenization_requested=tokenization_requested,
            custom_create_values=custom_create_values,
            **kwargs,
        )
