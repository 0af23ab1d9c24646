from odoo import fields, models


class SaleOrderTemplate(models.Model):
    _inherit = "sale.order.template"

    subscription_plan_id = fields.Many2one(
        "subscription.plan",
        "Subscription plan",
        check_company=True,
        help="Taken over by quotations made from this template.",
    )
