from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Odoo moves what points to a merged contact in SQL: contracts derive the rest again."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        contracts = self.env["subscription.contract"].sudo()._of_partners(partner_ids)
        customers = {contract: (contract.partner_id.id, contract.partner_id.display_name) for contract in contracts}
        result = super()._merge(partner_ids, dst_partner, extra_checks)
        contracts._follow_merge(customers)
        return result
