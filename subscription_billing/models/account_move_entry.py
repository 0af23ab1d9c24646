from odoo import api, models

from .account_move_line_entry import COMPLETE


class AccountMove(models.Model):
    """The chatter of documents that the engine creates together is opened together.

    The followers and the messages are those of Odoo, by its own functions: only their
    queries are done once for all documents instead of once for each.
    """

    _inherit = "account.move"

    def _is_complete(self) -> bool:
        return self.env.context.get("subscription_complete") is COMPLETE

    @api.model
    def _subscription_create_complete(self, vals_list):
        """Create documents whose ``line_ids`` hold everything that Odoo would add to them."""
        complete = self.with_context(
            skip_invoice_sync=True,
            skip_invoice_line_sync=True,
            skip_analytic_sync=True,
            mail_create_nolog=True,
            subscription_complete=COMPLETE,
        )
        moves = complete.create(vals_list).with_env(self.env)
        moves._subscription_subscribe_followers(vals_list)
        moves._subscription_log_creation()
        return moves

    # followers

    def _message_auto_subscribe(self, updated_values, followers_existing_policy="skip"):
        if self._is_complete():
            return True  # done for all documents by the caller
        return super()._message_auto_subscribe(updated_values, followers_existing_policy)

    def _subscription_subscribe_followers(self, vals_list):
        """Those who follow the sales team, and others that Odoo finds by the values of a document."""
        relations = self.env["mail.message.subtype"]._get_auto_subscription_subtypes(self._name)[-1]
        names = {"user_id", *(name for names in relations.values() for name in names)}
        values = {move: {name: vals[name] for name in names & vals.keys()} for move, vals in zip(self, vals_list, strict=True)}
        for moves in self.grouped(lambda move: tuple(sorted(values[move].items()))).values():
            moves._message_auto_subscribe(values[moves[0]], followers_existing_policy="update")

    # messages

    def _subscription_log_creation(self):
        """The message that each document begins with."""
        for moves in self.grouped("move_type").values():
            if subtype := moves[0]._creation_subtype():
                moves._subscription_post_creation(subtype)
            else:
                moves._message_log_batch(bodies={move.id: move._creation_message() for move in moves})
