from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal


class SubscriptionAddress(CustomerPortal):
    """Contact details and addresses that a customer changes on Odoo's own pages."""

    def _create_or_update_address(self, partner_sudo, *args, **kwargs):
        before = partner_sudo._subscription_contact_details()
        changed, feedback = super()._create_or_update_address(partner_sudo, *args, **kwargs)
        if "redirectUrl" in feedback and request.env.user._is_portal():
            changed._subscription_tell_change(before)
        return changed, feedback

    @route()
    def address_archive(self, partner_id):
        address = request.env["res.partner"].sudo().browse(int(partner_id)).exists()
        before = address._subscription_contact_details()
        result = super().address_archive(partner_id)
        if request.env.user._is_portal():
            address._subscription_tell_change(before)
        return result
