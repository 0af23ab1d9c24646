from odoo import models

from ..memo import distinct_companies
from .account_move_entry import POSTING


class AccountAnalyticLine(models.Model):
    _inherit = "account.analytic.line"

    def _check_company(self, fnames=None):
        """Lines that the engine posts together and that refer to the same record are checked once."""
        if self.env.context.get("subscription_posting") is not POSTING:
            return super()._check_company(fnames)
        for name, samples in distinct_companies(self, fnames):
            super(AccountAnalyticLine, samples)._check_company([name])
        return None
