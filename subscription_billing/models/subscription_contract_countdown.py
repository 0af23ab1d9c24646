from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class SubscriptionContractCountdown(models.Model):
    """Days since and until the dates of a contract: plain numbers, for whoever writes a condition."""

    _inherit = "subscription.contract"

    days_served = fields.Integer(
        compute="_compute_countdown", search="_search_days_served", aggregator=None, help="Days since its start."
    )
    days_to_end = fields.Integer(
        compute="_compute_countdown",
        search="_search_days_to_end",
        aggregator=None,
        help="Days until it ends, or until its term does when no renewal is planned; 0 when neither will.",
    )
    overdue_days = fields.Integer(
        "Days overdue",
        compute="_compute_overdue_days",
        search="_search_overdue_days",
        aggregator=None,
        help="Days since the oldest due date that passed unpaid; 0 when nothing is overdue.",
    )

    @api.depends("date_start", "date_stop", "renewal", "term_end")
    def _compute_countdown(self):
        for contract in self:
            today = contract._today()
            term_end = contract.term_end if contract.renewal != "tacit" else False
            end = contract.date_end or term_end
            contract.days_served = max((today - contract.date_start).days, 0) if contract.date_start else 0
            contract.days_to_end = max((end - today).days, 0) if end else 0

    def _compute_overdue_days(self):
        for contract in self:
            since = contract.overdue_since
            contract.overdue_days = (contract._today() - since).days if since else 0

    @api.model
    def _search_days_served(self, operator, value):
        if operator not in MIRRORED:
            return NotImplemented
        return Domain("date_start", MIRRORED[operator], self._day_in(-value))

    @api.model
    def _search_days_to_end(self, operator, value):
        if operator not in MIRRORED:
            return NotImplemented
        within = Domain("date_end", operator, self._day_in(value)) & Domain("date_end", ">=", self._day_in(0))
        term = Domain("term_end", operator, self._day_in(value)) & Domain("term_end", ">=", self._day_in(0))
        return within | Domain("date_stop", "=", False) & Domain("renewal", "!=", "tacit") & term

    @api.model
    def _search_overdue_days(self, operator, value):
        if operator == "in":
            return Domain("overdue_since", "in", [self._day_in(-days) if days else False for days in value])
        if operator not in MIRRORED:
            return NotImplemented
        found = Domain("overdue_since", MIRRORED[operator], self._day_in(-value))
        return found | Domain("overdue_since", "=", False) if operator in ("<", "<=") and value >= 0 else found

    @api.model
    def _day_in(self, days):
        return self.env.company._subscription_today() + timedelta(days=days)
