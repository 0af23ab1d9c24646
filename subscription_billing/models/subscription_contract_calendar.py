from odoo import api, fields, models

from .subscription_contract_end import CLOSED
from .subscription_dated import VERB


class SubscriptionContractCalendar(models.Model):
    """What happens to a contract because its day has come, and nobody presses a button.

    Verbs write what they plan at once, as dated rows and dates; ``next_event_date`` is the
    first day on which something of it begins to hold. One job follows the calendar of each
    contract, a transaction at a time, before anything is billed.
    """

    _inherit = "subscription.contract"

    next_event_date = fields.Date(
        compute="_compute_next_event_date", store=True, help="The next day on which this contract changes by itself."
    )

    _next_event_date_idx = models.Index("(next_event_date, id) WHERE next_event_date IS NOT NULL")

    @api.depends(
        "state",
        "date_stop",
        "paused_from",
        "resumes_on",
        "term_end",
        "renewal",
        "trial_reminder_date",
        "line_ids.date_start",
        "line_ids.date_stop",
        "amendment_ids.is_pending",
    )
    def _compute_next_event_date(self):
        for contract in self:
            contract.next_event_date = min(contract._event_dates(), default=False)

    def _event_dates(self):
        """The days on which this contract will change by itself."""
        self.ensure_one()
        pending = self.amendment_ids.filtered("is_pending").mapped("date_effective")
        if self.state not in ("active", "paused"):
            return pending
        today = self._today()
        edges = {edge for line in self.line_ids for edge in (line.date_start, line.date_stop) if edge and edge > today}
        days = [self.date_stop, self.resumes_on, self.trial_reminder_date, *edges, *pending]
        if self.state == "active":
            days.append(self.paused_from)
        if self.renewal == "tacit" and self.term_end and not self.date_stop:
            days.append(self._term_stop())
        return [day for day in days if day]

    @api.model
    def _with_event_today(self):
        """The contracts whose calendar has something for today or before, each by its company's day."""
        return self.union(
            *(
                self.search([("company_id", "=", company.id), ("next_event_date", "<=", company._subscription_today())])
                for company in self.env["res.company"].search([])
            )
        )

    def _follow_calendar(self):
        """Let what was planned until today hold."""
        for contract in self._try_lock().with_context(subscription_verb=VERB):
            today = contract._today()
            for amendment in contract.amendment_ids.filtered("is_pending").sorted("date_effective"):
                if amendment.date_effective <= today:
                    amendment._apply()
            contract._remind_of_trial()
            contract._renew_tacitly()
            contract._follow_pause()
            if contract.date_stop and contract.date_stop <= today and contract.state in ("active", "paused"):
                contract.write(CLOSED)
            # the lines in force are others since midnight
            for name in ("mrr", "next_event_date"):
                self.env.add_to_compute(self._fields[name], contract)

    def _follow_pause(self):
        today = self._today()
        if self.state == "active" and self.paused_from and self.paused_from <= today:
            self.state = "paused"
        if self.state == "paused" and self.resumes_on and self.resumes_on <= today:
            self.write({"state": "active", "paused_from": False, "resumes_on": False})

    def _run_again(self):
        """Be active where no pause and no end hold: what the calendar wrote is no value of an amendment."""
        is_over = self.date_stop and self.date_stop <= self._today()
        if (self.state == "paused" and not self.paused_from) or (self.state == "closed" and not is_over):
            self.state = "active"
