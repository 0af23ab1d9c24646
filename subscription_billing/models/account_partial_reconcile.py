from odoo import api, models


class AccountPartialReconcile(models.Model):
    """A payment that arrives or is taken back changes what a contract owes."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._subscription_mark()
        self.env["subscription.outbox"]._queue_paid(partials._subscription_invoices())
        return partials

    def unlink(self):
        self._subscription_mark()
        return super().unlink()

    def _subscription_mark(self):
        self.env["subscription.health.mark"]._add_moves(self._subscription_invoices())

    def _subscription_invoices(self):
        return (self.debit_move_id | self.credit_move_id).move_id.filtered(lambda move: move.is_invoice())
