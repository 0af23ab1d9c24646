from odoo import api, models


class AccountTax(models.Model):
    _inherit = "account.tax"

    @api.model
    def _prepare_down_payment_lines(self, base_lines, company, *args, **kwargs):
        """A down payment concerns what Sales invoices, never what a contract bills."""
        base_lines = self._subscription_ordinary_base_lines(base_lines, company)
        return super()._prepare_down_payment_lines(base_lines, company, *args, **kwargs)

    @api.model
    def _prepare_global_discount_lines(self, base_lines, company, *args, **kwargs):
        """A discount added to a confirmed order concerns what Sales still invoices."""
        base_lines = self._subscription_ordinary_base_lines(base_lines, company)
        return super()._prepare_global_discount_lines(base_lines, company, *args, **kwargs)

    @api.model
    def _subscription_ordinary_base_lines(self, base_lines, company):
        """These base lines without the part of an order that a contract bills; the same list without such a part."""
        if not any(self._subscription_is_handed_over(base_line["record"]) for base_line in base_lines):
            return base_lines
        ordinary = [
            base_line["record"]._subscription_ordinary_base_line()
            for base_line in base_lines
            if not base_line["record"].subscription_line_handed_over
        ]
        self._add_tax_details_in_base_lines(ordinary, company)
        self._round_base_lines_tax_details(ordinary, company)
        return ordinary

    @api.model
    def _subscription_is_handed_over(self, record) -> bool:
        """Whether a contract bills the record of a base line, or a part of it."""
        is_order_line = isinstance(record, models.BaseModel) and record._name == "sale.order.line"
        return is_order_line and bool(record.subscription_line_handed_over or record.subscription_line_discount_taken)
