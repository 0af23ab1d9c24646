from odoo import fields, models


class SubscriptionAmendment(models.Model):
    _inherit = "subscription.amendment"

    request_id = fields.Many2one(
        "subscription.request", "Asked by the customer", readonly=True, index="btree_not_null", ondelete="set null"
    )

    def _get_report_base_filename(self) -> str:
        """Name of the PDF on the portal."""
        return self.display_name
