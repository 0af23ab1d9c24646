from operator import ge, gt, le, lt

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

COMPARISONS = {"<": lt, "<=": le, ">": gt, ">=": ge}


class SubscriptionContractOverdue(models.Model):
    """What the customer has not paid in time, read from the open receivables."""

    _inherit = "subscription.contract"

    overdue_amount = fields.Monetary(
        compute="_compute_overdue",
        search="_search_overdue_amount",
        help="Tax included. An invoice of several contracts counts for each by what it bills of it.",
    )
    overdue_since = fields.Date(
        compute="_compute_overdue", search="_search_overdue_since", help="The oldest due date that passed unpaid."
    )

    def _compute_overdue(self):
        overdue = self._overdue(self.ids) if self.ids else {}
        for contract in self:
            since, amount = overdue.get(contract._origin.id, (False, 0.0))
            contract.overdue_since, contract.overdue_amount = since, amount

    @api.model
    def _search_overdue_since(self, operator, value):
        return self._search_overdue(0, False, operator, value)

    @api.model
    def _search_overdue_amount(self, operator, value):
        return self._search_overdue(1, 0.0, operator, value)

    @api.model
    def _search_overdue(self, position, otherwise, operator, value):
        """:param otherwise: the value of contracts that owe nothing."""
        if operator != "in" and operator not in COMPARISONS:
            return NotImplemented

        def holds(known):
            if operator == "in":
                return known in value
            return known is not False and COMPARISONS[operator](known, value)

        overdue = self._overdue()
        found = Domain("id", "in", [key for key, values in overdue.items() if holds(values[position])])
        return found | Domain("id", "not in", list(overdue)) if holds(otherwise) else found

    @api.model
    def _overdue(self, contract_ids=None) -> dict:
        """First day and amount overdue by contract, in its currency, in one query over the open items."""
        self.env["account.move.line"].flush_model()
        scope = (
            SQL(
                """
                AND due.move_id IN (
                    SELECT item.move_id
                      FROM account_move_line item
                      JOIN subscription_line line ON line.id = item.subscription_line_id
                     WHERE line.contract_id IN %s
                )
                """,
                tuple(contract_ids),
            )
            if contract_ids
            else SQL()
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT billed.contract_id,
                       min(due.date_maturity),
                       sum(due.amount_residual_currency * billed.share)::float
                  FROM account_move_line due
                  JOIN %(today)s
                    ON today.company_id = due.company_id
                  JOIN LATERAL (
                       SELECT line.contract_id,
                              COALESCE(
                                  sum(item.price_total) / NULLIF(sum(sum(item.price_total)) OVER (), 0),
                                  1.0 / count(*) OVER ()
                              ) AS share
                         FROM account_move_line item
                         JOIN subscription_line line ON line.id = item.subscription_line_id
                        WHERE item.move_id = due.move_id
                        GROUP BY line.contract_id
                       ) billed ON TRUE
                 WHERE due.display_type = 'payment_term'
                   AND due.parent_state = 'posted'
                   AND due.reconciled IS NOT TRUE
                   AND due.amount_residual_currency > 0
                   AND due.date_maturity < today.day
                   %(scope)s
                 GROUP BY billed.contract_id
                """,
                today=self.env["res.company"]._subscription_today_table(),
                scope=scope,
            )
        )
        return {contract_id: (since, amount) for contract_id, since, amount in rows}
