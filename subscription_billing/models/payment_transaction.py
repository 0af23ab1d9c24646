from odoo import Command, models

NEW_CARD = ("online_direct", "online_redirect")


class PaymentTransaction(models.Model):
    """A payment of an order that opened a contract pays the first invoice of that contract."""

    _inherit = "payment.transaction"

    def _subscription_unused(self, *, only_done=False):
        """The transactions of these that came for a first invoice and have none yet.

        What is left of one afterwards is for what Sales invoices, not for the next period.

        :param only_done: leave out payments under way: once done they would post their
            invoices, and what a person must approve first is never posted for them.
        """
        states = ("done",) if only_done else ("pending", "authorized", "done")
        return self.filtered(
            lambda transaction: (
                transaction.state in states
                and not transaction.payment_id.is_reconciled
                and not transaction.invoice_ids.filtered(lambda move: move.state != "cancel").subscription_contract_ids
            )
        )

    def _subscription_invoices(self):
        """The open invoices of the contracts that the paid orders opened."""
        contracts = self.sale_order_ids.subscription_contract_id
        invoices = contracts.period_ids.move_id.filtered(
            lambda move: move.move_type == "out_invoice" and move.payment_state in ("not_paid", "partial")
        )
        return invoices.sorted(lambda move: (move.invoice_date or move.date, move.id))

    def _invoice_sale_orders(self):
        """Sales keeps only its own invoices on the transaction: those of contracts stay too."""
        contract_invoices = {transaction: transaction._subscription_invoices() for transaction in self}
        linked = {transaction: transaction.invoice_ids & moves for transaction, moves in contract_invoices.items()}
        super()._invoice_sale_orders()
        for transaction, moves in linked.items():
            transaction.invoice_ids = [Command.link(move.id) for move in moves]

    def _subscription_keep_cards(self):
        """The card that a customer agreed to save while paying an order is kept by the contract it opened.

        Only one that this very payment saved: whoever holds a payment link may pay with
        cards that were there before, and agrees to nothing by that.
        """
        for transaction in self.filtered(lambda paid: paid.token_id.active and paid.operation in NEW_CARD):
            for contract in transaction.sale_order_ids.subscription_contract_id:
                if not contract.payment_token_id and transaction.token_id in contract.suitable_payment_token_ids:
                    contract._keep_card(transaction.token_id)

    def _post_process(self):
        """What is paid on an order reconciles with the invoice that its contract has issued already."""
        done = self.filtered(lambda transaction: transaction.state == "done" and transaction.operation != "validation")
        for transaction in done:
            posted = transaction._subscription_invoices().filtered(lambda move: move.state == "posted")[:1]
            transaction.invoice_ids = [Command.link(move.id) for move in posted]
        super()._post_process()
        done._subscription_keep_cards()
        for transaction in done._subscription_unused():
            drafts = transaction._subscription_invoices().filtered(lambda move: move.state == "draft")[:1]
            transaction.invoice_ids = [Command.link(move.id) for move in drafts]
