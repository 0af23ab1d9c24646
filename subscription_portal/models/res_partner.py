from markupsafe import Markup

from odoo import models


class ResPartner(models.Model):
    """What a customer changes of his contact details and addresses reaches those who know him."""

    _inherit = "res.partner"

    def _subscription_contact_details(self) -> dict[str, str]:
        """What the portal lets a customer change of this contact or address, in words; nothing of none."""
        contact = self.with_context(show_address=False)
        names = [*sorted(self._get_frontend_writable_fields() & self._fields.keys()), "parent_id"] if self else []
        return {name: self._fields[name].convert_to_display_name(contact[name], contact) or "" for name in names}

    def _subscription_tell_change(self, before: dict[str, str]):
        """Tell the salespeople of the customer's running contracts, once each, what is not as it was ``before``.

        :param before: the details of this contact before the user changed them.
        """
        customer = self.commercial_partner_id
        contracts = self.env["subscription.contract"].search(
            [("commercial_partner_id", "=", customer.id), ("state", "in", ("active", "paused"))]
        )
        after = self._subscription_contact_details() if self.active else {}
        changed = [name for name in after | before if after.get(name, "") != before.get(name, "")]
        if not (salespeople := contracts.user_id) or not changed:
            return
        author, thread = self.env.user.partner_id, customer.with_context(lang=salespeople[0].lang)
        thread.message_post(
            body=thread.env._(
                "%(author)s changed contact details on the portal: %(contact)s %(changes)s",
                author=author.name,
                contact=self.with_context(show_address=False).display_name,
                changes=thread._subscription_change_list(changed, before, after),
            ),
            subject=thread.env._("Contact details of %s", customer.name),
            author_id=author.id,
            partner_ids=salespeople.partner_id.ids,
            subtype_xmlid="mail.mt_note",
        )

    def _subscription_change_list(self, names, before, after) -> Markup:
        labels = self.fields_get(names, ["string"])
        rows = [(labels[name]["string"], before.get(name) or "–", after.get(name) or "–") for name in names]
        return Markup("<ul>%s</ul>") % Markup().join(Markup("<li>%s: %s → %s</li>") % row for row in rows)
