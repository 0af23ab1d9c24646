from odoo import models


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def button_uninstall(self):
        """Refuse before anything is taken apart; the uninstallation itself asks again."""
        leaving = self + self.downstream_dependencies()
        if "subscription_billing" in leaving.mapped("name"):
            self.env["subscription.contract"]._check_none_is_running()
        return super().button_uninstall()
