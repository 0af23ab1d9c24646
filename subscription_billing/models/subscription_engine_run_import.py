from odoo import api, models


class SubscriptionEngineRunImport(models.AbstractModel):
    """The first invoices of imported contracts are compared with the former application and posted by a person."""

    _inherit = "subscription.engine"

    @api.model
    def _leaves_as(self, move, asked):
        imported = any(move.subscription_contract_ids.mapped("is_imported"))
        return "draft" if imported else super()._leaves_as(move, asked)

    @api.model
    def _legacy_amount(self, group) -> float:
        """What the former application invoiced for the contracts of a document; 0 when nobody said it of all."""
        contracts = group[0].contract.union(*(charge.contract for charge in group))
        amounts = [contract.is_imported and contract.legacy_amount for contract in contracts]
        return sum(amounts) if all(amounts) else 0.0

    @api.model
    def _run_warnings(self, group, variance, threshold):
        if not any(charge.contract.is_imported for charge in group):
            return super()._run_warnings(group, variance, threshold)
        return [self._legacy_warning(group, variance), *super()._run_warnings(group, None, threshold)]

    @api.model
    def _legacy_warning(self, group, variance) -> str:
        _ = self.env._
        if not self._legacy_amount(group):
            return _("Imported, nothing to compare with")
        if variance:
            return _("Imported, %s %% against elsewhere", f"{variance:+.1f}")
        return _("Imported, as invoiced elsewhere")

    @api.model
    def _on_invoiced(self, moves):
        result = super()._on_invoiced(moves)
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        invoices.subscription_contract_ids.sudo()._approve_import()
        return result
