from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from .common import SubscriptionCommon, orm_examples


class LifeCommon(SubscriptionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    @contextmanager
    def on(self, day):
        """Live ``day``: what was planned until then holds, as after its nightly job."""
        with freeze_time(day):
            self.env["subscription.contract"]._with_event_today()._follow_calendar()
            yield

    def last_amendment(self, contract):
        return contract.amendment_ids.sorted("number")[-1]

    def rows(self, contract):
        return [
            (str(line.date_start), str(line.date_end or ""), line.quantity)
            for line in contract.line_ids.sorted(lambda line: (line.chain_id.id, line.date_start))
            if line._period()
        ]

    def amounts(self, moves):
        return [
            move.amount_untaxed * (-1 if move.move_type == "out_refund" else 1)
            for move in moves.sorted(lambda move: (move.invoice_date, move.id))
        ]


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestTerms(LifeCommon):
    """Commitment, notice, renewal and what leaving early costs."""

    def committed(self, **values):
        return self._contract(**{"commitment": 12, "notice": 2, **values})

    def test_a_promotion_that_outlasts_the_term_goes_on_after_the_renewal(self):
        line = {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 2}
        contract = self._contract(line, commitment=1, renewal="accept")
        contract._renew()
        self.assertEqual(self.amounts(self._bill(contract, "2026-02-01")), [50.0, 50.0])

    def test_tacit_renewal_moves_the_term_once_and_nothing_else(self):
        contract = self.committed()
        self.assertEqual((str(contract.term_end), str(contract.notice_deadline)), ("2026-12-31", "2026-10-31"))
        line = contract.line_ids
        for _run in range(2):
            with self.on("2027-01-01"):
                pass
        self.assertEqual((str(contract.term_start), str(contract.term_end)), ("2027-01-01", "2027-12-31"))
        self.assertEqual(str(contract.notice_deadline), "2027-10-31")
        self.assertEqual(contract.line_ids, line, "no end and no beginning")
        self.assertEqual(contract.amendment_ids.mapped("kind").count("renew"), 1)

    def test_terms_that_passed_unseen_are_renewed_one_after_the_other(self):
        contract = self.committed(renewal_term=6)
        with self.on("2028-02-10"):
            self.assertEqual((str(contract.term_start), str(contract.term_end)), ("2028-01-01", "2028-06-30"))
        self.assertEqual(contract.amendment_ids.mapped("kind").count("renew"), 3)

    def test_without_renewal_it_ends_with_its_term(self):
        contract = self.committed(renewal="none")
        self.assertEqual(self.rows(contract), [("2026-01-01", "2026-12-31", 1.0)])
        self.assertEqual(len(self._bill(contract, "2028-01-01")), 12)
        with self.on("2027-01-01"):
            self.assertEqual(contract.state, "closed")

    def test_accepted_late_it_goes_on_without_a_gap(self):
        contract = self.committed(renewal="accept")
        with self.on("2027-01-20"):
            self.assertEqual(contract.state, "closed")
            contract._renew()
            self.assertEqual((contract.state, str(contract.date_end)), ("active", "2027-12-31"))
            self.assertEqual(
                self.rows(contract), [("2026-01-01", "2026-12-31", 1.0), ("2027-01-01", "2027-12-31", 1.0)]
            )
            self.assertEqual(len(self._bill(contract, "2027-01-20")), 13)
        with self.on("2028-01-15"):
            contract._renew()
            self.assertEqual(str(contract.date_end), "2028-12-31", "as often as it is accepted")

    def test_after_its_grace_it_is_over(self):
        contract = self.committed(renewal="accept", renewal_grace=10)
        with self.on("2027-01-11"), self.assertRaisesRegex(UserError, "sell a new contract"):
            contract._renew()

    def test_accepted_early_it_is_planned_and_can_be_withdrawn(self):
        contract = self.committed(renewal="accept")
        with self.on("2026-11-01"):
            amendment = contract._renew(changes=[(contract.line_ids, {"quantity": 2.0})])
            self.assertEqual(str(contract.term_end), "2026-12-31", "the present term is what it was")
            self.assertEqual(self.rows(contract)[1], ("2027-01-01", "2027-12-31", 2.0))
            with self.assertRaisesRegex(UserError, "renewed already"):
                contract._renew()
            amendment._undo()
            self.assertEqual(self.rows(contract), [("2026-01-01", "2026-12-31", 1.0)])
            self.assertEqual(str(contract.date_end), "2026-12-31")
            contract._renew()
        with self.on("2027-01-01"):
            self.assertEqual((str(contract.term_start), contract.state), ("2027-01-01", "active"))

    def test_an_ended_contract_is_not_renewed(self):
        contract = self.committed()
        contract._close(self._day("2027-01-01"), self.reason)
        with self.assertRaisesRegex(UserError, "was ended"):
            contract._renew()
        with self.on("2027-01-01"):
            self.assertEqual((contract.state, str(contract.term_end)), ("closed", "2026-12-31"))

    def test_leaving_early_costs_what_the_terms_say(self):
        for values, expected in (
            ({"exit_fee": "none"}, "0"),
            ({"exit_fee": "remaining"}, "351.61"),
            ({"exit_fee": "percent", "exit_fee_percent": 20.0}, "70.32"),
            ({"exit_fee": "fixed", "exit_fee_amount": 99.0}, "99"),
        ):
            with self.subTest(values=values):
                contract = self._contract(commitment=6, **values)
                self.assertEqual(contract._exit_fee(self._day("2026-03-16")), Decimal(expected))

    def test_the_fee_is_billed_once_and_not_after_the_commitment(self):
        contract = self._contract(commitment=6, exit_fee="fixed", exit_fee_amount=99.0)
        with self.on("2026-03-10"):
            self._bill(contract, "2026-03-10")
            contract._close(self._day("2026-03-16"), self.reason, credit="prorata", with_fee=True)
        with self.on("2026-03-20"):
            self.assertEqual(self.amounts(self._bill(contract, "2026-03-20")), [99.0])
            self.assertFalse(self._bill(contract, "2026-12-31"))
        self.assertFalse(contract._exit_fee(self._day("2026-07-01")))

    def test_minimum_duration_of_a_contract_without_term(self):
        contract = self._contract(minimum=3, exit_fee="fixed", exit_fee_amount=10.0)
        self.assertEqual(str(contract.minimum_end), "2026-03-31")
        self.assertEqual(contract._exit_fee(self._day("2026-03-31")), 10)
        self.assertEqual(contract._exit_fee(self._day("2026-04-01")), 0)

    def test_the_first_day_that_need_not_be_served_any_more(self):
        """Notice, minimum and term; a renewal that can still be refused, and one that cannot."""
        told, exits = self._day("2026-06-10"), {}
        for name, values in {
            "free": {},
            "notice": {"notice": 1},
            "minimum": {"minimum": 12},
            "term": {"commitment": 12, "renewal": "tacit"},
            "in time": {"commitment": 12, "renewal": "tacit", "notice": 6},
            "too late": {"commitment": 12, "renewal": "tacit", "notice": 7},
            "accepted": {"commitment": 12, "renewal": "accept", "notice": 7},
        }.items():
            exits[name] = str(self._contract(**values)._exit_day(told))
        self.assertEqual(
            exits,
            {
                "free": "2026-06-11",
                "notice": "2026-07-11",
                "minimum": "2027-01-01",
                "term": "2027-01-01",
                "in time": "2027-01-01",
                "too late": "2028-01-01",
                "accepted": "2027-01-01",
            },
        )

    def test_a_line_opened_later_ends_with_the_contract(self):
        contract = self.committed(renewal="none")
        contract._amend(self._day("2026-06-01"), [(None, {"product_id": self.support.id})])
        self.assertEqual(contract.line_ids.mapped("date_end"), [date(2026, 12, 31)] * 2)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestPause(LifeCommon):
    """A pause is never billed, on resume least of all."""

    def test_credit_of_what_was_paid_ahead(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        with self.on("2026-01-10"):
            contract._pause(self._day("2026-01-17"), self._day("2026-03-01"))
            self.assertEqual((contract.state, contract.mrr), ("active", 100.0))
        with self.on("2026-01-17"):
            self.assertEqual((contract.state, contract.mrr), ("paused", 0.0))
            self.assertEqual(self.amounts(self._bill(contract, "2026-01-17")), [-48.39])
            self.assertFalse(self._bill(contract, "2026-02-15"))
        with self.on("2026-03-01"):
            self.assertEqual((contract.state, contract.mrr), ("active", 100.0))
            self.assertEqual(self.amounts(self._bill(contract, "2026-03-01")), [100.0])

    def test_days_paid_ahead_are_given_after_the_resumption(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        contract._pause(self._day("2026-01-17"), credit="extend")
        with self.on("2026-02-10"):
            self.assertEqual(contract.state, "paused")
            contract._resume(self._day("2026-02-10"))
            self.assertEqual(contract.state, "active")
            # 15 days were paid: the 10th to the 24th are free, four days of February are left
            self.assertEqual(self.amounts(self._bill(contract, "2026-02-28")), [14.29])
        with self.on("2026-03-01"):
            self.assertEqual(self.amounts(self._bill(contract, "2026-03-01")), [100.0], "the anchor has not moved")

    def test_a_second_pause_that_begins_on_the_same_day_is_the_one_that_is_resumed(self):
        contract, day = self._contract(), self._day("2026-02-10")
        with self.on("2026-02-10"):
            contract._pause(day)
            contract._resume(day)
            second = contract._pause(day, self._day("2026-03-10"))
            self.assertEqual(contract._current_pause(), second)

    def test_what_changed_since_holds_on_the_days_that_an_early_resumption_gives_back(self):
        contract = self._contract(self.hosting, self.support)
        hosting, support = contract.line_ids
        contract._pause(self._day("2026-01-12"), self._day("2026-02-06"))
        with self.on("2026-01-20"):
            contract._amend(self._day("2026-01-13"), [(hosting, {"price_unit": 62.0}), (support, None)])
            contract._amend(self._day("2026-02-01"), [(hosting, {"quantity": 2.0})])
            contract._resume(self._day("2026-01-22"))
        served = {
            str(row.date_start): (row.price_unit, row.quantity) for row in contract._rows_of(hosting) if row._period()
        }
        self.assertEqual(
            served,
            {
                "2026-01-01": (100.0, 1.0),
                "2026-01-22": (62.0, 1.0),
                "2026-02-01": (62.0, 2.0),
                "2026-02-06": (62.0, 2.0),
            },
        )
        days = [(row.date_start, row.date_end) for row in contract._rows_of(support) if row._period()]
        self.assertEqual(days, [(self._day("2026-01-01"), self._day("2026-01-11"))])

    def test_what_changed_since_holds_when_the_pause_is_taken_back(self):
        contract = self._contract()
        contract._pause(self._day("2026-02-01"), self._day("2026-03-01"))
        pause = self.last_amendment(contract)
        contract._amend(self._day("2026-01-15"), [(contract.line_ids[:1], {"quantity": 3.0})])
        pause._undo()
        with self.on("2026-02-10"):
            self.assertEqual((contract.state, contract.current_line_ids.quantity, contract.mrr), ("active", 3.0, 300.0))

    def test_a_second_resumption_may_be_earlier_and_not_later(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        contract._pause(self._day("2026-01-11"), credit="extend")
        with self.on("2026-01-12"):
            contract._resume(self._day("2026-01-25"))
            with self.assertRaisesRegex(UserError, "not paused"), self.env.cr.savepoint():
                contract._resume(self._day("2026-01-28"))
            contract._resume(self._day("2026-01-20"))
        self.assertEqual(str(contract.resumes_on), "2026-01-20")
        waived = contract.period_ids.filtered(lambda period: period.state == "waived")
        self.assertEqual([(str(row.date_start), str(row.date_end)) for row in waived], [("2026-02-01", "2026-02-09")])
        with self.on("2026-01-20"):
            self.assertEqual((contract.state, contract.paused_from, contract.mrr), ("active", False, 100.0))

    def test_a_line_added_in_a_pause_is_served_after_it(self):
        contract = self._contract()
        contract._pause(self._day("2026-02-01"), self._day("2026-03-01"))
        contract._amend(self._day("2026-01-15"), [(None, {"product_id": self.support.id})])
        added = contract.line_ids.filtered(lambda line: line.product_id == self.support)
        days = [(str(row.date_start), str(row.date_end or "")) for row in added.sorted("id") if row._period()]
        self.assertEqual(days, [("2026-01-15", "2026-01-31"), ("2026-03-01", "")])
        with self.on("2026-02-10"):
            self.assertEqual(contract.mrr, 0.0)
            contract._resume(self._day("2026-02-10"))
            self.assertEqual(contract.mrr, 130.0)

    def test_a_shorter_pause_gives_fewer_days(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        contract._pause(self._day("2026-01-11"), self._day("2026-01-21"), credit="extend")
        with self.on("2026-01-16"):
            contract._resume(self._day("2026-01-16"))
        waived = contract.period_ids.filtered(lambda period: period.state == "waived")
        self.assertEqual([(str(row.date_start), str(row.date_end)) for row in waived], [("2026-02-01", "2026-02-05")])
        self.assertEqual(
            self.rows(contract),
            [("2026-01-01", "2026-01-10", 1.0), ("2026-01-16", "2026-01-20", 1.0), ("2026-01-21", "", 1.0)],
        )

    def test_what_was_planned_after_the_pause_stays(self):
        contract = self._contract({"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 3})
        contract._pause(self._day("2026-02-01"))
        contract._resume(self._day("2026-03-01"))
        self.assertEqual(
            [(str(row.date_start), row.discount) for row in contract.line_ids.sorted("date_start") if row._period()],
            [("2026-01-01", 50.0), ("2026-03-01", 50.0), ("2026-04-01", 0.0)],
        )

    def test_withdrawn_before_its_day(self):
        for credit in ("prorata", "extend"):
            with self.subTest(credit=credit):
                contract = self._contract()
                self._bill(contract, "2026-01-01")
                contract._pause(self._day("2026-01-17"), self._day("2026-03-01"), credit=credit)._undo()
                self.assertFalse(contract.paused_from or contract.resumes_on)
                self.assertFalse(self._bill(contract, "2026-01-20"))
                self.assertEqual(self.amounts(self._bill(contract, "2026-02-01")), [100.0])
                states = contract.period_ids.mapped("state")
                self.assertFalse({"kept", "released", "waived"} & set(states), states)

    def test_refused(self):
        contract = self._contract()
        with self.assertRaisesRegex(UserError, "not paused"):
            contract._resume(self._day("2026-02-01"))
        with self.assertRaisesRegex(UserError, "comes after"):
            contract._pause(self._day("2026-02-01"), self._day("2026-02-01"))
        contract._pause(self._day("2026-02-01"))
        with self.assertRaisesRegex(UserError, "a pause already"):
            contract._pause(self._day("2026-05-01"))
        with self.assertRaisesRegex(UserError, "resume it first"):
            contract._amend(self._day("2026-02-10"), [(contract.line_ids, {"quantity": 2.0})])

    def test_renewed_during_a_pause_that_has_an_end(self):
        contract = self._contract(commitment=3, renewal="accept")
        contract._pause(self._day("2026-01-17"), self._day("2026-03-01"))
        with self.on("2026-02-10"):
            contract._renew()
            self.assertEqual(contract.state, "paused")
        self.assertEqual(self.rows(contract)[-1][:2], ("2026-04-01", "2026-06-30"))

    def test_a_term_that_would_serve_nothing_is_not_begun(self):
        contract = self._contract(commitment=3, renewal="accept")
        contract._pause(self._day("2026-01-17"))
        with self.on("2026-02-10"):
            with self.assertRaisesRegex(UserError, "resume it first"), self.env.cr.savepoint():
                contract._renew()
            contract._resume(self._day("2026-02-10"))
            contract._renew()
        self.assertEqual(self.rows(contract)[-1][:2], ("2026-04-01", "2026-06-30"))

    def test_a_change_during_a_pause_that_has_an_end(self):
        contract = self._contract()
        contract._pause(self._day("2026-02-01"), self._day("2026-04-01"))
        contract._amend(self._day("2026-03-01"), [(contract.line_ids[0], {"quantity": 2.0})])
        self.assertEqual(self.rows(contract), [("2026-01-01", "2026-01-31", 1.0), ("2026-04-01", "", 2.0)])

    def test_closed_while_paused(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        contract._pause(self._day("2026-01-17"))
        with self.on("2026-02-10"):
            contract._close(self._day("2026-02-10"), self.reason)
            self.assertEqual((contract.state, contract.paused_from), ("closed", False))
            self.assertFalse(self._bill(contract, "2027-01-01").filtered(lambda move: move.move_type == "out_invoice"))


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestTrial(LifeCommon):
    def test_it_converts_by_itself(self):
        contract = self._contract(self.hosting, self.setup_fee, trial=14, trial_outcome="convert")
        self.assertEqual((str(contract.trial_end), contract.state, contract.mrr), ("2026-01-14", "active", 0.0))
        self.assertFalse(self._bill(contract, "2026-01-14"))
        with self.on("2026-01-15"):
            self.assertEqual(contract.mrr, 100.0)
            self.assertEqual(self.amounts(self._bill(contract, "2026-01-15")), [150.0])
            self.assertEqual(str(contract.anchor_date), "2026-01-15")

    def test_the_customer_is_reminded_once(self):
        contract = self._contract(trial=14, trial_reminder_days=3)
        subjects = []
        for day in ("2026-01-10", "2026-01-11", "2026-01-12"):
            with self.on(day):
                subjects.append(len(contract.message_ids.filtered(lambda message: "trial" in (message.subject or ""))))
        self.assertEqual(subjects, [0, 1, 1])

    def test_it_stops_unless_the_customer_stays(self):
        lost, kept = (self._contract(trial=1, trial_unit="month", trial_outcome="stop") for _ in range(2))
        with self.on("2026-01-20"):
            kept.action_convert_trial()
        with self.on("2026-02-01"):
            self.assertEqual((lost.state, kept.state), ("closed", "active"))
            self.assertFalse(self._bill(lost, "2026-06-01"))
            self.assertEqual(self.amounts(self._bill(kept, "2026-02-01")), [100.0])

    def test_it_waits_for_a_decision(self):
        contract = self._contract(trial=1, trial_unit="month", trial_outcome="ask")
        with self.on("2026-02-05"):
            self.assertEqual(contract.state, "paused")
            self.assertTrue(contract.activity_ids)
            self.assertFalse(self._bill(contract, "2026-02-05"))
            contract.action_convert_trial()
            self.assertEqual(contract.state, "active")
            self.assertFalse(contract.activity_ids)
            self.assertEqual(
                self.amounts(self._bill(contract, "2026-02-28")), [85.71], "from the day of the decision on"
            )

    def test_a_promotion_holds_once_somebody_decided(self):
        line = {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 2}
        contract = self._contract(line, trial=1, trial_unit="month", trial_outcome="ask")
        with self.on("2026-02-01"):
            contract.action_convert_trial()
            self.assertEqual(self.amounts(self._bill(contract, "2026-04-01")), [50.0, 50.0, 100.0])

    def test_a_change_keeps_the_days_that_are_left(self):
        contract = self._contract(trial=14)
        contract._amend(self._day("2026-01-05"), [(contract.line_ids, {"quantity": 2.0})])
        self.assertEqual(self.rows(contract), [("2026-01-15", "", 2.0)])


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestOffer(LifeCommon):
    """Bronze, silver and gold, and their options."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.family = cls.env["subscription.plan.family"].create({"name": "Hosting"})
        cls.mailbox = cls._product("Mailbox", 3.0)
        cls.bronze, cls.silver, cls.gold = (
            cls._offer(name, rank, price)
            for rank, (name, price) in enumerate([("Bronze", 31.0), ("Silver", 62.0), ("Gold", 124.0)])
        )

    @classmethod
    def _offer(cls, name, rank, price):
        option = {
            "product_id": cls.mailbox.id,
            "is_option": True,
            "has_price": True,
            "price_unit": 3.0 - rank / 2,
            "maximum_quantity": 10,
        }
        return cls.env["subscription.plan"].create(
            {
                "name": name,
                "family_id": cls.family.id,
                "rank": rank,
                "recurrence_id": cls.monthly.id,
                "line_ids": [Command.create({"product_id": cls._product(f"{name} hosting", price).id})],
                "option_ids": [Command.create(option)],
            }
        )

    def contract_of(self, plan):
        return self._contract(plan.line_ids.product_id, plan_id=plan.id)

    def test_now_with_the_difference(self):
        contract = self.contract_of(self.bronze)
        self._bill(contract, "2026-01-01")
        with self.on("2026-01-17"):
            self.assertEqual(contract._plan_change_day(self.silver), self._day("2026-01-17"))
            contract._change_plan(self.silver, self._day("2026-01-17"))
            self.assertEqual((contract.plan_id, contract.mrr), (self.silver, 62.0))
            self.assertEqual(self.amounts(self._bill(contract, "2026-01-17")), [15.0])
            self.assertEqual(len(contract.line_ids.chain_id), 1, "one chain, one anchor")
            contract._change_plan(self.gold, self._day("2026-01-17"))
            contract._change_plan(self.bronze, self._day("2026-01-17"))
            self.assertEqual(self.amounts(self._bill(contract, "2026-01-17")), [-15.0], "never billed twice")

    def test_at_the_next_period(self):
        contract = self.contract_of(self.silver)
        self._bill(contract, "2026-01-01")
        with self.on("2026-01-17"):
            day = contract._plan_change_day(self.bronze)
            self.assertEqual(str(day), "2026-02-01", "a downgrade waits")
            amendment = contract._change_plan(self.bronze, day)
            self.assertEqual((contract.plan_id, amendment.is_pending), (self.silver, True))
        with self.on("2026-02-01"):
            self.assertEqual((contract.plan_id, amendment.is_pending, contract.mrr), (self.bronze, False, 31.0))
            self.assertEqual(self.amounts(self._bill(contract, "2026-02-01")), [31.0])

    def test_withdrawn_before_its_day(self):
        contract = self.contract_of(self.silver)
        contract._change_plan(self.bronze, self._day("2026-02-01"))._undo()
        with self.on("2026-02-01"):
            self.assertEqual((contract.plan_id, contract.mrr), (self.silver, 62.0))

    def test_quantities_and_discounts_typed_for_the_contract_stay(self):
        product = self.bronze.line_ids.product_id
        contract = self._contract({"product_id": product.id, "quantity": 4.0, "discount": 10.0}, plan_id=self.bronze.id)
        contract._change_plan(self.silver, self._day("2026-02-01"))
        row = contract._rows_on(self._day("2026-02-01"))
        self.assertEqual((row.quantity, row.price_unit, row.discount), (4.0, 62.0, 10.0))

    def test_terms_agreed_for_the_contract_stay(self):
        (self.bronze | self.silver).invoice_grouping = "contract"
        self.silver.notice = 2
        contract = self._contract(
            self.bronze.line_ids.product_id,
            plan_id=self.bronze.id,
            invoice_grouping="customer",
            date_start="2026-01-01",
        )
        contract._change_plan(self.silver, self._day("2026-01-01"))
        self.assertEqual((contract.invoice_grouping, contract.notice), ("customer", 2))

    def test_options_follow_the_offer_and_its_bounds(self):
        contract = self.contract_of(self.bronze)
        option = self.bronze.option_ids
        contract._set_option(option, 5.0, self._day("2026-01-01"))
        self.assertEqual(contract.mrr, 46.0)
        with self.assertRaisesRegex(ValidationError, "Mailbox"), self.env.cr.savepoint():
            contract._set_option(option, 11.0, self._day("2026-01-01"))
        contract._change_plan(self.gold, self._day("2026-01-01"))
        self.assertEqual(contract.mrr, 134.0, "the gold price of the option")
        contract._set_option(self.gold.option_ids, 0.0, self._day("2026-01-01"))
        self.assertEqual(contract.mrr, 124.0)

    def test_offers_of_the_family(self):
        self.assertEqual(self.contract_of(self.bronze)._offers(), self.silver | self.gold)

    def test_terms_of_the_plan_are_applied_on_request(self):
        contract = self.contract_of(self.bronze)
        self.bronze.notice = 3
        self.assertEqual(contract.notice, 0, "editing a plan changes no contract")
        self.bronze.action_apply_to_contracts()
        self.assertEqual(contract.notice, 3)
        self.assertEqual(self.last_amendment(contract).summary, "Notice period: 0 → 3")


VERBS = st.lists(
    st.tuples(
        st.sampled_from(["change", "pause", "close", "renew", "stop"]),
        st.dates(date(2026, 1, 2), date(2026, 6, 30)),
        st.integers(1, 60),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@tagged("post_install", "-at_install")
@freeze_time("2026-07-15")
class TestUndo(LifeCommon):
    """An amendment taken back leaves the contract as if it had not been, and the customer pays what is served."""

    def served(self, contract):
        """What is served each day: chain, quantity, price, discount."""
        first = date(2026, 1, 1)
        return {
            day: sorted(
                (row.chain_id.id, row.quantity, row.price_unit, row.discount)
                for row in contract.line_ids
                if row._is_in_force(day)
            )
            for day in (first + timedelta(days=number) for number in range(420))
        }

    def said(self, contract):
        return self.served(contract), contract.state, contract.date_stop, contract.paused_from

    def do(self, contract, verb, day, length, flag):
        chain = contract.line_ids.chain_id[0]
        if verb == "change":
            opened = [(None, {"product_id": self.support.id})] if flag else []
            return contract._amend(day, [(chain, {"quantity": float(length)}), *opened])
        if verb == "stop":
            return contract._amend(day, [(chain, None)])
        if verb == "pause":
            until = day + timedelta(days=length) if flag else None
            return contract._pause(day, until, "extend" if length % 2 else "prorata")
        if verb == "renew":
            return contract._renew()
        contract._close(day, self.reason, credit="prorata" if flag else "none")
        return self.last_amendment(contract)

    @orm_examples
    @given(VERBS, st.booleans())
    def test_any_amendment_is_undone(self, verbs, is_billed):
        with self.env.cr.savepoint() as savepoint:
            contract = self._contract(
                {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 2},
                commitment=6,
                renewal="accept",
                renewal_grace=60,
            )
            done = []
            for verb, day, length, flag in verbs:
                if is_billed:
                    self.engine._bill(contract, day)
                before = self.said(contract)
                try:
                    with self.env.cr.savepoint():
                        amendment = self.do(contract, verb, day, length, flag)
                except UserError:
                    continue
                if amendment:
                    done.append((amendment, before))
            for amendment, before in reversed(done):
                amendment._undo()
                self.assertEqual(self.said(contract), before, amendment.kind)
            self._bill(contract, "2026-06-30")
            self.assertFalse(self._bill(contract, "2026-06-30"))
            self.assertEqual(
                round(sum(self.amounts(contract.invoice_ids)), 2), 500.0, "two months at half price, four at the full"
            )
            savepoint.rollback()
        self.env.invalidate_all()

    def test_a_pause_inside_a_promotion_is_undone(self):
        line = {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 1}
        contract = self._contract(line)
        contract._pause(self._day("2026-01-10"), self._day("2026-01-20"))._undo()
        self.assertEqual(self._bill(contract, "2026-02-01").mapped("amount_untaxed"), [14.52, 16.13, 19.35, 100.0])

    def test_what_was_changed_since_stays(self):
        contract = self._contract()
        line = contract.line_ids
        first = contract._amend(self._day("2026-02-01"), [(line, {"quantity": 2.0, "price_unit": 90.0})])
        contract._amend(self._day("2026-03-01"), [(line, {"quantity": 5.0})])
        first._undo()
        rows = contract.line_ids.sorted("date_start").filtered(lambda row: row._period())
        self.assertEqual(
            [(str(row.date_start), row.quantity, row.price_unit) for row in rows],
            [("2026-01-01", 1.0, 100.0), ("2026-02-01", 1.0, 100.0), ("2026-03-01", 5.0, 100.0)],
        )

    def test_once(self):
        contract = self._contract()
        amendment = contract._amend(self._day("2026-02-01"), [(contract.line_ids, {"quantity": 2.0})])
        undoing = amendment._undo()
        for row in (amendment, undoing, contract.amendment_ids.filtered(lambda row: row.kind == "activate")):
            with self.assertRaisesRegex(UserError, "cannot be taken back"):
                row._undo()

    def test_taken_back_after_the_calendar_had_followed_it(self):
        """A pause or a closing that began by itself leaves no state behind."""
        for verb in ("pause", "close"):
            with self.subTest(verb=verb):
                contract = self._contract()
                day = self._day("2026-02-01")
                contract._pause(day) if verb == "pause" else contract._close(day, self.reason)
                amendment = self.last_amendment(contract)
                with self.on("2026-02-03"):
                    self.assertNotEqual(contract.state, "active")
                    amendment._undo()
                    self.assertEqual((contract.state, contract.mrr), ("active", 100.0))
                    self.assertFalse(contract.paused_from or contract.date_stop)

    def test_R31_reopened(self):
        contract = self._contract()
        self._bill(contract, "2026-03-01")
        contract._close(self._day("2026-03-11"), self.reason, credit="prorata")
        contract._reopen_from(self._day("2026-04-11"))
        self.assertEqual((contract.state, contract.date_end), ("active", False))
        self.assertFalse(contract.close_reason_id)
        self.assertEqual(self.rows(contract), [("2026-01-01", "2026-03-10", 1.0), ("2026-04-11", "", 1.0)])
        self.assertEqual(self.amounts(self._bill(contract, "2026-05-01")), [66.67, 100.0])

    def test_reopened_although_it_was_closed_twice(self):
        contract = self._contract(commitment=12, renewal="none")
        with self.on("2026-02-01"):
            for _time in range(2):
                contract._close(self._day("2026-03-11"), self.reason)
        contract._reopen_from(self._day("2026-04-11"))
        self.assertEqual((contract.state, str(contract.date_end)), ("active", "2026-12-31"))

    def test_a_change_of_party_is_an_amendment(self):
        contract = self._contract()
        other = self.env["res.partner"].create({"name": "Another customer"})
        contract.partner_id = other
        amendment = self.last_amendment(contract)
        self.assertEqual((amendment.kind, contract.partner_id), ("party", other))
        self.assertIn("A customer → Another customer", amendment.summary)
        self.assertEqual(contract._values_as_of(self._day("2026-07-01"))["partner_id"], self.customer.id)
        amendment._undo()
        self.assertEqual(contract.partner_id, self.customer)
        self.assertFalse(contract._values_as_of(fields.Date.to_date("2026-07-15")))
