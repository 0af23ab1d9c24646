from odoo import models
from odoo.exceptions import UserError


class SaleOrderDiscount(models.TransientModel):
    _inherit = "sale.order.discount"

    def action_apply_discount(self):
        """Once confirmed, the price of a contract changes on the contract.

        :raises UserError: when the contract bills all that the discount could concern.
        """
        order = self.sale_order_id
        if order.state == "sale" and order._subscription_is_billed_by_contract():
            raise UserError(
                self.env._(
                    "The contract %(contract)s bills all lines of %(order)s: give the discount with its Change button.",
                    contract=order.sudo().subscription_contract_id.display_name,
                    order=order.display_name,
                )
            )
        return super().action_apply_discount()
