from odoo import models


class SaleOrderInvoicing(models.Model):
    """The lock: no path of Sales invoices what a contract bills. And what is due at once."""

    _inherit = "sale.order"

    # the lock

    def _get_invoiceable_lines(self, final=False):
        """Whatever the quantity to invoice says, and whoever wrote it."""
        lines = super()._get_invoiceable_lines(final)
        handed_over = lines.filtered("subscription_line_handed_over")
        if not handed_over:
            return lines
        lines -= handed_over
        sections = lines.filtered(lambda line: line.display_type in ("line_section", "line_subsection"))
        used = (lines - sections).filtered(lambda line: not line.display_type).parent_id
        return lines - (sections - used - used.parent_id).filtered(lambda line: not line.is_downpayment)

    def _generate_downpayment_invoices(self):
        """Money that came for a contract is no down payment: it waits for the contract's invoice."""
        ordinary = self.filtered(lambda order: not order.order_line._subscription_concerned())
        return super(SaleOrderInvoicing, ordinary)._generate_downpayment_invoices()

    def _subscription_is_billed_by_contract(self) -> bool:
        """Whether nothing with a price is left to Sales."""
        self.ensure_one()
        priced = self.order_line.filtered(lambda line: line._subscription_is_sold())
        return bool(priced) and all(priced.mapped("subscription_line_handed_over"))

    # what is due at once

    def _subscription_has_contract(self) -> bool:
        """Whether this order opens a contract, or did."""
        self.ensure_one()
        return any(line._subscription_is_recurring() for line in self.order_line)

    def _subscription_amount_due(self) -> float:
        """What the customer pays now: the first invoice of the contract, and what Sales invoices once."""
        self.ensure_one()
        if not self._subscription_has_contract():
            return self.amount_total
        return self.currency_id.round(self._subscription_first_invoice().amount + self._subscription_ordinary_total())

    def _subscription_ordinary_total(self) -> float:
        """The total, tax included, of what stays with Sales."""
        self.ensure_one()
        taxes, handover = self.env["account.tax"], self._subscription_handover()
        base_lines = []
        for line in self.order_line.filtered(lambda line: line._subscription_is_sold()):
            if self.state == "sale":
                if not line.subscription_line_handed_over:
                    base_lines.append(line._subscription_ordinary_base_line())
            elif line in handover.taken:
                base_lines.append(line._subscription_base_line(line._subscription_net() + handover.taken[line]))
            elif line not in handover.lines:
                base_lines.append(line._prepare_base_line_for_taxes_computation())
        if not base_lines:
            return 0.0
        taxes._add_tax_details_in_base_lines(base_lines, self.company_id)
        taxes._round_base_lines_tax_details(base_lines, self.company_id)
        return taxes._get_tax_totals_summary(base_lines, self.currency_id, self.company_id)["total_amount_currency"]

    def _get_prepayment_required_amount(self):
        if not self.require_payment or not self._subscription_has_contract():
            return super()._get_prepayment_required_amount()
        return self.currency_id.round(self._subscription_amount_due() * self.prepayment_percent)

    def _is_paid(self):
        if not self._subscription_has_contract():
            return super()._is_paid()
        return self.currency_id.compare_amounts(self.amount_paid, self._subscription_amount_due()) >= 0

    def _get_default_payment_link_values(self):
        values = super()._get_default_payment_link_values()
        if self._subscription_has_contract():
            remaining = max(0.0, self.currency_id.round(self._subscription_amount_due() - self.amount_paid))
            values["amount_max"] = remaining
            if self.state not in ("draft", "sent") or not self.require_payment:
                values["amount"] = remaining
        return values
