import logging
from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_datetime

_logger = logging.getLogger(__name__)

MAX_LISTED = 1000
KEPT = timedelta(days=400)


class SubscriptionCheck(models.Model):
    """The result of one check of every invariant in one company."""

    _name = "subscription.check"
    _description = "Check of the billing"
    _order = "checked_on desc, id desc"

    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="cascade")
    checked_on = fields.Datetime(required=True, readonly=True, default=lambda self: self.env.cr.now())
    contract_count = fields.Integer("Contracts", readonly=True, aggregator=None)
    difference_count = fields.Integer("Differences", readonly=True, aggregator=None)
    difference_ids = fields.One2many("subscription.check.difference", "check_id", readonly=True)
    summary = fields.Char("Result", compute="_compute_summary")

    @api.depends("contract_count", "difference_count")
    @api.depends_context("lang")
    def _compute_summary(self):
        for check in self:
            check.summary = self.env._(
                "%(differences)s differences over %(contracts)s contracts",
                differences=check.difference_count,
                contracts=check.contract_count,
            )

    @api.depends("checked_on")
    @api.depends_context("lang", "tz")
    def _compute_display_name(self):
        for check in self:
            check.display_name = self.env._("Checked on %s", format_datetime(self.env, check.checked_on))

    @api.model
    def _cron_check(self):
        """Every night, in every company."""
        self._check(self.env["res.company"].search([]))

    @api.model
    def _check(self, companies):
        """Run every query and keep what it found, a result for each of ``companies``."""
        found = self.env["subscription.invariant"]._differences()
        checks = self.sudo().create(
            [
                self._result(company, [difference for difference in found if difference[1] == company.id])
                for company in companies
            ]
        )
        for check in checks.filtered("difference_count"):
            _logger.error("Subscriptions: %s: %s", check.company_id.name, check.summary)
        return checks

    @api.model
    def _result(self, company, differences) -> dict:
        contracts = self.env["subscription.contract"].sudo()
        return {
            "company_id": company.id,
            "contract_count": contracts.search_count([("company_id", "=", company.id), ("state", "!=", "draft")]),
            "difference_count": len(differences),
            "difference_ids": [
                Command.create({"invariant": code, "record_ref": f"{model},{res_id}", "details": details})
                for code, _company, model, res_id, details in differences[:MAX_LISTED]
            ],
        }

    def action_check_now(self):
        """Check the companies of the user again."""
        if not self.env.user.has_group("subscription_billing.group_subscription_manager"):
            raise AccessError(self.env._("Only managers of subscriptions start a check."))
        self._check(self.env.companies)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.autovacuum
    def _gc_checks(self):
        self.search([("checked_on", "<", self.env.cr.now() - KEPT)]).unlink()
