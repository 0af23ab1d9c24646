from markupsafe import Markup

from odoo import api, models

from .account_move_line_entry import COMPLETE

# the context value of the posting of many documents by the engine
POSTING = object()


class AccountMove(models.Model):
    """Documents that the engine creates together, with everything that Odoo would add to each.

    Followers and messages are those of Odoo, by its own functions; only what these ask
    and write for each document is asked and written once for all.
    """

    _inherit = "account.move"

    @api.model
    def _subscription_create_complete(self, vals_list, with_chatter):
        """Create documents from ``line_ids`` that hold the lines of the whole entry.

        :param with_chatter: whether followers and messages may be written together.
        """
        complete = self.with_context(
            skip_invoice_sync=True,
            skip_invoice_line_sync=True,
            skip_analytic_sync=True,
            subscription_complete=COMPLETE,
            **({"subscription_chatter": COMPLETE, "mail_create_nolog": True} if with_chatter else {}),
        )
        moves = complete.create(vals_list).with_env(self.env)
        due_lines = moves.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.env.add_to_compute(due_lines._fields["name"], due_lines)
        if with_chatter:
            moves._subscription_subscribe(vals_list)
            moves._subscription_log_creation()
        return moves

    # posting

    def _get_next_sequence_format(self):
        """Documents that the engine posts together share the format of their number; Odoo counts on."""
        if self.env.context.get("subscription_posting") is not POSTING or self.journal_id.is_self_billing:
            return super()._get_next_sequence_format()
        formats = self._get_sequence_cache()
        key = ("subscription", self.journal_id, self.date, self.move_type)
        if key not in formats:
            formats[key] = super()._get_next_sequence_format()
        text, values = formats[key]
        return text, dict(values)

    # followers

    def _message_auto_subscribe(self, updated_values, followers_existing_policy="skip"):
        if self.env.context.get("subscription_chatter") is COMPLETE:
            return True
        return super()._message_auto_subscribe(updated_values, followers_existing_policy)

    def _subscription_subscribe(self, vals_list):
        """Those whom the values of a document make followers, as those of its sales team."""
        relations = self.env["mail.message.subtype"]._get_auto_subscription_subtypes(self._name)[-1]
        names = {"user_id", *(name for names in relations.values() for name in names)}
        values = [{name: vals[name] for name in sorted(names & vals.keys())} for vals in vals_list]
        by_move = dict(zip(self, values, strict=True))
        for moves in self.grouped(lambda move: tuple(by_move[move].items())).values():
            moves._message_auto_subscribe(by_move[moves[0]], followers_existing_policy="update")

    # messages

    def _subscription_log_creation(self):
        """The message that the chatter of each document begins with."""
        for moves in self.grouped("move_type").values():
            if subtype := moves[0]._creation_subtype():
                moves.sudo()._subscription_post_creation(subtype)
            else:
                moves._message_log_batch(bodies={move.id: move._creation_message() for move in moves})

    def _subscription_post_creation(self, subtype):
        author_id, email_from = self._message_compute_author(self.env.user.partner_id.id, None)
        domains = self._mail_get_alias_domains(default_company=self.env.company)
        reply_to = self._fallback_lang()._notify_get_reply_to(default=email_from, author_id=author_id)
        posted = []
        for move in self.with_context(subscription_posted=posted):
            move.message_post(
                subtype_id=subtype.id,
                author_id=author_id,
                body=Markup('<div summary="o_mail_notification"><p>%s</p></div>') % move._creation_message(),
                record_alias_domain_id=domains[move.id].id,
                reply_to=reply_to[move.id],
            )
        messages = self._message_create(posted)
        recipients = self.env["mail.followers"]._get_recipient_data(self, "notification", subtype.id)
        for move, message, values in zip(self, messages, posted, strict=True):
            move._message_post_after_hook(message, values)
            if recipients[move.id]:
                move._notify_thread(message, values)

    # while messages are put together, ``message_post`` neither looks for an earlier one, nor writes, nor sends

    def _message_compute_parent_id(self, parent_id):
        if "subscription_posted" in self.env.context:
            return False
        return super()._message_compute_parent_id(parent_id)

    def _message_create(self, values_list):
        if "subscription_posted" in self.env.context:
            self.env.context["subscription_posted"].extend(values_list)
            return self.env["mail.message"]
        return super()._message_create(values_list)

    def _message_post_after_hook(self, message, msg_values):
        if "subscription_posted" in self.env.context:
            return None
        return super()._message_post_after_hook(message, msg_values)

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        if "subscription_posted" in self.env.context:
            return []
        return super()._notify_thread(message, msg_vals, **kwargs)
