from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, format_date, format_datetime

from .subscription_period import COUNTING

# one number per line and day: a row keeps its identity while others are mended
DAYS_PER_LINE = 1_000_000


class SubscriptionGap(models.Model):
    """Every day served up to today that is neither settled nor rightly not yet due.

    "Exactly once" also means never not at all. This reads the dated lines and the
    ledger only, and recomputes the cadence from the anchor in SQL: a wrong next
    date, a wrong cursor or a fault of the engine cannot hide a day from it::

        lines     |————————————————————————▶ today
        ledger    |█ billed █|    |█ held █|
        gap                  |gap |        |gap, unless billed in arrears and the period runs
    """

    _name = "subscription.gap"
    _description = "Unbilled days"
    _auto = False
    _order = "date_start, contract_id, line_id"

    contract_id = fields.Many2one("subscription.contract", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    line_id = fields.Many2one("subscription.line", "Contract line", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    date_start = fields.Date("From", readonly=True)
    date_end = fields.Date("To", readonly=True, help="Last day included.")
    days = fields.Integer(readonly=True)
    reason = fields.Selection(
        [
            ("not_armed", "This database does not bill"),
            ("stopped", "Billing stopped"),
            ("set_aside", "Set aside"),
            ("overlooked", "Overlooked"),
            ("waiting", "Waits for the next run"),
        ],
        readonly=True,
        help="Overlooked: the contract does not say that something is due. Billing it now mends that as well.",
    )
    explanation = fields.Text("Why", compute="_compute_explanation")

    _depends = {
        "subscription.contract": [
            "billing_error",
            "billing_timing",
            "company_id",
            "next_attempt",
            "next_billing_date",
            "partner_id",
            "state",
            "user_id",
        ],
        "subscription.line": [
            "anchor_date",
            "chain_id",
            "contract_id",
            "date_start",
            "date_stop",
            "kind",
            "product_id",
            "recurrence_id",
        ],
        "subscription.period": ["chain_id", "date_start", "date_stop", "state"],
        "subscription.recurrence": ["interval", "unit"],
    }

    @property
    def _table_query(self):
        engine = self.env["subscription.engine"]
        return SQL(
            """
            WITH today AS (
                SELECT * FROM %(today)s
            ),
            chain AS (
                SELECT chain_id, max(COALESCE(date_stop, 'infinity')) AS date_stop
                  FROM subscription_line
                 WHERE date_stop IS NULL OR date_stop > date_start
                 GROUP BY chain_id
            ),
            served AS (
                SELECT line.id,
                       line.chain_id,
                       line.contract_id,
                       line.product_id,
                       contract.company_id,
                       line.date_start,
                       LEAST(
                           line.date_stop,
                           CASE
                               WHEN line.kind = 'one_off' THEN line.date_start + 1
                               WHEN chain.date_stop <= today.day THEN line.date_stop
                               WHEN line.kind = 'usage' OR contract.billing_timing = 'arrears' THEN running.date_start
                           END,
                           today.day + 1
                       ) AS date_stop
                  FROM subscription_line line
                  JOIN chain ON chain.chain_id = line.chain_id
                  JOIN subscription_contract contract ON contract.id = line.contract_id
                  JOIN today ON today.company_id = contract.company_id
                  JOIN subscription_recurrence recurrence ON recurrence.id = line.recurrence_id
                 CROSS JOIN LATERAL (
                       SELECT COALESCE(line.anchor_date, line.date_start) AS anchor,
                              recurrence.interval
                                  * CASE recurrence.unit WHEN 'day' THEN 1 WHEN 'week' THEN 7 END AS days,
                              recurrence.interval
                                  * CASE recurrence.unit WHEN 'month' THEN 1 WHEN 'year' THEN 12 END AS months
                       ) cadence
                 CROSS JOIN LATERAL (
                       SELECT floor((today.day - anchor)::numeric / days)::int AS by_days,
                              floor(
                                  (date_part('year', today.day) * 12 + date_part('month', today.day)
                                   - date_part('year', anchor) * 12 - date_part('month', anchor))::numeric / months
                              )::int AS by_months
                       ) elapsed
                 CROSS JOIN LATERAL (
                       SELECT CASE
                                  WHEN days IS NOT NULL THEN anchor + by_days * days
                                  WHEN anchor + make_interval(months => by_months * months) <= today.day
                                  THEN (anchor + make_interval(months => by_months * months))::date
                                  ELSE (anchor + make_interval(months => (by_months - 1) * months))::date
                              END AS date_start
                       ) running
                 WHERE contract.state <> 'draft'
                   AND line.date_start <= today.day
            ),
            edge AS (
                SELECT served.id, served.date_start, served.date_start AS date_stop
                  FROM served
                 WHERE served.date_stop > served.date_start
             UNION ALL
                SELECT served.id, served.date_stop, served.date_stop
                  FROM served
                 WHERE served.date_stop > served.date_start
             UNION ALL
                SELECT served.id,
                       GREATEST(period.date_start, served.date_start),
                       LEAST(period.date_stop, served.date_stop)
                  FROM served
                  JOIN subscription_period period
                    ON period.chain_id = served.chain_id
                   AND period.date_start < served.date_stop
                   AND period.date_stop > served.date_start
                 WHERE period.state IN %(counting)s
            ),
            uncovered AS (
                SELECT id,
                       max(date_stop) OVER (
                           PARTITION BY id ORDER BY date_start, date_stop
                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                       ) AS date_start,
                       date_start AS date_stop
                  FROM edge
            )
            SELECT served.id::bigint * %(days_per_line)s + (uncovered.date_start - served.date_start) AS id,
                   served.contract_id,
                   served.company_id,
                   contract.partner_id,
                   contract.user_id,
                   served.id AS line_id,
                   served.product_id,
                   uncovered.date_start,
                   uncovered.date_stop - 1 AS date_end,
                   uncovered.date_stop - uncovered.date_start AS days,
                   CASE
                       WHEN NOT %(armed)s THEN 'not_armed'
                       WHEN contract.billing_error IS NOT NULL THEN 'stopped'
                       WHEN contract.next_attempt > %(now)s THEN 'set_aside'
                       WHEN contract.next_billing_date <= today.day THEN 'waiting'
                       ELSE 'overlooked'
                   END AS reason
              FROM uncovered
              JOIN served ON served.id = uncovered.id
              JOIN subscription_contract contract ON contract.id = served.contract_id
              JOIN today ON today.company_id = contract.company_id
             WHERE uncovered.date_start < uncovered.date_stop
            """,
            today=self.env["res.company"]._subscription_today_table(),
            counting=COUNTING,
            days_per_line=DAYS_PER_LINE,
            armed=engine._is_armed(),
            now=self.env.cr.now(),
        )

    @api.depends("reason", "contract_id.billing_error", "contract_id.next_attempt")
    def _compute_explanation(self):
        for gap in self:
            gap.explanation = gap.contract_id.billing_error or gap._reason_in_words()

    def _reason_in_words(self) -> str:
        _ = self.env._
        return {
            "not_armed": _("This database is a copy, or its billing was never armed: it bills nothing."),
            "stopped": _("Its billing stopped."),
            "set_aside": _("Somebody set it aside until %s.", format_datetime(self.env, self.contract_id.next_attempt)),
            "overlooked": _("The contract does not say that these days are due: billing it now mends that as well."),
            "waiting": _("It is due, and the next run bills it."),
        }[self.reason]

    @api.depends("contract_id", "product_id", "date_start", "date_end")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for gap in self:
            days = " – ".join(format_date(self.env, day) for day in (gap.date_start, gap.date_end))
            gap.display_name = f"{gap.contract_id.display_name} {gap.product_id.display_name} {days}"

    def action_bill(self):
        """Bill now what these contracts owe, and let them say again what is due next.

        :raises UserError: with the reason why a contract cannot be billed.
        """
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(self.env._("Only people who may invoice can bill a contract."))
        for company, contracts in self.contract_id.grouped("company_id").items():
            engine = self.env["subscription.engine"].sudo().with_company(company)
            contracts = contracts.sudo().with_company(company)._locked()
            engine._refresh(contracts)
            engine._bill(contracts, company._subscription_today())
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_contract(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "subscription.contract",
            "res_id": self.contract_id.id,
            "views": [(False, "form")],
        }
