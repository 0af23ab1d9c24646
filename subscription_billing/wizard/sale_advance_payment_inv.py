from odoo import models
from odoo.exceptions import UserError


class SaleAdvancePaymentInv(models.TransientModel):
    _inherit = "sale.advance.payment.inv"

    def _create_invoices(self, sale_orders):
        """:raises UserError: when a contract bills all that a down payment could concern."""
        if self.advance_payment_method != "delivered":
            for order in sale_orders.filtered(lambda order: order._subscription_is_billed_by_contract()):
                raise UserError(
                    self.env._(
                        "The contract %(contract)s bills all lines of %(order)s: no down payment can be asked for. "
                        "Its first invoice can be prepaid online instead.",
                        contract=order.sudo().subscription_contract_id.display_name,
                        order=order.display_name,
                    )
                )
        return super()._create_invoices(sale_orders)
