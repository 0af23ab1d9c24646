from odoo import Command, api, models

from .subscription_dated import VERB


class SaleOrderLineUninstall(models.Model):
    """What becomes of orders when the addon goes: none is opened again."""

    _inherit = "sale.order.line"

    @api.model
    def _subscription_give_back(self):
        """Write in Sales' own words what contracts billed, then take the links away.

        A line is linked to the first invoice line of its contract, and discounts that
        contract lines carried are those of the order lines. A line of a running
        contract that billed nothing yet is Sales' to invoice.
        """
        self = self.sudo().with_context(subscription_verb=VERB, tracking_disable=True)
        lines = self.search(
            ["|", ("subscription_line_handed_over", "=", True), ("subscription_line_discount_taken", "!=", 0)]
        )
        linked = lines._subscription_linked_lines()
        to_sales = lines & linked.filtered(lambda line: line.contract_id.state in ("active", "paused")).sale_line_id
        locked = lines.order_id.filtered("locked")
        locked.locked = False
        lines._subscription_link_first_invoices(linked)
        lines._subscription_write_discounts(linked)
        renewed = lines.filtered("subscription_line_chain_id")
        for line in (linked.sale_line_id - to_sales) | linked.sale_line_id.filtered("invoice_lines") | renewed:
            line._subscription_match_invoiced()
        linked.sale_line_id = False
        lines.subscription_line_discount_taken = 0.0
        locked.locked = True

    def _subscription_link_first_invoices(self, linked):
        periods = self.env["subscription.period"].search(
            [
                ("chain_id", "in", linked.chain_id.ids),
                ("move_line_id.move_id.move_type", "=", "out_invoice"),
                ("move_line_id.parent_state", "=", "posted"),
            ],
            order="date_start desc, id desc",
        )
        first = {period.chain_id: period.move_line_id for period in periods}
        for line in linked:
            if move_line := first.get(line.chain_id):
                line.sale_line_id.invoice_lines = [Command.link(move_line.id)]

    def _subscription_write_discounts(self, linked):
        """The order lines carry what the contract lines did; a discount line keeps the rest."""
        for line in linked.filtered(lambda line: line.discount != line.sale_line_id.discount):
            line.sale_line_id.discount = line.discount
        for line in self.filtered("subscription_line_discount_taken"):
            price = float(line._subscription_ordinary_price()) / line.product_uom_qty
            line.write({"price_unit": price, "discount": 0.0, "extra_tax_data": False})
            if not price:
                line.product_uom_qty = 0.0

    def _subscription_match_invoiced(self):
        """What was ordered and delivered is what was invoiced, usage and refused periods included."""
        self.ensure_one()
        if self.product_uom_qty != self.qty_invoiced:
            self.product_uom_qty = self.qty_invoiced
        if self.product_id.invoice_policy == "delivery" and self.qty_delivered_method == "manual":
            self.qty_delivered = self.qty_invoiced
