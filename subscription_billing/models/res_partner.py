from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    subscription_contract_count = fields.Integer(
        "Running contracts",
        compute="_compute_subscription_contract_count",
        groups="subscription_billing.group_subscription_user,account.group_account_invoice,account.group_account_readonly",
    )

    def _compute_subscription_contract_count(self):
        """Running contracts of the company and of all its addresses."""
        groups = self.env["subscription.contract"]._read_group(
            [("commercial_partner_id", "in", self.commercial_partner_id.ids), ("state", "in", ("active", "paused"))],
            ["commercial_partner_id"],
            ["__count"],
        )
        counts = dict(groups)
        for partner in self:
            partner.subscription_contract_count = counts.get(partner.commercial_partner_id, 0)

    def action_view_subscription_contracts(self):
        """The contracts of the company and of all its addresses."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_contract")
        return {
            **action,
            "domain": [("commercial_partner_id", "=", self.commercial_partner_id.id)],
            "context": {"default_partner_id": self.id},
        }
