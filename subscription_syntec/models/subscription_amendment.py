from odoo import fields, models


class SubscriptionAmendment(models.Model):
    """An amendment that is taken back cancels the revisions it applied."""

    _inherit = "subscription.amendment"

    revision_ids = fields.One2many("subscription.revision", "amendment_id", "Price revisions", readonly=True)

    def _announcement(self) -> str:
        """The sentence of each price that it revised."""
        told = self.sudo().revision_ids.filtered(lambda revision: revision.state == "applied")
        return "\n".join(told.mapped("sentence")) or super()._announcement()

    def _undo(self, reason="", chains=None):
        revisions = self.sudo().revision_ids.filtered(
            lambda revision: revision.state == "applied" and (chains is None or revision.chain_id in chains)
        )
        revisions._check_cancellable()
        undoing = super()._undo(reason, chains)
        revisions._write(
            {"state": "cancelled", "cancelled_by_id": undoing.id, "reason": reason or undoing.display_name}
        )
        return undoing
