from odoo import models


class PaymentTransaction(models.Model):
    """Which stored card may pay a document of a contract, and when the one that is typed may be stored.

    Who merely holds a link is nobody in particular: no card that was stored before is his, and
    he stores one only where he accepts a new contract himself.
    """

    _inherit = "payment.transaction"

    def _subscription_is_guarded(self) -> bool:
        """Whether it pays a document of a contract, or no document at all for a customer who has contracts."""
        orders, invoices = self.sale_order_ids._origin, self.invoice_ids._origin
        if orders or invoices:
            return bool(invoices.subscription_contract_ids) or any(
                order.subscription_contract_id or order._subscription_has_contract() for order in orders
            )
        customer = self.partner_id.commercial_partner_id
        return bool(
            self.env["subscription.contract"].search_count([("commercial_partner_id", "=", customer.id)], limit=1)
        )

    def _subscription_own_cards(self):
        """The cards of the user, and of the company he belongs to; none of a visitor who is not logged in."""
        cards, user = self.env["payment.token"], self.env.user
        return cards if user._is_public() else cards._get_available_tokens(None, user.partner_id.id, is_validation=True)

    def _subscription_may_store_card(self) -> bool:
        """Whether the payer may agree to be charged later: logged in, or on the quotation of a new contract."""
        if not self.env.user._is_public():
            return True
        orders = self.sale_order_ids._origin
        return bool(orders) and all(
            order.state in ("draft", "sent") and not order.is_expired and not order.subscription_contract_id
            for order in orders
        )
