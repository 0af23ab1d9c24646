from odoo import api, fields, models
from odoo.tools import SQL

DAYS_OF = {"day": 1, "week": 7, "month": 365.25 / 12, "year": 365.25}


class SubscriptionAccountReport(models.Model):
    """What each customer was billed and credited, owes, and what waits to be billed.

    One row for each contract on each posted document, and for each stretch that waits. An
    invoice of several contracts is shared among them by what it bills of each, so that
    sums over any grouping are those of the books. Amounts are in the company's currency at
    the rate of the document, as its entry has them; only what has no document yet is taken
    at today's rate.
    """

    _name = "subscription.account.report"
    _description = "Customer account"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "contract_id"

    date = fields.Date(readonly=True, help="Invoice date; for what waits, its first day.")
    contract_id = fields.Many2one("subscription.contract", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    plan_id = fields.Many2one("subscription.plan", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales team", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    move_id = fields.Many2one("account.move", "Document", readonly=True)
    billed = fields.Monetary(readonly=True, help="Posted invoices, tax included.")
    credited = fields.Monetary(readonly=True, help="Posted credit notes, tax included.")
    due = fields.Monetary(readonly=True, help="What is not paid yet, less open credit notes.")
    overdue = fields.Monetary(readonly=True, help="What is not paid although its due date has passed.")
    parked = fields.Monetary(
        readonly=True,
        help="Without tax: what lost its invoice and waits for a decision, and the days served that nobody can bill "
        "because billing stopped or was set aside.",
    )

    _depends = {
        "account.move": ["company_id", "invoice_date", "move_type", "state"],
        "account.move.line": [
            "amount_currency",
            "amount_residual",
            "balance",
            "date_maturity",
            "display_type",
            "parent_state",
            "price_subtotal",
            "price_total",
            "subscription_credited_line_id",
            "subscription_line_id",
        ],
        "res.company": ["currency_id"],
        "subscription.contract": [
            "billing_error",
            "billing_timing",
            "currency_id",
            "next_attempt",
            "next_billing_date",
            "partner_id",
            "plan_id",
            "state",
            "team_id",
            "user_id",
        ],
        "subscription.line": [
            "anchor_date",
            "chain_id",
            "contract_id",
            "date_start",
            "date_stop",
            "kind",
            "price_untaxed",
            "recurrence_id",
        ],
        "subscription.period": ["amount_invoiced", "chain_id", "date_start", "date_stop", "move_line_id", "state"],
        "subscription.recurrence": ["interval", "unit"],
    }

    @property
    def _table_query(self):
        return SQL(
            """
            WITH today AS (
                SELECT * FROM %(today)s
            ),
            rate AS (
                SELECT * FROM unnest(%(rate_companies)s, %(rate_currencies)s, %(rates)s::float[])
                           AS rate(company_id, currency_id, rate)
            ),
            part AS (
                SELECT min(item.id) AS id,
                       item.move_id,
                       line.contract_id,
                       COALESCE(
                           sum(item.price_total) / NULLIF(sum(sum(item.price_total)) OVER move, 0),
                           1.0 / count(*) OVER move
                       ) AS share
                  FROM account_move_line item
                  LEFT JOIN account_move_line former ON former.id = item.subscription_credited_line_id
                  JOIN subscription_line line
                    ON line.id = COALESCE(item.subscription_line_id, former.subscription_line_id)
                 WHERE item.parent_state = 'posted'
                 GROUP BY item.move_id, line.contract_id
                WINDOW move AS (PARTITION BY item.move_id)
            ),
            receivable AS (
                SELECT item.move_id,
                       sum(item.balance) AS balance,
                       sum(item.amount_residual) AS due,
                       sum(item.amount_residual) FILTER (WHERE item.date_maturity < today.day AND item.balance > 0)
                           AS overdue
                  FROM account_move_line item
                  JOIN today ON today.company_id = item.company_id
                 WHERE item.display_type = 'payment_term'
                   AND item.move_id IN (SELECT move_id FROM part)
                 GROUP BY item.move_id
            ),
            fact AS (
                SELECT part.id::bigint * 4 AS id,
                       move.invoice_date AS date,
                       part.contract_id,
                       move.id AS move_id,
                       CASE WHEN move.move_type = 'out_refund' THEN 0 ELSE receivable.balance * part.share END
                           AS billed,
                       CASE WHEN move.move_type = 'out_refund' THEN -receivable.balance * part.share ELSE 0 END
                           AS credited,
                       receivable.due * part.share AS due,
                       COALESCE(receivable.overdue, 0) * part.share AS overdue,
                       0.0 AS parked
                  FROM part
                  JOIN receivable ON receivable.move_id = part.move_id
                  JOIN account_move move ON move.id = part.move_id
             UNION ALL
                SELECT period.id::bigint * 4 + 1,
                       period.date_start,
                       period.contract_id,
                       item.move_id,
                       0, 0, 0, 0,
                       item.price_subtotal
                           * COALESCE(period.amount_invoiced / NULLIF(sum(period.amount_invoiced) OVER (
                               PARTITION BY period.move_line_id), 0), 1)
                           * COALESCE(abs(item.balance / NULLIF(item.amount_currency, 0)), 1)
                  FROM subscription_period period
                  JOIN account_move_line item ON item.id = period.move_line_id
                 WHERE period.state = 'held'
             UNION ALL
                SELECT gap.id * 4 + 2,
                       gap.date_start,
                       gap.contract_id,
                       NULL,
                       0, 0, 0, 0,
                       line.price_untaxed * rate.rate
                           * CASE line.kind
                                 WHEN 'one_off' THEN 1
                                 WHEN 'usage' THEN 0
                                 ELSE gap.days / (recurrence.interval * %(days_of)s)
                             END
                  FROM (%(gaps)s) gap
                  JOIN subscription_line line ON line.id = gap.line_id
                  JOIN subscription_recurrence recurrence ON recurrence.id = line.recurrence_id
                  JOIN subscription_contract contract ON contract.id = gap.contract_id
                  JOIN rate ON rate.company_id = contract.company_id AND rate.currency_id = contract.currency_id
                 WHERE gap.reason IN ('stopped', 'set_aside')
            )
            SELECT fact.*,
                   contract.partner_id,
                   contract.plan_id,
                   contract.user_id,
                   contract.team_id,
                   contract.company_id,
                   company.currency_id
              FROM fact
              JOIN subscription_contract contract ON contract.id = fact.contract_id
              JOIN res_company company ON company.id = contract.company_id
            """,
            today=self.env["res.company"]._subscription_today_table(),
            gaps=self.env["subscription.gap"]._table_query,
            days_of=SQL(
                "CASE recurrence.unit %s END",
                SQL(" ").join(SQL("WHEN %s THEN %s", unit, days) for unit, days in DAYS_OF.items()),
            ),
            **self._rates_of_today(),
        )

    def _rates_of_today(self) -> dict:
        """The rates of the currencies in which contracts are, as columns."""
        companies = self.env["res.company"].sudo().with_context(active_test=False).search([])
        groups = self.env["subscription.contract"].sudo()._read_group([("state", "!=", "draft")], ["currency_id"])
        currencies = self.env["res.currency"].sudo().browse([currency.id for [currency] in groups])
        rows = [
            (company.id, currency.id, currency._get_conversion_rate(currency, company.currency_id, company, day))
            for company in companies
            for day in [company._subscription_today()]
            for currency in currencies
        ]
        names = ("rate_companies", "rate_currencies", "rates")
        return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else dict.fromkeys(names, [])

    @api.depends("contract_id", "date")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.contract_id.display_name} {row.date}"

    def action_open_document(self):
        """The invoice of a row; the contract when there is none."""
        self.ensure_one()
        record = self.move_id or self.contract_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }
