from odoo import api, models

from ..memo import distinct_companies

# the context value of the creation of complete entries: an object, so that no RPC client can send it
COMPLETE = object()
WITH_AMOUNT = ("product", "tax", "payment_term")
# what Odoo computes on a line once it is written; the engine gives it, or it follows from what the engine gives
COMPUTED = (
    "price_subtotal",
    "price_total",
    "amount_residual",
    "amount_residual_currency",
    "reconciled",
    "move_name",
    "parent_state",
    "date",
    "invoice_date",
    "ref",
    "payment_id",
    "statement_line_id",
    "statement_id",
)


class AccountMoveLine(models.Model):
    """Lines that the engine hands over complete are not computed again one by one."""

    _inherit = "account.move.line"

    def _is_complete(self) -> bool:
        return self.env.context.get("subscription_complete") is COMPLETE

    @api.model
    def _add_precomputed_values(self, vals_list):
        if not self._is_complete():
            return super()._add_precomputed_values(vals_list)
        complete = [vals for vals in vals_list if vals["display_type"] in WITH_AMOUNT]
        for vals in complete:
            vals.update(self._known_values(vals))
        super()._add_precomputed_values(vals_list)
        precomputed = {name for name, field in self._fields.items() if field.precompute}
        for vals in complete:
            vals["__precomputed__"] = {self._fields[name] for name in vals if name in precomputed}
        return None

    @api.model
    def _known_values(self, vals) -> dict:
        """What follows from the document, the repartition line, the account and the balance."""
        move = self.env["account.move"].browse(vals["move_id"])
        tax = self.env["account.tax.repartition.line"].browse(vals.get("tax_repartition_line_id")).tax_id
        account = self.env["account.account"].browse(vals["account_id"])
        balance, amount_currency = vals["balance"], vals["amount_currency"]
        is_open = account.reconcile or account.account_type in ("asset_cash", "liability_credit_card")
        is_zero = move.company_currency_id.is_zero(balance) and move.currency_id.is_zero(amount_currency)
        return {
            "journal_id": move.journal_id.id,
            "company_id": move.company_id.id,
            "company_currency_id": move.company_currency_id.id,
            "parent_state": move.state,
            "date": move.date,
            "invoice_date": move.invoice_date,
            "ref": move.ref,
            "tax_line_id": tax.id,
            "tax_group_id": tax.tax_group_id.id,
            "debit": max(balance, 0.0),
            "credit": max(-balance, 0.0),
            "amount_residual": balance if is_open else 0.0,
            "amount_residual_currency": amount_currency if is_open else 0.0,
            "reconciled": is_open and is_zero,
            "is_storno": False,
        }

    def _create(self, data_list):
        lines = super()._create(data_list)
        if self._is_complete():
            complete = lines.filtered(lambda line: line.display_type in WITH_AMOUNT)
            for name in COMPUTED:
                self.env.remove_to_compute(self._fields[name], complete)
        return lines

    def _check_company(self, fnames=None):
        """Lines of one company that refer to the same record are checked once."""
        if not self._is_complete():
            return super()._check_company(fnames)
        for name, samples in distinct_companies(self, fnames):
            super(AccountMoveLine, samples)._check_company([name])
        return None
