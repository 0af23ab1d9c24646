from odoo import fields, models
from odoo.tools import plaintext2html

UNDELIVERED = "subscription_billing.mail_activity_type_undelivered"


class SubscriptionContractOutbox(models.Model):
    """What was to leave for a contract and did not arrive."""

    _inherit = "subscription.contract"

    outbox_ids = fields.Many2many(
        "subscription.outbox", "subscription_outbox_contract_rel", "contract_id", "outbox_id", copy=False
    )
    outbox_count = fields.Integer(compute="_compute_outbox")
    outbox_error = fields.Text("What did not arrive", compute="_compute_outbox")

    def _compute_outbox(self):
        for contract in self:
            effects = contract._origin.sudo().outbox_ids
            contract.outbox_count = len(effects)
            contract.outbox_error = effects._problem() or False

    def _tell_undelivered(self, title, reason, deadline=False):
        """One to-do on each contract, with the last answer."""
        self._tell(UNDELIVERED, f"{title}\n{reason or ''}", deadline)

    def _tell(self, activity_type, text, deadline=False):
        note = plaintext2html(text)
        for contract in self:
            if known := contract.activity_search([activity_type]):
                known.note = note
            elif responsible := contract._responsible():
                contract.activity_schedule(
                    activity_type,
                    note=note,
                    user_id=responsible.id,
                    **({"date_deadline": deadline} if deadline else {}),
                )

    def _forget_undelivered(self):
        """The to-do is over once nothing is left."""
        settled = self.filtered(
            lambda contract: not contract.outbox_ids.filtered(lambda effect: effect.state in ("failed", "bounced"))
        )
        settled.activity_unlink([UNDELIVERED])
