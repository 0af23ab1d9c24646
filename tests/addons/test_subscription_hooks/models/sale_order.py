from odoo import models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _order_line_to_line_vals(self, order_line):
        vals = super()._order_line_to_line_vals(order_line)
        return {**vals, "section": "Through the order"} if self.client_order_ref == "hooked" else vals
