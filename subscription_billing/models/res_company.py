from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytz

from odoo import api, fields, models
from odoo.tools import SQL


class ResCompany(models.Model):
    _inherit = "res.company"

    subscription_tz = fields.Selection(
        lambda self: [(tz, tz) for tz in sorted(pytz.all_timezones)],
        "Time zone of billing",
        compute="_compute_subscription_tz",
        store=True,
        readonly=False,
        precompute=True,
        help="Contracts count calendar days in this time zone.",
    )

    @api.depends("partner_id")
    def _compute_subscription_tz(self):
        for company in self:
            calendar = company.resource_calendar_id
            company.subscription_tz = company.subscription_tz or calendar.tz or company.partner_id.tz or "Europe/Paris"

    @api.private
    def _subscription_today(self) -> date:
        """The calendar day of the company, by the clock of the transaction.

        The only place that says which day it is. The database's clock decides, so
        that servers whose clocks differ bill by the same day.
        """
        return self._subscription_day(self.env.cr.now())

    @api.model
    def _subscription_today_table(self) -> SQL:
        """The day of every company, archived ones included, as a table of a query: ``today(company_id, day)``."""
        companies = self.sudo().with_context(active_test=False).search([])
        days = [str(company._subscription_today()) for company in companies]
        return SQL("unnest(%s, %s::date[]) AS today(company_id, day)", companies.ids, days)

    @api.private
    def _subscription_day(self, moment: datetime) -> date:
        """The calendar day of the company at a moment of the database, which counts in UTC."""
        return moment.replace(tzinfo=pytz.utc).astimezone(ZoneInfo(self.subscription_tz or "Europe/Paris")).date()
