from odoo import api, fields, models

PAGES = {"end": "subscription_contract_exit_page", "withdraw": "subscription_contract_withdrawal_page"}


class ResCompany(models.Model):
    _inherit = "res.company"

    subscription_contract_exit_page = fields.Boolean(
        "End of contracts on a public page", default=True, help="Customers end a contract there without logging in."
    )
    subscription_contract_withdrawal_page = fields.Boolean(
        "Withdrawal on a public page", default=True, help="Consumers withdraw from a contract there without logging in."
    )
    subscription_contract_withdrawal_days = fields.Integer(
        "Withdrawal period", default=14, help="Days after the one on which the contract was concluded."
    )

    subscription_contract_quotation_days = fields.Integer(
        "Days before a quotation ends",
        default=3,
        help="So many days before, its salesperson is told of a quotation without answer.",
    )

    _subscription_contract_withdrawal_days_positive = models.Constraint(
        "CHECK(subscription_contract_withdrawal_days > 0)", "A withdrawal period has at least one day."
    )

    @api.private
    def _subscription_contract_has_page(self, kind: str) -> bool:
        """Whether customers of this company end their contracts, or withdraw from them, on a public page."""
        return self.sudo()[PAGES[kind]]
