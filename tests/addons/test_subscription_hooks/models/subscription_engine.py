from odoo import api, models


class SubscriptionEngine(models.AbstractModel):
    """Bills contracts whose external reference is "hooked" in its own way."""

    _inherit = "subscription.engine"

    @api.model
    def _is_hooked(self, contract) -> bool:
        return contract.external_id == "hooked"

    @api.model
    def _invoice_vals(self, group):
        vals = super()._invoice_vals(group)
        if self._is_hooked(group[0].contract):
            vals["narration"] = "Through _invoice_vals"
        return vals

    @api.model
    def _invoice_line_vals(self, charge, sign):
        vals = super()._invoice_line_vals(charge, sign)
        if self._is_hooked(charge.contract):
            vals["name"] += "\nThrough _invoice_line_vals"
        return vals

    @api.model
    def _invoice_grouping_key(self, charge, last_due):
        key = super()._invoice_grouping_key(charge, last_due)
        return (*key, charge.line.product_id) if self._is_hooked(charge.contract) else key

    @api.model
    def _line_quantity(self, line, period):
        quantity = super()._line_quantity(line, period)
        return quantity * 3 if self._is_hooked(line.contract_id) else quantity

    @api.model
    def _proposal_warnings(self, charges):
        warnings = super()._proposal_warnings(charges)
        for charge in charges:
            if self._is_hooked(charge.contract):
                warnings.setdefault(charge.contract, []).append("Through _proposal_warnings")
        return warnings

    @api.model
    def _collect(self, invoices):
        super()._collect(invoices)
        for contract in invoices.subscription_contract_ids.filtered(self._is_hooked):
            contract.message_post(body="Through _collect")

    @api.model
    def _on_invoiced(self, moves):
        super()._on_invoiced(moves)
        for move in moves:
            credited = move.line_ids.subscription_credited_line_id.move_id
            if any(map(self._is_hooked, (move | credited).subscription_contract_ids)):
                move.message_post(body="Through _on_invoiced")
