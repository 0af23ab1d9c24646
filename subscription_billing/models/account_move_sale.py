from odoo import models


class AccountMoveSale(models.Model):
    """The payment of an order that opened a contract pays two invoices: the contract's first, and that of Sales."""

    _inherit = "account.move"

    def _post(self, soft=True):
        """What is left of such a payment pays the second too: Odoo takes no payment that has paid one before."""
        posted = super()._post(soft=soft)
        for invoice in posted.sudo().filtered(lambda move: move.move_type == "out_invoice" and move.transaction_ids):
            transactions = invoice.transaction_ids.filtered("sale_order_ids.subscription_contract_id")
            open_lines = transactions.payment_id.move_id.line_ids.filtered(
                lambda line: line.account_type == "asset_receivable" and not line.reconciled
            )
            for line in open_lines if not invoice.currency_id.is_zero(invoice.amount_residual) else ():
                invoice.js_assign_outstanding_line(line.id)
        return posted
