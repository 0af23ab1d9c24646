from odoo import fields, models


class SubscriptionPlanFamily(models.Model):
    """Plans that a customer goes over to from one another: bronze, silver, gold."""

    _name = "subscription.plan.family"
    _description = "Family of plans"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    plan_ids = fields.One2many("subscription.plan", "family_id", "Plans")
