from odoo.http import request, route

from odoo.addons.sale.controllers.portal import CustomerPortal


class SubscriptionSalePortal(CustomerPortal):
    """A quotation that is signed, or refused, on the portal."""

    @route()
    def portal_quote_accept(self, order_id, access_token=None, name=None, signature=None):
        answer = super().portal_quote_accept(order_id, access_token=access_token, name=name, signature=signature)
        if "error" not in answer:
            order = request.env["sale.order"].sudo().browse(order_id)
            order._subscription_keep_signed(request.httprequest.remote_addr)
        return answer

    @route()
    def portal_quote_decline(self, order_id, access_token=None, decline_message=None, **kwargs):
        order = request.env["sale.order"].sudo().browse(order_id).exists()
        before = order.state
        page = super().portal_quote_decline(
            order_id, access_token=access_token, decline_message=decline_message, **kwargs
        )
        if before != "cancel" and order.state == "cancel":
            order._subscription_refused()
        return page
