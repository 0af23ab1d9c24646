import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.backoff import delay

_logger = logging.getLogger(__name__)

MAX_AGE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step came to.

    ``next``: another step follows at once, in another transaction; ``error``: to be
    tried again, up to an age; ``waiting``: not now, through no fault, without an age
    limit; else the state in which the effect ends.
    """

    kind: str
    reason: str = ""
    until: datetime | None = None


NEXT, DONE = Outcome("next"), Outcome("done")


class SubscriptionOutboxWork(models.Model):
    """The worker: each effect in transactions of its own.

    A try is counted and the next one dated before anything is done, and committed:
    a process that is killed half-way has had its try. Then the steps follow, each
    with the row locked, each committed before the next. A failed step is rolled back
    and never repeated at once, because the world may have seen it.
    """

    _inherit = "subscription.outbox"

    @api.model
    def _cron_work(self):
        """Do what is due, oldest first, as long as there is time."""
        if not self.env["subscription.engine"]._is_armed():
            _logger.critical("Subscriptions: nothing is sent or charged, this database is not armed.")
            return
        met = set()
        while effect := self.search(self._due_domain(met), order="next_attempt, id", limit=1):
            met.add(effect.id)
            effect._work()
            remaining = self.search_count(self._due_domain(met))
            if not self.env["ir.cron"]._commit_progress(1, remaining=remaining) and remaining:
                self.env.ref("subscription_billing.ir_cron_outbox")._trigger()
                return

    @api.model
    def _due_domain(self, met=()) -> fields.Domain:
        """What is due, but for the ids that this run ``met`` already."""
        return fields.Domain(
            [("state", "=", "waiting"), ("next_attempt", "<=", self.env.cr.now()), ("id", "not in", list(met))]
        )

    def _work(self):
        """One try of one effect."""
        self.ensure_one()
        if self.env["subscription.engine"]._attempt(self._claim):
            return
        outcome, memo = NEXT, set()
        while outcome.kind == "next":
            outcome = self._step_alone(memo)
        if failure := self.env["subscription.engine"]._attempt(self._conclude, outcome):
            _logger.warning("Subscriptions: the outcome of %s is not written: %s", self.key, failure)

    def _claim(self):
        """:raises UserError: when there is nothing to do here, or somebody else does it."""
        if not self.env["subscription.engine"]._is_armed() or not self._locked().filtered_domain(self._due_domain()):
            raise UserError(self.env._("Nothing to do."))
        tries = self.tries + 1
        self.write({"tries": tries, "next_attempt": self.env.cr.now() + delay(tries)})

    def _locked(self):
        """:raises UserError: when another process is at work on it."""
        if not self.try_lock_for_update():
            raise UserError(self.env._("Somebody else is doing this right now."))
        self.invalidate_recordset()
        return self

    def _step_alone(self, memo) -> Outcome:
        """One step in a transaction of its own.

        :param memo: what this try wants to remember from step to step.
        """
        try:
            outcome = getattr(self._locked(), f"_run_{self.kind}")(memo)
            self.env.cr.commit()
            return outcome
        except Exception as failure:  # noqa: BLE001  one effect never stops the others
            if isinstance(failure, MemoryError) or self.env.cr.closed:
                raise
            self.env.cr.rollback()
            if not isinstance(failure, UserError):
                _logger.warning("Subscriptions: %s failed", self.key, exc_info=failure)
            return Outcome("error", self.env["subscription.engine"]._in_words(failure))

    def _after_try(self, outcome):
        """Called at the end of each try, whatever became of it."""

    def _conclude(self, outcome):
        self._locked()
        self._after_try(outcome)
        if self.state != "waiting":
            return
        now = self.env.cr.now()
        if outcome.kind == "error" and now - self.since < MAX_AGE:
            self.last_error = outcome.reason
            self._wake()
        elif outcome.kind == "waiting":
            self.write({"last_error": outcome.reason, "next_attempt": outcome.until or now + timedelta(hours=12)})
            self._wake()
        else:
            self._end("failed" if outcome.kind == "error" else outcome.kind, outcome.reason)

    def _deadline(self):
        """The last day on which it is of use to send it again, if there is one."""
        return False

    def _end(self, state, reason=""):
        """The effect is over; where it did not succeed somebody is told."""
        self.write(
            {
                "state": state,
                "last_error": reason or False,
                "done_on": self.env.cr.now() if state == "done" else self.done_on,
            }
        )
        if state in ("failed", "bounced"):
            self.contract_ids._tell_undelivered(self.display_name, reason, self._deadline())
        elif state == "done":
            self.contract_ids._forget_undelivered()
