from odoo import Command, api, fields, models


class SubscriptionRevisionDecision(models.TransientModel):
    """Why revisions, or all of a campaign, are left out or cancelled."""

    _name = "subscription.revision.decision"
    _description = "Reason of a decision on price revisions"

    decision = fields.Selection([("exclude", "Leave out"), ("cancel", "Cancel")], required=True, readonly=True)
    revision_ids = fields.Many2many("subscription.revision", readonly=True)
    campaign_id = fields.Many2one("subscription.revision.campaign", readonly=True)
    reason = fields.Char(required=True, help="Kept on each revision and told in its file.")

    @api.model
    def _ask(self, decision, revisions=None, campaign=None):
        """The dialog that asks for the reason, then does it."""
        cancel = self.env._("Cancel the campaign") if campaign else self.env._("Cancel the revision")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Leave out") if decision == "exclude" else cancel,
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_decision": decision,
                "default_revision_ids": revisions and [Command.set(revisions.ids)],
                "default_campaign_id": campaign and campaign.id,
            },
        }

    def action_confirm(self):
        self.ensure_one()
        if self.decision == "exclude":
            self.revision_ids._exclude(self.reason)
        else:
            (self.campaign_id or self.revision_ids)._cancel(self.reason)
        return {"type": "ir.actions.act_window_close"}
