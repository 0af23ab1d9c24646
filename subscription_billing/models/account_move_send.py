from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _get_default_mail_partner_ids(self, move, mail_template, mail_lang):
        """Whoever a contract names for copies of its invoices receives them."""
        partners = super()._get_default_mail_partner_ids(move, mail_template, mail_lang)
        copies = move.sudo().subscription_contract_ids._recipients("invoice").sudo(self.env.su)
        return partners | copies.filtered("email")
