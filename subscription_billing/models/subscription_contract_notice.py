from datetime import timedelta

from odoo import api, fields, models

from .subscription_notice import PROTECTED


class SubscriptionContractNotice(models.Model):
    """What a renewal notice that was not sent in time does to the contract."""

    _inherit = "subscription.contract"

    notice_ids = fields.One2many("subscription.notice", "contract_id", "Renewal notices", readonly=True)
    is_free_to_leave = fields.Boolean(
        compute="_compute_is_free_to_leave",
        help="The customer was not told in time of the renewal: the contract may be ended at any time free of charge.",
    )

    @api.depends("notice_ids.state", "term_start", "customer_class")
    def _compute_is_free_to_leave(self):
        for contract in self:
            contract.is_free_to_leave = contract.customer_class in PROTECTED and bool(
                contract.notice_ids.filtered(
                    lambda notice, start=contract.term_start: (
                        notice.state == "missed" and notice.term_end + timedelta(days=1) == start
                    )
                )
            )
