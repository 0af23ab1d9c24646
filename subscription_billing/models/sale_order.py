from odoo import fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    subscription_plan_id = fields.Many2one("subscription.plan", "Subscription plan", check_company=True, index="btree_not_null")
    subscription_contract_id = fields.Many2one(
        "subscription.contract", "Contract", copy=False, readonly=True, check_company=True, index="btree_not_null"
    )
    subscription_intent = fields.Selection(
        [("new", "New contract"), ("upsell", "Upsell"), ("renewal", "Renewal")], default="new", copy=False, readonly=True
    )
    subscription_start_date = fields.Date("Contract start", copy=False)
