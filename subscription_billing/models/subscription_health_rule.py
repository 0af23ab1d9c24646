import ast

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

HEALTH = [("good", "Good"), ("neutral", "Neutral"), ("bad", "Bad")]


class SubscriptionHealthRule(models.Model):
    """What says that a contract does well or badly; the first rule that holds decides."""

    _name = "subscription.health.rule"
    _description = "Health rule"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: for every company.")
    plan_ids = fields.Many2many(
        "subscription.plan", string="Plans", check_company=True, help="Empty: for contracts of every plan."
    )
    domain = fields.Char("Condition", required=True, default="[]")
    health = fields.Selection(HEALTH, "Result", required=True, default="bad")
    reason = fields.Char(
        required=True, translate=True, help="What the contract says beside its health, in a few words."
    )

    @api.constrains("domain")
    def _check_domain(self):
        contracts = self.env["subscription.contract"]
        for rule in self:
            try:
                contracts.search(rule._condition(), limit=1)
            except (ValueError, SyntaxError, TypeError, KeyError, NotImplementedError, UserError) as error:
                raise ValidationError(
                    self.env._(
                        "The condition of %(rule)s cannot be read: %(error)s. Choose its fields and values again.",
                        rule=rule.name,
                        error=error,
                    )
                ) from error

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        self.env["subscription.health.mark"]._add_all()
        return rules

    def write(self, vals):
        result = super().write(vals)
        self.env["subscription.health.mark"]._add_all()
        return result

    def unlink(self):
        self.env["subscription.health.mark"]._add_all()
        return super().unlink()

    def _condition(self) -> Domain:
        """The contracts this rule speaks of, draft ones excepted."""
        self.ensure_one()
        condition = Domain(ast.literal_eval(self.domain or "[]")) & Domain("state", "!=", "draft")
        if self.plan_ids:
            condition &= Domain("plan_id", "in", self.plan_ids.ids)
        if self.company_id:
            condition &= Domain("company_id", "=", self.company_id.id)
        return condition

    def _among(self, contracts):
        """Those of ``contracts`` for which this rule holds."""
        return contracts.search(self._condition() & Domain("id", "in", contracts.ids))
