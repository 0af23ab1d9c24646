from odoo import Command, api, models

from ..core import charges as core_charges
from .sale_order_quote import FirstInvoice


class SubscriptionEngineSale(models.AbstractModel):
    """What a quotation says of the first invoice, and the payment that already came for it."""

    _inherit = "subscription.engine"

    @api.model
    def _first_invoice(self, contract) -> FirstInvoice:
        """The first invoice of a contract: as it was issued, else as it will be.

        :param contract: also one that exists in memory only, for a quotation.
        """
        if issued := self._first_issued(contract):
            return FirstInvoice(issued.invoice_date or issued.date, issued.amount_total)
        charges = self._first_charges(contract)
        group = next((group for group in self._groups(charges) if any(charge.amount for charge in group)), None)
        if not group:
            return FirstInvoice(None, 0.0)
        due = max(charge.due for charge in group)
        day = due if due > contract._today() else self._invoice_date(group)
        return FirstInvoice(day, self._amount_total(group))

    @api.model
    def _first_issued(self, contract):
        moves = contract.sudo().period_ids.filtered(lambda period: period.state != "void").move_id
        return moves.sorted(lambda move: (move.invoice_date or move.date, move.id))[:1]

    @api.model
    def _first_charges(self, contract) -> list:
        """What is due today, else on the first day on which something is that costs money."""
        if contract.id:
            return self._upcoming(contract)[contract].charges
        terms = contract._billing_terms()
        rows = {line: [line._row()] for line in contract.line_ids.filtered("anchor_date")}
        due = [day for own in rows.values() for day in self._first_due(own, [], terms)]
        until = max([contract._today(), *([min(due)] if due else [])])
        charges = [
            self._charge(contract, line, charge)
            for line, own in rows.items()
            for charge in core_charges.propose(own, [], terms, until)
        ]
        self._rate_usage([charge for charge in charges if charge.line.kind == "usage"], {})
        return sorted(charges, key=self._order_key)

    @api.model
    def _amount_total(self, group) -> float:
        """The total, tax included, of the invoice of one group of charges."""
        contract, taxes = group[0].contract, self.env["account.tax"]
        company = contract.company_id
        base_lines = [
            taxes._prepare_base_line_for_taxes_computation(
                {},
                product_id=charge.line.product_id,
                price_unit=values["price_unit"],
                quantity=values["quantity"],
                tax_ids=charge.taxes,
                currency_id=contract.currency_id,
                partner_id=contract.partner_invoice_id,
            )
            for charge in group
            for values in [self._invoice_line_vals(charge, 1)]
        ]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        summary = taxes._get_tax_totals_summary(base_lines, contract.currency_id, company)
        return contract.currency_id.round(summary["total_amount_currency"])

    # the payment of an order rides on the first invoice of its contract

    @api.model
    def _invoice_vals(self, group):
        values = super()._invoice_vals(group)
        contracts = self.env["subscription.contract"].union(*(charge.contract for charge in group))
        contracts = contracts.with_prefetch(group[0].contract._prefetch_ids)
        transactions = contracts.sudo().order_ids.transaction_ids
        if transactions and values["move_type"] == "out_invoice":
            is_draft = contracts[0].invoicing_mode == "draft"
            waiting = transactions._subscription_unused(only_done=is_draft)
            values["transaction_ids"] = [Command.set(waiting.ids)]
        return values
