import logging

from odoo import api, models

_logger = logging.getLogger(__name__)

BATCH = 500


class SubscriptionEngineHealth(models.AbstractModel):
    """The job that judges the health of contracts, after others have committed what changed."""

    _inherit = "subscription.engine"

    @api.model
    def _on_invoiced(self, moves):
        result = super()._on_invoiced(moves)
        self.env["subscription.health.mark"]._add_moves(moves)
        return result

    @api.model
    def _cron_health_of_all(self):
        """A day more: what depends on dates may have changed for any contract."""
        self.env["subscription.health.mark"]._add_all()

    @api.model
    def _cron_health(self, batch_size=BATCH):
        """Judge the contracts that are marked, a transaction for each batch.

        One that cannot be judged, by a condition that fails on it, stops no other.
        """
        marks, known = self.env["subscription.health.mark"], set()
        while ids := marks._next_ids(batch_size, known):
            known |= set(ids)
            if self._attempt(self._judge_marked, ids):
                for contract_id in ids:
                    if error := self._attempt(self._judge_marked, [contract_id]):
                        _logger.warning("Subscriptions: health of contract %s: %s", contract_id, error)
                        self._attempt(marks._forget, [contract_id])
            left = len(marks._next_ids(batch_size, known))
            if not self.env["ir.cron"]._commit_progress(len(ids), remaining=left) and left:
                self.env.ref("subscription_billing.ir_cron_health")._trigger()
                return

    @api.model
    def _judge_marked(self, ids):
        self.env["subscription.health.mark"]._forget(ids)
        self.env["subscription.contract"].browse(ids).exists()._judge()
