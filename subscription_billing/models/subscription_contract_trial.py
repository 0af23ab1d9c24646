from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.cadence import Cadence
from ..core.period import FOREVER, Period

TRIAL = "subscription_billing.mail_activity_type_trial"


class SubscriptionContractTrial(models.Model):
    """A free trial: the contract runs, its lines begin the day after.

    Nothing is billed and no revenue counted before; what comes next is stored at once:
    the lines begin (convert), are bounded there (stop), or wait in a pause (ask).
    """

    _inherit = "subscription.contract"

    trial_end = fields.Date("Trial until", compute="_compute_trial_end", store=True, help="Last day free of charge.")
    trial_reminder_date = fields.Date(copy=False, readonly=True)

    @api.depends("trial", "trial_unit", "date_start")
    def _compute_trial_end(self):
        for contract in self:
            stop = contract._service_start()
            contract.trial_end = bool(contract.trial and stop) and stop - timedelta(days=1)

    def _service_start(self) -> date:
        """The first day that is charged for: the start, or the day after the trial."""
        self.ensure_one()
        if not self.trial or not self.date_start:
            return self.date_start
        return Cadence(self.trial_unit, self.trial).nth(self.date_start, 1)

    def _begin_trial(self, amendment):
        """Store what becomes of the contract after its trial."""
        if not self.trial:
            return
        stop = self._service_start()
        self.trial_reminder_date = max(self.date_start, stop - timedelta(days=self.trial_reminder_days + 1))
        if self.trial_outcome == "stop":
            self.date_stop = stop
        elif self.trial_outcome == "ask":
            self.write({"paused_from": stop, "resumes_on": False})
            for chain in self._served_chains():
                self._change_chain(amendment, chain, stop, None)

    def _service_summary(self) -> str:
        """What the lines cost once the trial is over."""
        self.ensure_one()
        return self.with_context(subscription_as_of=self._service_start()).recurring_summary

    def action_convert_trial(self):
        """The customer stays: the lines begin the day after the trial."""
        for contract in self:
            contract._convert_trial()
        return True

    def _convert_trial(self):
        self.ensure_one()
        contract = self._locked()
        if not contract.trial or contract.trial_outcome == "convert":
            raise UserError(self.env._("%s goes on by itself after its trial.", self.display_name))
        start = max(contract._service_start(), contract._today())
        with contract._amendment("convert", start) as amendment:
            date_stop = contract._first_term().get("date_stop", False)
            amendment._change_contract(
                {"date_stop": date_stop, "paused_from": False, "resumes_on": False, "state": "active"}, at_once=True
            )
            contract._serve_again(amendment, Period(start, date_stop or FOREVER), since=contract._service_start())
        contract.activity_feedback([TRIAL])
        return amendment

    def _remind_of_trial(self):
        """Before the trial ends: a mail to the customer, and a to-do where somebody must decide."""
        if not self.trial_reminder_date or self.trial_reminder_date > self._today():
            return
        self.trial_reminder_date = False
        if template := self.env.ref("subscription_billing.mail_template_trial_end", raise_if_not_found=False):
            template.send_mail(self.id)
        if self.trial_outcome == "ask" and (responsible := self._responsible()):
            self.activity_schedule(TRIAL, date_deadline=self.trial_end, user_id=responsible.id)
