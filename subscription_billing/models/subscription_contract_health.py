from odoo import fields, models
from odoo.exceptions import UserError

from .subscription_dated import VERB
from .subscription_health_rule import HEALTH

JUDGED = frozenset(("health", "health_rule_id", "health_since"))


class SubscriptionContractHealth(models.Model):
    """How a contract does, by the first health rule that holds, since when; its history is in the chatter."""

    _inherit = "subscription.contract"

    health = fields.Selection(HEALTH, required=True, default="neutral", readonly=True, copy=False, tracking=True)
    health_rule_id = fields.Many2one(
        "subscription.health.rule",
        "Health rule",
        readonly=True,
        copy=False,
        tracking=True,
        ondelete="set null",
        index="btree_not_null",
    )
    health_reason = fields.Char(related="health_rule_id.reason", string="Why")
    health_since = fields.Date("Health since", readonly=True, copy=False)

    def write(self, vals):
        result = super().write(vals)
        if "billing_error" in vals or not self._in_verb():
            self.env["subscription.health.mark"]._add(self)
        return result

    def _check_writable(self, names):
        if JUDGED & names and not self._in_verb():
            raise UserError(self.env._("Rules decide on the health of a contract: change them instead."))
        return super()._check_writable(names)

    def _on_lines_changed(self, amendment):
        super()._on_lines_changed(amendment)
        self.env["subscription.health.mark"]._add(self)

    def _judge(self):
        """Let the first rule that holds for each contract say how it does."""
        rules = self.env["subscription.health.rule"].sudo().search([])
        running = self.sudo().filtered(lambda contract: contract.state != "draft")
        for company, contracts in running.grouped("company_id").items():
            left = contracts.with_company(company).with_context(tz=company.subscription_tz)
            for rule in rules:
                held = rule._among(left)
                held._take_health(rule)
                left -= held
            left._take_health(rules.browse())

    def _take_health(self, rule):
        health = rule.health or "neutral"
        changed = self.filtered(lambda contract: contract.health != health or contract.health_rule_id != rule)
        free = changed.try_lock_for_update(allow_referencing=True)
        self.env["subscription.health.mark"]._add(changed - free)
        for contract in free.with_context(subscription_verb=VERB):
            values = {"health_rule_id": rule.id}
            if contract.health != health:
                values |= {"health": health, "health_since": contract._today()}
            contract.write(values)
