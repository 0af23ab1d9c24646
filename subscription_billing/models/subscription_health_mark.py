from odoo import api, fields, models
from odoo.tools import SQL

from ..memo import remembered


class SubscriptionHealthMark(models.Model):
    """A contract whose health is to be judged again.

    Something changed in it, in its lines or in its invoices. Rows are only inserted and
    deleted, never on the contract itself: whoever bills, pays or changes waits for nobody.
    """

    _name = "subscription.health.mark"
    _description = "Contract to judge again"
    _log_access = False

    contract_id = fields.Many2one("subscription.contract", required=True, index=True, ondelete="cascade")

    @api.model
    def _add(self, contracts):
        if contracts.ids:
            self._insert(SQL("SELECT unnest(%s)", contracts.ids))

    @api.model
    def _add_moves(self, moves):
        """Mark the contracts that these invoices bill or credit."""
        if moves.ids:
            moves.env["account.move.line"].flush_model(["subscription_line_id", "subscription_credited_line_id"])
            self._insert(
                SQL(
                    """
                    SELECT DISTINCT line.contract_id
                      FROM account_move_line item
                      LEFT JOIN account_move_line credited ON credited.id = item.subscription_credited_line_id
                      JOIN subscription_line line
                        ON line.id = COALESCE(item.subscription_line_id, credited.subscription_line_id)
                     WHERE item.move_id IN %s
                    """,
                    tuple(moves.ids),
                )
            )

    @api.model
    def _add_all(self):
        """Days pass, rules change: every contract may do otherwise than yesterday."""
        self.env["subscription.contract"].flush_model(["state"])
        self._insert(SQL("SELECT id FROM subscription_contract WHERE state <> 'draft'"))

    @api.model
    def _insert(self, contract_ids: SQL):
        self.env.cr.execute(SQL("INSERT INTO subscription_health_mark (contract_id) %s", contract_ids))
        if self.env.cr.rowcount:
            self._wake()

    @api.model
    @remembered(lambda: None)
    def _wake(self):
        """Let the job come, once for all that a batch marks."""
        job = self.env.ref("subscription_billing.ir_cron_health", raise_if_not_found=False)
        return job.sudo()._trigger() if job else self.env["ir.cron.trigger"]

    @api.model
    def _next_ids(self, size, known=()) -> list:
        """Ids of marked contracts that are not ``known``."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT contract_id
                  FROM subscription_health_mark
                 WHERE NOT contract_id = ANY(%s)
                 ORDER BY contract_id
                 LIMIT %s
                """,
                list(known),
                size,
            )
        )
        return [contract_id for [contract_id] in rows]

    @api.model
    def _forget(self, contract_ids):
        self.env.cr.execute("DELETE FROM subscription_health_mark WHERE contract_id = ANY(%s)", [contract_ids])
