from odoo import models
from odoo.fields import Domain

PARTNERS = ("partner_id", "commercial_partner_id", "partner_invoice_id", "partner_shipping_id")


class SubscriptionContractPartner(models.Model):
    """What happens to contracts when their contacts change."""

    _inherit = "subscription.contract"

    def _of_partners(self, partner_ids):
        """The contracts for, invoiced to or delivered to these contacts."""
        return self.with_context(active_test=False).search(
            Domain.OR([(name, "in", list(partner_ids))] for name in PARTNERS)
        )

    def _follow_merge(self, customers):
        """Contacts were merged in SQL: derive what depends on them, and tell whom it concerns.

        :param customers: id and name of the customer before, by contract.
        """
        self.invalidate_recordset()
        self.env.add_to_compute(self._fields["commercial_partner_id"], self)
        for contract in self:
            former, name = customers[contract]
            if contract.partner_id.id == former:
                continue
            contract.message_post(
                body=self.env._(
                    "%(former)s was merged with %(customer)s.", former=name, customer=contract.partner_id.display_name
                )
            )
            if contract.state != "draft":
                contract._on_lines_changed(self.env["subscription.amendment"])
