from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

FOLLOW_UP = "subscription_portal.mail_activity_type_quotation"
HAPPENED = (
    "subscription_contract_sent_on",
    "subscription_contract_opened_on",
    "subscription_contract_opened_last_on",
    "subscription_contract_refused_on",
)


class SaleOrderFollowup(models.Model):
    """What became of a quotation that sells a contract, and when its salesperson is told."""

    _inherit = "sale.order"

    subscription_contract_sent_on = fields.Datetime("Sent on", readonly=True, copy=False)
    subscription_contract_opened_on = fields.Datetime("First opened on", readonly=True, copy=False)
    subscription_contract_opened_last_on = fields.Datetime("Last opened on", readonly=True, copy=False)
    subscription_contract_paid_on = fields.Datetime(
        "Paid on", compute="_compute_subscription_contract_paid_on", store=True
    )
    subscription_contract_refused_on = fields.Datetime("Refused on", readonly=True, copy=False)
    subscription_contract_progress = fields.Selection(
        [
            ("draft", "To send"),
            ("sent", "Sent"),
            ("opened", "Opened"),
            ("signed", "Signed, to be paid"),
            ("accepted", "Accepted"),
            ("refused", "Refused"),
            ("cancelled", "Cancelled"),
        ],
        "Progress",
        compute="_compute_subscription_contract_progress",
        store=True,
        index=True,
    )
    subscription_contract_acceptance = fields.Float(
        "Acceptance",
        compute="_compute_subscription_contract_progress",
        store=True,
        aggregator="avg",
        help="The share of the quotations that were accepted.",
    )
    subscription_contract_end_told = fields.Date(readonly=True, copy=False, export_string_translation=False)

    # computes

    @api.depends("transaction_ids.state")
    def _compute_subscription_contract_paid_on(self):
        """The day of the first payment that went through."""
        for order in self:
            done = order.sudo().transaction_ids.filtered(lambda payment: payment.state == "done")
            order.subscription_contract_paid_on = min(done.mapped("last_state_change"), default=False)

    @api.depends("state", "signed_on", "subscription_contract_opened_on", "subscription_contract_refused_on")
    def _compute_subscription_contract_progress(self):
        for order in self:
            order.subscription_contract_progress = order._subscription_progress()
            order.subscription_contract_acceptance = float(order.state == "sale")

    def _subscription_progress(self) -> str:
        if self.state == "sale":
            return "accepted"
        if self.state == "cancel":
            return "refused" if self.subscription_contract_refused_on else "cancelled"
        if self.signed_on:
            return "signed"
        if self.subscription_contract_opened_on:
            return "opened"
        return self.state

    # what happens to it

    def write(self, vals):
        if vals.get("state") == "sent":
            vals = {"subscription_contract_sent_on": fields.Datetime.now(), **vals}
        elif vals.get("state") in ("sale", "cancel"):
            self.filtered("subscription_plan_id").sudo().activity_unlink([FOLLOW_UP])
        return super().write(vals)

    def _subscription_refused(self):
        """On the portal it is the customer who cancelled."""
        self.subscription_contract_refused_on = fields.Datetime.now()

    def action_draft(self):
        """A quotation that is taken back starts anew: what happened to it before is in its messages."""
        self.filtered(lambda order: order.state in ("cancel", "sent")).write(dict.fromkeys(HAPPENED, False))
        return super().action_draft()

    def _message_post_after_hook(self, message, msg_vals):
        """Odoo notes on the order when the customer opens it, once a day and visitor."""
        result = super()._message_post_after_hook(message, msg_vals)
        if self.subscription_plan_id and message.subtype_id == self.env.ref("sale.mt_order_viewed"):
            self.sudo()._subscription_opened(message.date)
        return result

    def _subscription_opened(self, moment):
        is_first = not self.subscription_contract_opened_on
        self.subscription_contract_opened_last_on = moment
        if is_first:
            self.subscription_contract_opened_on = moment
            order = self._subscription_for_salesperson()
            order._subscription_follow_up(order.env._("The customer opened the quotation for the first time."))

    # telling

    def _subscription_for_salesperson(self):
        """The quotation in the language of who follows it up."""
        return self.with_context(lang=self.user_id.lang or self.env.lang)

    def _subscription_follow_up(self, text):
        """A to-do for the salesperson while an answer is missing; a quotation that is nobody's stays in the list."""
        if self.user_id and self.state in ("draft", "sent"):
            self.activity_schedule(FOLLOW_UP, summary=text, user_id=self.user_id.id)

    @api.model
    def _cron_subscription_quotations(self):
        """Tell, once for each day on which they end, which quotations near it and were not answered."""
        if not self.env["subscription.engine"]._is_armed():
            return
        for company in self.env["res.company"].search([]):
            for order in self._subscription_ending(company):
                order.subscription_contract_end_told = order.validity_date
                order = order._subscription_for_salesperson()
                order._subscription_follow_up(
                    order.env._("The quotation ends on %s.", format_date(order.env, order.validity_date))
                )

    @api.model
    def _subscription_ending(self, company):
        today = company._subscription_today()
        ending = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "sent"),
                ("subscription_plan_id", "!=", False),
                ("validity_date", ">=", today),
                ("validity_date", "<=", today + timedelta(days=company.subscription_contract_quotation_days)),
            ]
        )
        return ending.filtered(lambda order: order.subscription_contract_end_told != order.validity_date)
