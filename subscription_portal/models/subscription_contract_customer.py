from odoo import api, fields, models

# what a customer's own account may read of a contract over RPC: pages show more, in words
CUSTOMER_FIELDS = frozenset(
    (
        "id",
        "display_name",
        "name",
        "access_url",
        "commercial_partner_id",
        "company_id",
        "currency_id",
        "date_end",
        "date_start",
        "next_billing_date",
        "notice_deadline",
        "partner_id",
        "partner_invoice_id",
        "partner_shipping_id",
        "plan_id",
        "recurring_summary",
        "state",
        "term_end",
        "user_id",
    )
)


class SubscriptionContractCustomer(models.Model):
    """Who the customer is, and how a contract opens for him."""

    _inherit = "subscription.contract"

    # a customer reads the outcome, not what it is computed from
    date_end = fields.Date(compute_sudo=True)
    recurring_summary = fields.Char(compute_sudo=True)

    def _has_field_access(self, field, operation):
        """An account of the portal reads what concerns its customer, and none of our notes on him."""
        if not super()._has_field_access(field, operation):
            return False
        is_customer = self.env.user._is_portal() and not self.env.su
        return not is_customer or (operation == "read" and field.name in CUSTOMER_FIELDS)

    @api.model
    def _get_thread_with_access(self, thread_id, **kwargs):
        """A secure link reads the document; its messages are for those who log in."""
        return super()._get_thread_with_access(thread_id, **{**kwargs, "hash": None, "pid": None, "token": None})

    def _as_customer(self):
        """These contracts as pages and verbs use them: past the access rights, in the name of the user."""
        self.ensure_one()
        return self.sudo().with_company(self.sudo().company_id)

    def action_customer_view(self):
        """The page as the customer sees it."""
        self.ensure_one()
        self.check_access("read")
        return {"type": "ir.actions.act_url", "target": "self", "url": self.access_url}

    def action_rotate_link(self):
        """Links to this contract that were sent open nothing any more."""
        self.check_access("write")
        for contract in self.sudo():
            contract.access_token = False
            contract._portal_ensure_token()
            contract.message_post(
                body=self.env._("Links to this contract that were sent before are not valid any more.")
            )
        return True
