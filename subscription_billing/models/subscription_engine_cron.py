import logging
from collections import Counter
from datetime import timedelta

from psycopg2.errors import DeadlockDetected, ExclusionViolation, LockNotAvailable, SerializationFailure, UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

BATCH = 50
MAX_RETRIES = 5
LOST_RACE = (SerializationFailure, DeadlockDetected, LockNotAvailable)
BILLED_BY_SOMEBODY_ELSE = (ExclusionViolation, UniqueViolation)
RETRY_AFTER = timedelta(days=1)
MAX_SAME_FAILURES = 50
MAX_CLOCK_SKEW = timedelta(minutes=5)
MAX_PERIODS = 12


class SubscriptionEngineCron(models.AbstractModel):
    """The unattended run: commits, isolates, parks."""

    _inherit = "subscription.engine"

    @api.model
    def _cron_bill(self, batch_size=BATCH):
        """Bill what is due today in every company, batch after batch."""
        if not self._is_armed():
            _logger.critical("Subscriptions: this database is not armed, nothing is billed.")
            return
        if self._clock_skew() > MAX_CLOCK_SKEW:
            _logger.critical("Subscriptions: the clocks of Odoo and PostgreSQL differ, nothing is billed.")
            return
        self.env["subscription.contract"]._cron_close()
        failures, stuck = Counter(), set()
        while batch := self._next_batch(batch_size, stuck):
            self._bill_isolated(batch, failures)
            stuck |= set(batch.filtered_domain(self._due_domain()).ids)
            remaining = max(0, self._count_due() - len(stuck))
            if not self.env["ir.cron"]._commit_progress(len(batch), remaining=remaining) and remaining:
                self.env.ref("subscription_billing.ir_cron_bill")._trigger()
                return
            if worst := next((name for name, count in failures.most_common(1) if count >= MAX_SAME_FAILURES), None):
                _logger.critical("Subscriptions: the run stopped after %s failures: %s", MAX_SAME_FAILURES, worst)
                return

    @api.model
    def _clock_skew(self):
        return abs(fields.Datetime.now() - self.env.cr.now())

    @api.model
    def _due_domain(self) -> list:
        """Contracts with something due today, each by the calendar of its company."""
        now = fields.Datetime.now()
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
    def _count_due(self) -> int:
        return self.env["subscription.contract"].search_count(self._due_domain())

    @api.model
    def _next_batch(self, size, stuck=()):
        """Contracts to bill together: of one company, those of one customer never apart.

        :param stuck: ids that this run met already and could not bill.
        """
        due = self._due_domain() & fields.Domain("id", "not in", list(stuck))
        contracts = self.env["subscription.contract"].search(
            due, order="company_id, next_billing_date, id", limit=size
        )
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
    def _bill_isolated(self, contracts, failures, retries=MAX_RETRIES):
        """Bill a batch; on failure bill its halves, until the culprit stands alone and is parked."""
        company = contracts.company_id
        engine = self.with_company(company).with_context(
            tz=company.subscription_tz, allowed_company_ids=company.ids, subscription_bounded=True
        )
        try:
            with self.env.cr.savepoint():
                engine._bill_locked(contracts)
        except LOST_RACE as error:
            self.env.cr.rollback()
            if retries:
                self._bill_isolated(contracts.exists(), failures, retries - 1)
            else:
                self._park(contracts, error, failures)
        except BILLED_BY_SOMEBODY_ELSE as error:
            self.env.cr.rollback()
            if retries:
                self._bill_isolated(contracts.exists(), failures, retries - 1)
            else:
                self._park(contracts, error, failures)
        except Exception as error:  # noqa: BLE001  one contract never stops the others
            halves = self._halves(contracts)
            if len(halves) == 1:
                self._park(contracts, error, failures)
            for half in halves if len(halves) > 1 else ():
                self._bill_isolated(half, failures)

    @api.model
    def _bill_locked(self, contracts):
        """Bill those of ``contracts`` that nobody else works on."""
        due = contracts.exists()._try_lock().with_context(subscription_verb=True).filtered_domain(self._due_domain())
        if not due:
            return
        due = due.with_env(self.env(context={**self.env.context, "subscription_verb": True}))
        self._write(due, self._bounded(self._preview(due, due.company_id._subscription_today())))
        due.filtered("billing_error").write({"billing_error": False, "next_attempt": False})

    @api.model
    def _bounded(self, charges):
        """:raises UserError: when so much is due at once that a person should look."""
        counts = Counter((charge.contract, charge.line.chain_id) for charge in charges if charge.proposed)
        for (contract, _chain), count in counts.items():
            if count > MAX_PERIODS:
                raise UserError(
                    self.env._(
                        "%(contract)s: %(count)s periods of one line are due at once. Bill it from a billing run if that is right.",
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
    def _park(self, contracts, error, failures):
        """Set contracts aside with the reason, a next attempt and somebody to look at it."""
        reason = str(error).strip() or type(error).__name__
        failures[type(error).__name__] += len(contracts)
        _logger.warning("Subscriptions: %s cannot be billed: %s", contracts.mapped("name"), reason)
        contracts = contracts.with_context(subscription_verb=True)
        contracts.write({"billing_error": reason, "next_attempt": self.env.cr.now() + RETRY_AFTER})
        for contract in contracts:
            contract._activity_to_bill(reason)
