from odoo.addons.sale.controllers.portal import CustomerPortal


class SubscriptionSalePortal(CustomerPortal):
    """A quotation that opens a contract is paid as far as it is due, not as far as it is priced."""

    def _get_payment_values(self, order_sudo, is_down_payment=False, payment_amount=None, **kwargs):
        if order_sudo.state == "sale" or is_down_payment or not order_sudo._subscription_has_contract():
            return super()._get_payment_values(
                order_sudo, is_down_payment=is_down_payment, payment_amount=payment_amount, **kwargs
            )
        values = super()._get_payment_values(
            order_sudo, is_down_payment=True, payment_amount=order_sudo._subscription_amount_due(), **kwargs
        )
        # an amount in the link skips the signature: it stays the one that was asked for
        return {**values, "payment_amount": payment_amount}
