from odoo import models
from odoo.tools import plaintext2html

STOPPED = "subscription_billing.mail_activity_type_stopped"


class SubscriptionContractParking(models.Model):
    """A contract that cannot be billed waits for a person."""

    _inherit = "subscription.contract"

    def _park(self, reason, next_attempt):
        """Bill nothing here before ``next_attempt``, and show why."""
        self._locked().write({"billing_error": reason, "next_attempt": next_attempt})

    def _unpark(self):
        """What stopped the billing is over."""
        parked = self.filtered(lambda contract: contract.billing_error or contract.next_attempt)
        parked.write({"billing_error": False, "next_attempt": False})
        parked.activity_unlink([STOPPED])

    def _activity_to_bill(self, reason):
        """One to-do for whoever is responsible, with the last reason."""
        self.ensure_one()
        note = plaintext2html(reason)
        if known := self.activity_search([STOPPED]):
            known.note = note
        elif responsible := self._responsible():
            self.activity_schedule(STOPPED, note=note, user_id=responsible.id)

    def _responsible(self):
        """The salesperson, else a manager of contracts in the company."""
        managers = self.env.ref("subscription_billing.group_subscription_manager").all_user_ids
        present = managers.filtered(lambda user: user.active and self.company_id in user.company_ids)
        return self.user_id.filtered("active") or present[:1]
