from odoo import api, fields, models


class SubscriptionPeriod(models.Model):
    """Stretches that wait for the index of a revision are held, and billed once it is known."""

    _inherit = "subscription.period"

    revision_id = fields.Many2one("subscription.revision", readonly=True, index="btree_not_null", ondelete="set null")

    @api.model
    def _free_held(self, revisions):
        """What waited for these revisions is due again."""
        held = self.sudo().search([("revision_id", "in", revisions.ids), ("state", "=", "held")])
        if held:
            held.write({"state": "void"})
            self.env["subscription.engine"]._refresh(held.contract_id)
