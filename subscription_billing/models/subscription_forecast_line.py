from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL, format_amount, split_every

from ..core.cadence import add_months
from ..memo import remembering

MONTHS = 12
BATCH = 500
COLUMNS = (
    "date", "contract_id", "partner_id", "plan_id", "user_id", "team_id", "company_id", "currency_id", "kind", "amount",
    "create_uid", "write_uid", "create_date", "write_date",
)  # fmt: skip


class SubscriptionForecastLine(models.TransientModel):
    """What one contract will be invoiced on one day, read from the engine's own preview.

    Rows are made for the person who asks and thrown away afterwards: contracts as they
    run today, without the usage, renewals and changes that nobody knows yet.
    """

    _name = "subscription.forecast.line"
    _description = "Amount to be billed"
    _order = "date, partner_id, contract_id, id"

    date = fields.Date("To be billed on", readonly=True, help="What is overdue stands at today.")
    contract_id = fields.Many2one("subscription.contract", readonly=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True, ondelete="cascade")
    plan_id = fields.Many2one("subscription.plan", readonly=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True, ondelete="cascade")
    team_id = fields.Many2one("crm.team", "Sales team", readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="cascade")
    kind = fields.Selection(
        [("recurring", "Recurring"), ("usage", "Usage"), ("one_off", "One-off")],
        readonly=True,
        help="Usage counts with what is known today and the minimum of each period.",
    )
    amount = fields.Monetary("Untaxed", readonly=True, help="In the company's currency, at today's rate.")

    @api.depends("partner_id", "amount", "currency_id")
    def _compute_display_name(self):
        for line in self:
            amount = format_amount(self.env, line.amount, line.currency_id)
            line.display_name = f"{amount} {line.partner_id.display_name}"

    @api.model
    @remembering
    def _rebuild(self):
        """The rows of this person, for the companies and contracts this person sees."""
        self.env.cr.execute(SQL("DELETE FROM subscription_forecast_line WHERE create_uid = %s", self.env.uid))
        for company in self.env.companies:
            today = company._subscription_today()
            until = add_months(today, MONTHS) - timedelta(days=1)
            contracts = self.env["subscription.contract"].search(
                [("company_id", "=", company.id), ("state", "!=", "draft"), ("next_billing_date", "<=", until)]
            )
            for part in split_every(BATCH, contracts.ids, contracts.sudo().browse):
                self._insert(company, self._sums(company, part, today, until))
        self.invalidate_model()

    @api.model
    def _sums(self, company, contracts, today, until) -> dict:
        """Untaxed amounts by contract, day and kind."""
        engine = self.env["subscription.engine"].sudo()._of_company(company)
        sums, shares = defaultdict(Decimal), {}
        for charge in engine._preview(contracts, until):
            if not charge.amount:
                continue
            line = charge.line
            if line not in shares:
                shares[line] = self._untaxed_share(line)
            sums[charge.contract, max(charge.due, today), line.kind] += charge.amount * shares[line]
        return sums

    @api.model
    def _untaxed_share(self, line) -> Decimal:
        """What part of a line's price is not tax: less than one when its taxes are included."""
        whole = line._whole()
        return Decimal(str(line.price_untaxed)) / whole if whole and line.price_untaxed else Decimal(1)

    @api.model
    def _insert(self, company, sums):
        rates, now = {}, self.env.cr.now()
        rows = []
        for (contract, day, kind), amount in sums.items():
            currency = contract.currency_id
            if currency not in rates:
                rates[currency] = currency._get_conversion_rate(
                    currency, company.currency_id, company, company._subscription_today()
                )
            rows.append(
                (
                    day,
                    contract.id,
                    contract.partner_id.id,
                    contract.plan_id.id,
                    contract.user_id.id or None,
                    contract.team_id.id or None,
                    company.id,
                    company.currency_id.id,
                    kind,
                    company.currency_id.round(float(amount) * rates[currency]),
                    self.env.uid,
                    self.env.uid,
                    now,
                    now,
                )  # fmt: skip
            )
        columns = ", ".join(COLUMNS)
        self.env.cr.execute_values(
            f"INSERT INTO subscription_forecast_line ({columns}) VALUES %s",  # pylint: disable=sql-injection
            rows,
            page_size=1000,
        )

    @api.model
    def action_open(self):
        """The calendar of the next twelve months, computed now."""
        self.env["subscription.contract"].check_access("read")
        self._rebuild()
        return self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_forecast_line")
