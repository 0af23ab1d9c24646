from odoo.http import request, route

from odoo.addons.sale_management.controllers.portal import CustomerPortal


class SubscriptionSalePortal(CustomerPortal):
    """A quotation that opens a contract: paid as far as it is due, its options within their bounds."""

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

    @route()
    def portal_quote_option_update(
        self, order_id, line_id, access_token=None, remove=False, input_quantity=False, **kwargs
    ):
        """One more of an option that is offered from five on is five."""
        line = request.env["sale.order.line"].sudo().browse(int(line_id)).exists()
        if input_quantity is False and line.subscription_plan_option_id:
            input_quantity = line._subscription_next_quantity(is_less=remove)
        return super().portal_quote_option_update(
            order_id, line_id, access_token=access_token, remove=remove, input_quantity=input_quantity, **kwargs
        )
