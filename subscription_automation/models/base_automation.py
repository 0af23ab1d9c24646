from odoo import models


class BaseAutomation(models.Model):
    _inherit = "base.automation"

    def _search_time_based_automation_records(self, *, until):
        """The rules of contracts choose theirs by what holds, not by a date alone."""
        rule = self.env["subscription.automation"].sudo().search([("base_automation_id", "=", self.id)])
        return rule._take_new() if rule else super()._search_time_based_automation_records(until=until)
