from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    subscription_contract_exit_page = fields.Boolean(
        related="company_id.subscription_contract_exit_page", readonly=False
    )
    subscription_contract_withdrawal_page = fields.Boolean(
        related="company_id.subscription_contract_withdrawal_page", readonly=False
    )
    subscription_contract_withdrawal_days = fields.Integer(
        related="company_id.subscription_contract_withdrawal_days", readonly=False
    )
    subscription_contract_quotation_days = fields.Integer(
        related="company_id.subscription_contract_quotation_days", readonly=False
    )
