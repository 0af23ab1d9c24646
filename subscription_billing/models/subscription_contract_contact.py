from odoo import fields, models


class SubscriptionContractContact(models.Model):
    """Who receives what of a contract, beside its customer."""

    _inherit = "subscription.contract"

    contact_ids = fields.One2many("subscription.contact", "contract_id", "Other contacts", copy=True)

    def _recipients(self, role):
        """The contacts of these contracts who receive the documents of ``role``, archived ones left out."""
        return self.contact_ids.filtered(lambda contact: contact.role == role).partner_id.filtered("active")
