from odoo import fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    subscription_recurrence_id = fields.Many2one("subscription.recurrence", "Recurrence")
    subscription_line_ids = fields.One2many("subscription.line", "sale_line_id", "Contract lines", readonly=True, copy=False)
