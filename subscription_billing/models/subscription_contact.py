from odoo import fields, models


class SubscriptionContact(models.Model):
    """Somebody beside the customer who receives documents of a contract."""

    _name = "subscription.contact"
    _description = "Contact of a contract"
    _order = "contract_id, role, id"
    _check_company_auto = True

    contract_id = fields.Many2one("subscription.contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", "Contact", required=True, index=True, ondelete="restrict", check_company=True
    )
    email = fields.Char(related="partner_id.email")
    role = fields.Selection(
        [("invoice", "Copy of invoices"), ("notice", "Notices of renewal and price")],
        "Receives",
        required=True,
        default="invoice",
    )
