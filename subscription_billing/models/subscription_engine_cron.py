import logging
from collections import Counter
from datetime import timedelta

from psycopg2.errors import (
    DeadlockDetected,
    ExclusionViolation,
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
)

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..memo import remembering
from .subscription_dated import VERB

_logger = logging.getLogger(__name__)

BATCH = 50
MAX_ATTEMPTS = 5
# a violated constraint means that somebody else billed it: the next attempt finds it in the ledger
LOST_RACE = (SerializationFailure, DeadlockDetected, ExclusionViolation, UniqueViolation)
LOCK_TIMEOUT = "10s"
RETRY_AFTER = timedelta(days=1)
MAX_FAILURES = 50
FAILURE_WINDOW = timedelta(hours=1)
MAX_CLOCK_SKEW = timedelta(minutes=5)
MAX_PERIODS = 12


class SubscriptionEngineCron(models.AbstractModel):
    """The unattended run: commits, isolates, parks.

    Each attempt is a transaction of its own: what was billed is committed before
    the next attempt begins, and what failed is rolled back whole.
    """

    _inherit = "subscription.engine"

    @api.model
    def _cron_bill(self, batch_size=BATCH):
        """Let hold what was planned until today, and bill what is due in every company, batch after batch."""
        if obstacle := self._obstacle():
            _logger.critical("Subscriptions: nothing is billed. %s", obstacle)
            return
        self._attempt(self._refresh_statistics)
        self._follow_calendars()
        stuck = set()
        while batch := self._next_batch(batch_size, stuck):
            self._bill_isolated(batch)
            stuck |= set(self._still_due(batch).ids)
            is_broken = self._count_failures() >= MAX_FAILURES
            remaining = 0 if is_broken else max(0, self._count_due() - len(stuck))
            seconds_left = self.env["ir.cron"]._commit_progress(len(batch), remaining=remaining)
            if is_broken:
                _logger.critical(
                    "Subscriptions: the run stops, %s contracts could not be billed within an hour. "
                    "Their reasons are in Subscriptions > To review.",
                    MAX_FAILURES,
                )
                return
            if not seconds_left and remaining:
                self.env.ref("subscription_billing.ir_cron_bill")._trigger()
                return

    @api.model
    def _obstacle(self) -> str:
        """Why nothing may be billed here at all; empty when it may."""
        if not self._is_armed():
            return self.env._("This database is a copy, or its billing was never armed.")
        if self._clock_skew() > MAX_CLOCK_SKEW:
            return self.env._("The clocks of Odoo and PostgreSQL differ by more than five minutes: synchronise them.")
        return "\n".join(self._guard_errors())

    @api.model
    def _clock_skew(self):
        return abs(fields.Datetime.now() - self.env.cr.now())

    @api.model
    def _due_domain(self) -> list:
        """Contracts with something due today, each by the calendar of its company."""
        now = self.env.cr.now()
        return fields.Domain.OR(
            [
                ("company_id", "=", company.id),
                ("next_billing_date", "<=", company._subscription_today()),
                "|",
                ("next_attempt", "=", False),
                ("next_attempt", "<=", now),
            ]
            for company in self.env["res.company"].search([])
        ) & fields.Domain("state", "!=", "draft")

    @api.model
    def _still_due(self, contracts):
        return contracts.search(self._due_domain() & fields.Domain("id", "in", contracts.ids))

    @api.model
    def _count_failures(self) -> int:
        """How many contracts were parked lately, whoever did it: a bad day is not thousands of to-dos."""
        since = self.env.cr.now() + RETRY_AFTER - FAILURE_WINDOW
        return self.env["subscription.contract"].search_count(
            [("billing_error", "!=", False), ("next_attempt", ">", since)]
        )

    @api.model
    def _count_due(self) -> int:
        return self.env["subscription.contract"].search_count(self._due_domain())

    @api.model
    def _next_batch(self, size, stuck=()):
        """Contracts to bill together: of one company, those of one customer never apart.

        :param stuck: ids that this run met already and could not bill.
        """
        due = self._due_domain() & fields.Domain("id", "not in", list(stuck))
        contracts = self.env["subscription.contract"].search(due, order="company_id, next_billing_date, id", limit=size)
        contracts = contracts.filtered(lambda contract: contract.company_id == contracts[0].company_id)
        grouped = contracts.filtered(lambda contract: contract.invoice_grouping == "customer")
        siblings = self.env["subscription.contract"].search(
            due
            & fields.Domain("commercial_partner_id", "in", grouped.commercial_partner_id.ids)
            & fields.Domain("company_id", "=", contracts.company_id.id)
            & fields.Domain("invoice_grouping", "=", "customer")
        )
        return contracts | siblings

    @api.model
    def _bill_isolated(self, contracts):
        """Bill a batch; a contract that cannot be billed is parked."""
        self._isolated(contracts, lambda engine, part: engine._bill_locked(part), self._park)

    @api.model
    def _isolated(self, contracts, bill, park):
        """Bill a batch; on failure bill its halves, until the culprit stands alone and is parked.

        Commits. A contract that somebody else keeps busy is left for the next run.

        :param bill: called with the engine of the company and the contracts.
        :param park: called with the culprit and the error.
        """
        error = self._attempt(bill, self._of_company(contracts.company_id), contracts)
        if not error or isinstance(error, LockNotAvailable):
            return
        halves = self._halves(contracts)
        if len(halves) > 1:
            for half in halves:
                self._isolated(half, bill, park)
        elif not isinstance(error, (SerializationFailure, DeadlockDetected)):
            park(contracts, error)

    @api.model
    def _of_company(self, company):
        """This engine as it bills for ``company``."""
        return self.with_company(company).with_context(tz=company.subscription_tz, allowed_company_ids=company.ids)

    @api.model
    def _attempt(self, verb, *arguments):
        """Do ``verb`` and commit, again when somebody else came first.

        :returns: the error that stays, None when it is done.
        :raises Exception: what nobody's contract is to blame for: a lost connection, no memory left.
        """
        error = None
        for _attempt in range(MAX_ATTEMPTS):
            try:
                self.env.cr.execute("SET LOCAL lock_timeout = %s", [LOCK_TIMEOUT])
                verb(*arguments)
                self.env.cr.commit()
                return None
            except Exception as failure:  # noqa: BLE001  one contract never stops the others
                if isinstance(failure, MemoryError) or self.env.cr.closed:
                    raise
                self.env.cr.rollback()
                error = failure
            if not isinstance(error, LOST_RACE):
                break
        return error

    @api.model
    @remembering
    def _bill_locked(self, contracts):
        """Bill those of ``contracts`` that nobody else works on."""
        due = contracts.exists()._try_lock().with_context(subscription_verb=VERB).filtered_domain(self._due_domain())
        if not due:
            return
        due = due.with_env(self.env(context={**self.env.context, "subscription_verb": VERB}))
        self._write_charges(due, self._bounded(self._proposals(due, due.company_id._subscription_today())))
        due._unpark()

    @api.model
    def _bounded(self, charges):
        """:raises UserError: when so much is due at once that a person should look."""
        counts = Counter((charge.contract, charge.line.chain_id) for charge in charges if charge.proposed)
        for (contract, _chain), count in counts.items():
            if count > MAX_PERIODS:
                raise UserError(
                    self.env._(
                        "%(contract)s: %(count)s periods of one line are due at once. "
                        "Bill it from a billing run if that is right.",
                        contract=contract.display_name,
                        count=count,
                    )
                )
        return charges

    @api.model
    def _halves(self, contracts) -> list:
        """Two halves that no invoice straddles; one when a single invoice is left."""
        units = list(
            contracts.grouped(
                lambda contract: contract.commercial_partner_id if contract.invoice_grouping == "customer" else contract
            ).values()
        )
        middle = len(units) // 2
        return [contracts.browse().union(*part) for part in (units[:middle], units[middle:]) if part]

    @api.model
    def _park(self, contracts, error):
        """Set contracts aside with the reason, a next attempt and somebody to look at it."""
        reason = self._in_words(error)
        is_unexpected = not isinstance(error, UserError)
        _logger.warning(
            "Subscriptions: %s cannot be billed: %s", contracts.mapped("name"), reason, exc_info=is_unexpected and error
        )
        self._attempt(contracts._park, reason, self.env.cr.now() + RETRY_AFTER)
        for contract in contracts:
            if failure := self._attempt(contract._activity_to_bill, reason):
                _logger.warning("Subscriptions: nobody is told about %s: %s", contract.name, failure)

    @api.model
    def _in_words(self, error) -> str:
        """What a person reads of an error; the server's log has the details of an unexpected one."""
        if isinstance(error, UserError):
            return str(error)
        details = f"{type(error).__name__}: {error}".replace("\0", "").strip()
        return self.env._("An unexpected error, whose details are in the server's log: %s", details)

    @api.model
    def _follow_calendars(self):
        """What contracts planned for today holds before anything is billed."""
        for contract in self.env["subscription.contract"]._with_event_today():
            if error := self._attempt(contract._follow_calendar):
                _logger.warning("Subscriptions: the calendar of %s cannot be followed: %s", contract.name, error)
