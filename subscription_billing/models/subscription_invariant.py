from dataclasses import dataclass

from odoo import api, models
from odoo.tools import SQL, LazyTranslate
from odoo.tools.translate import LazyGettext

from .subscription_charge_attempt import OPEN
from .subscription_engine_check import GUARDS, overlaps
from .subscription_period import COUNTING

_lt = LazyTranslate(__name__)


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must always be true, and the query that lists where it is not.

    ``query`` returns company, id of a record of ``model`` and details of any language. It
    may read ``company_day``, ``gap`` and ``given_back``: see ``_differences_of``.
    """

    code: str
    sentence: LazyGettext
    model: str
    query: SQL


INVARIANTS = (
    # I1: no day is billed twice
    Invariant(
        "billed_once",
        _lt("No day of a line is billed twice."),
        "subscription.period",
        SQL("SELECT company_id, id, other_start::text FROM (%s) pair", overlaps("subscription_period")),
    ),
    Invariant(
        "served_once",
        _lt("No two rows of a line hold on the same day."),
        "subscription.line",
        SQL("SELECT company_id, id, other_start::text FROM (%s) pair", overlaps("subscription_line")),
    ),
    Invariant(
        "guarded",
        _lt("The database refuses a second billing."),
        "res.company",
        SQL(
            """
            SELECT company_id, company_id, guard
              FROM company_day, unnest(%s) AS guard
             WHERE guard NOT IN (SELECT conname FROM pg_constraint UNION SELECT indexname FROM pg_indexes)
            """,
            [*GUARDS],
        ),
    ),
    # I2: no day and no usage is forgotten
    Invariant(
        "no_day_forgotten",
        _lt("Every day served is settled, or its contract says that it is due."),
        "subscription.contract",
        SQL("SELECT company_id, contract_id, date_start || ' – ' || date_end FROM gap WHERE reason = 'overlooked'"),
    ),
    Invariant(
        "no_usage_forgotten",
        _lt("Usage of a window that is settled is billed, or its contract says that it is due."),
        "subscription.usage",
        SQL(
            """
            SELECT usage.company_id, usage.id, usage.date::text
              FROM subscription_usage usage
              JOIN subscription_contract contract ON contract.id = usage.contract_id
              JOIN company_day ON company_day.company_id = usage.company_id
              JOIN subscription_period settled
                ON settled.chain_id = usage.chain_id
               AND usage.date >= settled.date_start
               AND usage.date < settled.date_stop
               AND settled.state IN %(counting)s
         LEFT JOIN subscription_period own ON own.id = usage.period_id
             WHERE own.state = 'void'
                OR own.id IS NULL
               AND COALESCE(contract.next_billing_date > company_day.today, TRUE)
               AND NOT EXISTS (
                   SELECT 1 FROM subscription_line line
                    WHERE line.chain_id = usage.chain_id
                      AND COALESCE(line.date_stop, 'infinity') > GREATEST(line.date_start, line.covered_until)
                      AND contract.next_billing_date IS NOT NULL
                   )
            """,
            counting=COUNTING,
        ),
    ),
    # I3: the ledger and the invoices say the same
    Invariant(
        "row_has_its_line",
        _lt("Every billed period stands on an invoice that counts."),
        "subscription.period",
        SQL(
            """
            SELECT period.company_id, period.id, COALESCE(item.move_name, '–')
              FROM subscription_period period
         LEFT JOIN account_move_line item ON item.id = period.move_line_id
             WHERE period.state IN ('billed', 'kept', 'released')
               AND (item.id IS NULL OR item.parent_state = 'cancel')
            """
        ),
    ),
    Invariant(
        "line_has_its_row",
        _lt("Every invoice line of a contract is in the ledger."),
        "account.move",
        SQL(
            """
            SELECT item.company_id, item.move_id, item.name
              FROM account_move_line item
         LEFT JOIN subscription_period period ON item.id IN (period.move_line_id, period.credit_line_id)
             WHERE item.subscription_line_id IS NOT NULL
               AND item.parent_state <> 'cancel'
               AND period.id IS NULL
               AND item.id NOT IN (SELECT line_id FROM given_back)
            """
        ),
    ),
    Invariant(
        "same_amount",
        _lt("What an invoice line asks is what its periods say."),
        "account.move",
        SQL(
            """
            SELECT item.company_id, item.move_id, said.amount || ' ≠ ' || asked.amount
              FROM account_move_line item
              JOIN res_currency currency ON currency.id = item.currency_id
              JOIN account_move move ON move.id = item.move_id
        CROSS JOIN LATERAL (
                   SELECT sum(CASE WHEN period.move_line_id = item.id THEN period.amount_invoiced ELSE 0 END)
                        - sum(CASE WHEN period.credit_line_id = item.id THEN period.amount_credited ELSE 0 END)
                       AS amount
                     FROM subscription_period period
                    WHERE item.id IN (period.move_line_id, period.credit_line_id)
                   ) said
        CROSS JOIN LATERAL (
                   SELECT round((item.quantity * item.price_unit * (1 - item.discount / 100))::numeric,
                                currency.decimal_places)
                        * CASE move.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS amount
                   ) asked
             WHERE item.subscription_line_id IS NOT NULL
               AND item.parent_state = 'posted'
               AND abs(said.amount - asked.amount) > currency.rounding / 2
               AND item.id NOT IN (SELECT line_id FROM given_back)
            """
        ),
    ),
    # I5: nobody waits for the failure of another one
    Invariant(
        "nobody_waits",
        _lt("No contract that can be billed waits for more than two days."),
        "subscription.contract",
        SQL(
            """
            SELECT contract.company_id, contract.id, contract.next_billing_date::text
              FROM subscription_contract contract
              JOIN company_day ON company_day.company_id = contract.company_id
             WHERE contract.next_billing_date < company_day.today - 2
               AND contract.write_date < company_day.now - interval '2 days'
               AND contract.state <> 'draft'
               AND contract.billing_error IS NULL
               AND COALESCE(contract.next_attempt < company_day.now - interval '2 days', TRUE)
            """
        ),
    ),
    # I6: an invoice is charged once
    Invariant(
        "one_charge_at_a_time",
        _lt("An invoice has one open charge at most, and one of each number."),
        "subscription.charge.attempt",
        SQL(
            """
            SELECT one.company_id, one.id, other.reference
              FROM subscription_charge_attempt one
              JOIN subscription_charge_attempt other ON other.move_id = one.move_id AND other.id > one.id
             WHERE other.number = one.number OR one.state IN %(open)s AND other.state IN %(open)s
            """,
            open=OPEN,
        ),
    ),
    Invariant(
        "charged_once",
        _lt("No invoice is charged more than it asks."),
        "account.move",
        SQL(
            """
            SELECT move.company_id, move.id, sum(attempt.amount) || ' > ' || move.amount_total
              FROM subscription_charge_attempt attempt
              JOIN account_move move ON move.id = attempt.move_id
             WHERE attempt.state = 'done'
             GROUP BY move.id
            HAVING sum(attempt.amount) > move.amount_total
            """
        ),
    ),
    # I7: what has to leave leaves
    Invariant(
        "nothing_stays_behind",
        _lt("Nothing that has to leave waits for more than two days after its time."),
        "subscription.outbox",
        SQL(
            """
            SELECT effect.company_id, effect.id, effect.key
              FROM subscription_outbox effect
              JOIN company_day ON company_day.company_id = effect.company_id
             WHERE effect.state = 'waiting' AND effect.next_attempt < company_day.now - interval '2 days'
            """
        ),
    ),
    # I8: nobody asks again while an outcome is unknown
    Invariant(
        "never_asked_blindly",
        _lt("No charge follows another one whose outcome is unknown."),
        "subscription.charge.attempt",
        SQL(
            """
            SELECT later.company_id, later.id, unknown.reference
              FROM subscription_charge_attempt unknown
              JOIN subscription_charge_attempt later
                ON later.move_id = unknown.move_id
               AND later.number > unknown.number
               AND later.state <> 'cancelled'
             WHERE unknown.state IN ('in_flight', 'unknown')
            """
        ),
    ),
    # I11: numbers without gaps
    Invariant(
        "numbers_follow",
        _lt("No invoice of a contract follows a gap in the numbers."),
        "account.move",
        SQL(
            """
            SELECT move.company_id, move.id, move.name
              FROM account_move move
             WHERE move.made_sequence_gap
               AND move.state = 'posted'
               AND EXISTS (
                   SELECT 1 FROM account_move_line item
                    WHERE item.move_id = move.id AND item.subscription_line_id IS NOT NULL
               )
            """
        ),
    ),
    # I12: only the armed database bills
    Invariant(
        "armed",
        _lt("This database is the one that bills."),
        "res.company",
        SQL("SELECT company_id, company_id, current_database()::text FROM company_day WHERE NOT is_armed"),
    ),
    # I13: contracts follow the calendar of their company
    Invariant(
        "follows_the_calendar",
        _lt("Each contract says what holds on the calendar day of its company."),
        "subscription.contract",
        SQL(
            """
            SELECT contract.company_id, contract.id, contract.state || ' ' || COALESCE(contract.date_stop::text, '∞')
              FROM subscription_contract contract
              JOIN company_day ON company_day.company_id = contract.company_id
             WHERE contract.state IN ('active', 'paused') AND contract.date_stop < company_day.today
                OR contract.state = 'closed' AND COALESCE(contract.date_stop > company_day.today, TRUE)
                OR contract.state = 'paused'
               AND (COALESCE(contract.paused_from > company_day.today, TRUE) OR contract.resumes_on < company_day.today)
            """
        ),
    ),
    # I15: money is conserved
    Invariant(
        "credited_once",
        _lt("No invoice line is given back more than it billed."),
        "account.move",
        SQL(
            """
            SELECT item.company_id, item.move_id, credited.amount || ' > ' || billed.amount
              FROM account_move_line item
              JOIN res_currency currency ON currency.id = item.currency_id
         LEFT JOIN given_back ON given_back.line_id = item.id
        CROSS JOIN LATERAL (
                   SELECT sum(amount_invoiced) AS amount,
                          sum(CASE state WHEN 'credited' THEN amount_credited ELSE 0 END) AS credited
                     FROM subscription_period
                    WHERE move_line_id = item.id
                   ) billed
        CROSS JOIN LATERAL (SELECT billed.credited + COALESCE(given_back.amount, 0) AS amount) credited
             WHERE item.subscription_line_id IS NOT NULL
               AND item.parent_state = 'posted'
               AND credited.amount > billed.amount + currency.rounding / 2
            """
        ),
    ),
    Invariant(
        "balanced",
        _lt("What is left to pay is what was invoiced, less what was paid and given back."),
        "account.move",
        SQL(
            """
            SELECT item.company_id, item.move_id, item.amount_residual || ' ≠ ' || left_over.amount
              FROM account_move_line item
              JOIN res_company company ON company.id = item.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
        CROSS JOIN LATERAL (
                   SELECT item.balance
                        - COALESCE((SELECT sum(amount) FROM account_partial_reconcile
                                     WHERE debit_move_id = item.id), 0)
                        + COALESCE((SELECT sum(amount) FROM account_partial_reconcile
                                     WHERE credit_move_id = item.id), 0) AS amount
                   ) left_over
             WHERE item.display_type = 'payment_term'
               AND item.parent_state = 'posted'
               AND abs(item.amount_residual - left_over.amount) > currency.rounding / 2
               AND EXISTS (
                   SELECT 1 FROM account_move_line other
                    WHERE other.move_id = item.move_id AND other.subscription_line_id IS NOT NULL
               )
         UNION ALL
            SELECT move.company_id, move.id, 'Σ = ' || sum(item.balance)
              FROM account_move move
              JOIN account_move_line item ON item.move_id = move.id
              JOIN res_company company ON company.id = move.company_id
              JOIN res_currency currency ON currency.id = company.currency_id
             GROUP BY move.id, currency.rounding
            HAVING abs(sum(item.balance)) > currency.rounding / 2 AND count(item.subscription_line_id) > 0
            """
        ),
    ),
)


class SubscriptionInvariant(models.AbstractModel):
    """What must always be true of contracts, ledger, invoices and charges, as queries.

    *How to use it*: an addon extends ``_invariants`` with its own.
    """

    _name = "subscription.invariant"
    _description = "Invariant of the billing"

    @api.model
    def _invariants(self) -> tuple[Invariant, ...]:
        return INVARIANTS

    @api.model
    def _sentences(self) -> list[tuple[str, str]]:
        """Each code with its sentence, in the language of the user."""
        return [(invariant.code, invariant.sentence._translate(self.env.lang)) for invariant in self._invariants()]

    @api.model
    def _differences(self) -> list[tuple]:
        """What is not as it must be, in every company: code, company, model, id and details."""
        self.env.flush_all()
        return [
            (invariant.code, company_id, invariant.model, res_id, details)
            for invariant in self._invariants()
            for company_id, res_id, details in self._differences_of(invariant)
        ]

    @api.model
    def _differences_of(self, invariant) -> list[tuple]:
        companies = self.env["res.company"].sudo().with_context(active_test=False).search([])
        return self.env.execute_query(
            SQL(
                """
                WITH company_day AS (
                    SELECT company_id, today, %(now)s::timestamp AS now, %(armed)s AS is_armed
                      FROM unnest(%(companies)s, %(days)s::date[]) AS day(company_id, today)
                ),
                gap AS (%(gap)s),
                given_back AS (
                    SELECT subscription_credited_line_id AS line_id,
                           sum(quantity * price_unit * (1 - discount / 100)) AS amount
                      FROM account_move_line
                     WHERE subscription_credited_line_id IS NOT NULL
                       AND subscription_line_id IS NULL
                       AND parent_state = 'posted'
                     GROUP BY subscription_credited_line_id
                )
                %(query)s
                """,
                now=self.env.cr.now(),
                armed=self.env["subscription.engine"]._is_armed(),
                companies=companies.ids,
                days=[str(company._subscription_today()) for company in companies],
                gap=self.env["subscription.gap"]._table_query,
                query=invariant.query,
            )
        )
