from odoo import api, fields, models


class SubscriptionIndexValue(models.Model):
    """What revisions made of a value: it stays, and a correction of it is proposed."""

    _inherit = "subscription.index.value"

    revision_ids = fields.Many2many("subscription.revision", string="Revisions", readonly=True, copy=False)

    def _is_used(self) -> bool:
        return "applied" in self.sudo().revision_ids.mapped("state")

    @api.model_create_multi
    def create(self, vals_list):
        values = super().create(vals_list)
        self.env["subscription.revision"]._propose_corrections(values)
        return values
