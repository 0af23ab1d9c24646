import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.notice import agreed_window, legal_window

_logger = logging.getLogger(__name__)

PROTECTED = ("consumer", "non_professional")


class SubscriptionNotice(models.Model):
    """The letter that tells a customer of the next tacit renewal, and the proof that it left.

    One for each term. The message itself, its recipient and its day are kept; what did
    not arrive is sent again as long as the window is open, and what was never sent in
    it frees the customer (article L215-1 of the Code de la consommation).
    """

    _name = "subscription.notice"
    _description = "Renewal notice"
    _inherit = ["mail.thread"]
    _order = "deadline desc, id desc"
    _check_company_auto = True

    contract_id = fields.Many2one("subscription.contract", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="contract_id.partner_id")
    user_id = fields.Many2one(related="contract_id.user_id")
    customer_class = fields.Selection(related="contract_id.customer_class")
    term_end = fields.Date("Term until", required=True, readonly=True)
    deadline = fields.Date("Refused until", required=True, readonly=True, help="Last day to refuse the renewal.")
    window_start = fields.Date("To send from", required=True, readonly=True)
    window_end = fields.Date("To send until", required=True, readonly=True)
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("leaving", "Leaving"),
            ("sent", "Sent"),
            ("failed", "Not arrived"),
            ("missed", "Too late"),
        ],
        required=True,
        readonly=True,
        default="planned",
        tracking=True,
    )
    message_id = fields.Many2one("mail.message", readonly=True, ondelete="restrict", index="btree_not_null")
    email = fields.Char("Sent to", readonly=True)
    sent_on = fields.Datetime(readonly=True)
    failure = fields.Text("Why it did not arrive", readonly=True)

    _term_unique = models.UniqueIndex("(contract_id, term_end)", "A term has one renewal notice.")

    @api.depends("contract_id.name", "term_end")
    def _compute_display_name(self):
        for notice in self:
            notice.display_name = f"{notice.contract_id.name} · {fields.Date.to_string(notice.term_end)}"

    # planning

    @api.model
    def _window(self, contract):
        """First and last day to tell the customer; None when nobody asks for it."""
        if contract.customer_class in PROTECTED:
            return legal_window(contract.notice_deadline)
        if contract.notice_reminder_days:
            return agreed_window(contract.notice_deadline, contract.notice_reminder_days)
        return None

    @api.model
    def _plan(self):
        """One row for the term of each contract that renews by itself and whose customer is to be told."""
        contracts = self.env["subscription.contract"].search(
            [
                ("renewal", "=", "tacit"),
                ("notice_deadline", "!=", False),
                ("date_stop", "=", False),
                ("state", "in", ("active", "paused")),
            ]
        )
        known = {(row.contract_id, row.term_end) for row in self.search([("contract_id", "in", contracts.ids)])}
        self.create(
            [
                {
                    "contract_id": contract.id,
                    "term_end": contract.term_end,
                    "deadline": contract.notice_deadline,
                    "window_start": window[0],
                    "window_end": window[1],
                }
                for contract in contracts
                if (contract, contract.term_end) not in known and (window := self._window(contract))
            ]
        )

    # sending

    def action_send(self):
        """Send now, or again, while the window is open."""
        for notice in self:
            notice.contract_id.check_access("write")
            notice.sudo()._send()
        return True

    def _send(self):
        self.ensure_one()
        if not self._is_open():
            raise UserError(
                self.env._(
                    "%(notice)s can be sent from %(start)s to %(end)s only.",
                    notice=self.display_name,
                    start=fields.Date.to_string(self.window_start),
                    end=fields.Date.to_string(self.window_end),
                )
            )
        self.write({"state": "leaving", "failure": False})
        self.env["subscription.outbox"]._queue_notice(self)

    def _is_open(self) -> bool:
        return self.window_start <= self.contract_id._today() <= self.window_end

    def _compose(self):
        """The very message that is kept; no mail leaves yet.

        :returns: the ``mail.message``.
        """
        self.ensure_one()
        customer, others = self.partner_id, self.contract_id._recipients("notice")
        if not customer.email:
            raise UserError(self.env._("%s has no e-mail address.", customer.display_name))
        message = self.with_context(mail_notify_force_send=False).message_post_with_source(
            "subscription_billing.mail_template_notice",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=(customer | others).ids,
        )
        self.write({"message_id": message.id, "email": customer.email_formatted})
        return message

    def _follow(self, notifications):
        """Sent once a mail server accepted the mail of the customer; copies for others prove nothing."""
        for notice in self.filtered(lambda notice: notice.state == "leaving"):
            own = notifications.filtered(lambda note, notice=notice: note.res_partner_id == notice.partner_id)
            if "sent" in own.mapped("notification_status"):
                notice.write({"state": "sent", "sent_on": self.env.cr.now()})

    def _fail(self, reason):
        self.write({"state": "failed", "failure": reason})

    def _message_receive_bounce(self, email, partner):
        """The mail came back; what came back from others who had a copy proves nothing."""
        super()._message_receive_bounce(email, partner)
        if not (partner and partner <= self.contract_id._recipients("notice")):
            self.filtered(lambda notice: notice.state in ("leaving", "sent"))._fail(
                self.env._("The mail to %s came back.", email or self.partner_id.email)
            )
        effects = self.env["subscription.outbox"].sudo().search([("notice_id", "in", self.ids)])
        effects.filtered(lambda effect: effect.state in ("waiting", "done"))._bounce(email)

    # the job

    @api.model
    def _cron_notices(self):
        """Plan, let leave what is due, and say what was missed."""
        if not self.env["subscription.engine"]._is_armed():
            return
        engine = self.env["subscription.engine"]
        engine._attempt(self._plan)
        for notice in self.search([("state", "in", ("planned", "leaving", "failed"))]):
            if error := engine._attempt(notice._advance):
                _logger.warning("Subscriptions: the renewal notice of %s: %s", notice.contract_id.name, error)

    def _advance(self):
        """What is due for one notice today."""
        self.ensure_one()
        contract = self.contract_id
        if contract.date_stop or contract.term_end != self.term_end:
            if self.state == "planned":
                self.unlink()
            return
        if self.state == "planned" and self._is_open():
            self._send()
        elif contract._today() > self.window_end:
            self._miss()

    def _miss(self):
        self.state = "missed"
        contract = self.contract_id
        if contract.customer_class in PROTECTED:
            contract.message_post(
                body=self.env._(
                    "The customer was not told in time of the renewal on %s: from that day on the contract may be "
                    "ended at any time free of charge, and what was paid ahead is given back (article L215-1 of the "
                    "Code de la consommation).",
                    fields.Date.to_string(self.term_end + timedelta(days=1)),
                )
            )
