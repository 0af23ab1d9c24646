from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .subscription_outbox import CLERKS

OPEN = ("ready", "in_flight", "unknown")


class SubscriptionChargeAttempt(models.Model):
    """One try to collect the money of one invoice.

    ready → in_flight → done | declined | unknown. The row is committed in flight, with
    its reference and amount, before anybody is asked: whatever happens then, it is known
    that money may have moved. Unknown is left by the provider's word or a person's only.
    The database allows one open attempt per invoice.
    """

    _name = "subscription.charge.attempt"
    _description = "Charge"
    _inherit = ["subscription.armed"]
    _order = "id desc"
    _rec_name = "reference"

    move_id = fields.Many2one("account.move", "Invoice", required=True, readonly=True, index=True, ondelete="cascade")
    contract_id = fields.Many2one("subscription.contract", required=True, readonly=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one(related="contract_id.partner_id")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    number = fields.Integer(required=True, readonly=True)
    reference = fields.Char(required=True, readonly=True)
    method = fields.Char(required=True, readonly=True, help="How the contract was collected then.")
    token_id = fields.Many2one("payment.token", "Card", readonly=True, index="btree_not_null", ondelete="restrict")
    transaction_id = fields.Many2one(
        "payment.transaction", readonly=True, index="btree_not_null", ondelete="restrict", bypass_search_access=True
    )
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount = fields.Monetary(readonly=True, help="Fixed when the provider is asked.")
    planned_on = fields.Date("Planned", required=True, readonly=True)
    asked_on = fields.Datetime("Asked", readonly=True)
    answered_on = fields.Datetime("Answered", readonly=True)
    state = fields.Selection(
        [
            ("ready", "Planned"),
            ("in_flight", "Under way"),
            ("done", "Paid"),
            ("declined", "Declined"),
            ("unknown", "Outcome unknown"),
            ("cancelled", "No longer needed"),
        ],
        required=True,
        readonly=True,
        default="ready",
        index=True,
    )
    is_hard = fields.Boolean("For good", readonly=True, help="The same card will not be charged again.")
    reason = fields.Text(readonly=True)
    outbox_ids = fields.One2many("subscription.outbox", "attempt_id", readonly=True)

    _number_unique = models.UniqueIndex("(move_id, number)", "An invoice has one attempt of each number.")
    _reference_unique = models.UniqueIndex("(reference)", "This reference was used already.")
    _open_unique = models.UniqueIndex(
        "(move_id) WHERE state IN ('ready', 'in_flight', 'unknown')", "This invoice is being charged already."
    )

    # planning

    @api.model
    def _plan_first(self, moves):
        """The first charge of each invoice, on the day it is due."""
        for move in moves:
            if move.subscription_contract_attempt_ids.filtered(lambda attempt: attempt.state != "cancelled"):
                continue
            self._plan(move, max(move.invoice_date_due or date.min, move.company_id._subscription_today()))

    @api.model
    def _plan_again(self, move):
        """Another charge, today, of what is still due and not being charged."""
        attempts = move.subscription_contract_attempt_ids
        if attempts and move._subscription_is_due() and not attempts.filtered(lambda attempt: attempt.state in OPEN):
            return self._plan(move, move.company_id._subscription_today())
        return self.browse()

    @api.model
    def _plan(self, move, day):
        contract = move._subscription_paying_contract()
        number = max(move.subscription_contract_attempt_ids.mapped("number"), default=0) + 1
        attempt = self.sudo().create(
            {
                "move_id": move.id,
                "contract_id": contract.id,
                "number": number,
                "reference": f"{move.name}-{move.id}-{number}",
                "method": contract.collection_method,
                "planned_on": day,
            }
        )
        self.env["subscription.outbox"]._queue_charge(attempt)
        return attempt

    def _moment(self, day) -> datetime:
        """The first moment of a day of the company, now for today and the past."""
        start = datetime.combine(day, datetime.min.time(), ZoneInfo(self.company_id.subscription_tz or "Europe/Paris"))
        return max(start.astimezone(timezone.utc).replace(tzinfo=None), self.env.cr.now())

    def _day_of(self, moment) -> date:
        zone = ZoneInfo(self.company_id.subscription_tz or "Europe/Paris")
        return moment.replace(tzinfo=timezone.utc).astimezone(zone).date()

    def _state_text(self) -> str:
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    # charging: the methods of other addons extend these two

    def _prepare_ask(self):
        """Hook: what must be on record, committed, before anybody is asked; nothing by default."""
        self.ensure_one()

    def _ask(self):
        """Hook: ask for the money of an attempt that is committed in flight.

        Called once per attempt, alone in its transaction. An addon that offers its own
        ``collection_method`` overrides it for attempts of that ``method`` and reports with
        ``_answer``, now or when the answer comes; an exception means an unknown outcome.
        """
        self.ensure_one()
        raise UserError(self.env._("Nobody knows how to collect by “%s”.", self.method))

    def _look_up(self):
        """Hook: ask what became of an attempt whose outcome is unknown, and report with ``_answer``.

        Odoo's providers have no such question; the answer comes by their notice then.
        """
        self.ensure_one()

    def _answer(self, state, reason="", is_hard=False):
        """What became of the money: done, declined, in_flight (an answer follows) or unknown."""
        for attempt in self.sudo():
            if attempt.state == "done" or (attempt.state == state and attempt.reason == (reason or False)):
                continue
            attempt.write(
                {
                    "state": state,
                    "reason": reason or False,
                    "is_hard": is_hard,
                    "answered_on": self.env.cr.now() if state in ("done", "declined") else False,
                }
            )
            if state == "done":
                attempt._give_up_others()
            attempt.outbox_ids._look_again()
            if state == "declined":
                self.env["subscription.outbox"]._queue_next_step(attempt.move_id)

    def _give_up_others(self):
        """Paid after all: what was planned instead is not needed any more."""
        others = self.move_id.subscription_contract_attempt_ids - self
        others.filtered(lambda attempt: attempt.state == "ready").write({"state": "cancelled"})

    # people

    def action_charge_again(self):
        """Another attempt, now."""
        self._check_clerk()
        for attempt in self.sudo():
            if not self._plan_again(attempt.move_id):
                raise UserError(self.env._("%s is paid, or being charged already.", attempt.move_id.display_name))
        return True

    def action_was_charged(self):
        """A person has seen at the provider that the money was taken."""
        self._check_unknown()
        for attempt in self.sudo():
            attempt.transaction_id._set_done(state_message=self.env._("Confirmed by %s.", self.env.user.name))
            attempt._answer("done", self.env._("Confirmed by %s.", self.env.user.name))
        return True

    def action_was_not_charged(self):
        """A person has seen at the provider that nothing was taken."""
        self._check_unknown()
        for attempt in self.sudo():
            attempt.transaction_id._set_canceled(state_message=self.env._("Nothing was taken."))
            attempt._answer("declined", self.env._("Nothing was taken, says %s.", self.env.user.name))
        return True

    def _check_unknown(self):
        self._check_clerk()
        for attempt in self.sudo():
            if attempt.state != "unknown":
                raise UserError(self.env._("The outcome of %s is known.", attempt.reference))

    def _check_clerk(self):
        self.check_access("read")
        self.env["subscription.engine"]._check_armed()
        if not any(self.env.user.has_group(group) for group in CLERKS):
            raise AccessError(self.env._("Only accounting or a manager of subscriptions decides on charges."))

    def _is_late(self) -> bool:
        """Whether an answer is so long in coming that a person should ask."""
        return bool(self.asked_on) and self.env.cr.now() - self.asked_on > timedelta(hours=24)
