from datetime import timedelta

from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.subscription_billing.tests.common import orm_examples

from .common import PortalCommon


@tagged("post_install", "-at_install")
class TestWish(PortalCommon):
    """What customers ask for by themselves, on 15 March 2026."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-03-15 10:00:00"))
        cls._follow_frozen_clock()
        cls.engine._bill(cls.contract, fields.Date.to_date("2026-03-15"))

    def _quantity(self, contract=None):
        rows = (contract or self.contract).line_ids.filtered(lambda line: line.product_id == self.mailbox)
        return sum(rows.filtered(lambda line: line._is_in_force(line.contract_id._today())).mapped("quantity"))

    # quantities

    def test_an_option_is_added_at_the_price_that_was_shown(self):
        preview, request = self._ask(self.user_a, "change", self._mailboxes(3))
        self.assertEqual(request.state, "done")
        self.assertEqual(self._quantity(), 3)
        self.assertEqual(request.amendment_ids.author_id, self.customer)
        self.assertEqual(preview["recurring_summary"], self.contract.recurring_summary)
        self.assertEqual(preview["amount_now"], self._billed(self.contract, "2026-03-15"))
        self.assertEqual(preview["date_next"], fields.Date.to_date("2026-04-01"))
        self.assertEqual(preview["amount_next"], self._billed(self.contract, "2026-04-01"))

    def test_a_preview_writes_nothing(self):
        own = self._as(self.user_a)
        before = (self.contract.revision, len(self.contract.line_ids), len(self.contract.amendment_ids))
        own._preview_wish(own._wish("change", self._mailboxes(3)))
        own._preview_wish(own._wish("end", {"date_end": "2026-03-20"}))
        self.assertEqual(
            before, (self.contract.revision, len(self.contract.line_ids), len(self.contract.amendment_ids))
        )
        self.assertFalse(self.contract.request_ids)

    @orm_examples
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("mail"), st.integers(0, 50)),
                st.tuples(st.just("offer"), st.integers(0, 2)),
                st.tuples(st.just("day"), st.integers(1, 20)),
            ),
            max_size=6,
        )
    )
    def test_what_is_shown_is_what_is_invoiced(self, steps):
        day = fields.Date.to_date("2026-03-15")
        with self.env.cr.savepoint() as savepoint, freeze_time(day) as clock:
            self._bill(self.contract, day)
            for what, value in steps:
                if what == "day":
                    day += timedelta(days=value)
                    clock.move_to(day)
                    self._bill(self.contract, day)
                    continue
                form = (
                    self._mailboxes(value)
                    if what == "mail"
                    else {"plan": str((self.bronze | self.silver | self.gold)[value].id)}
                )
                own = self._as(self.user_a)
                try:
                    wish = own._wish("change" if what == "mail" else "offer", form)
                except UserError:
                    continue  # nothing changes
                preview = own._preview_wish(wish)
                own._carry_out(wish, preview)
                self.assertAlmostEqual(self._billed(self.contract, day), preview["amount_now"], 2)
                upcoming = self.engine._upcoming(self.contract)[self.contract]
                self.assertEqual((upcoming.date, upcoming.amount), (preview["date_next"], preview["amount_next"]))
            savepoint.rollback()

    def test_quantities_that_are_none(self):
        for text in ("-1", "nan", "inf", "1e999", "2.0001", "many", "51", "'; DROP TABLE"):
            with self.subTest(text), self.assertRaises(UserError):
                self._as(self.user_a)._wish("change", self._mailboxes(text))

    def test_nothing_to_change(self):
        for form in ({}, self._mailboxes(0), self._mailboxes("")):
            with self.assertRaisesRegex(UserError, "Nothing changes"):
                self._as(self.user_a)._wish("change", form)

    def test_r76_only_what_is_offered_is_read(self):
        """R76: whatever else is posted changes nothing."""
        forged = dict.fromkeys(self.env["subscription.line"]._fields | self.env["subscription.contract"]._fields, "1")
        line = self.silver.line_ids
        with self.assertRaisesRegex(UserError, "Nothing changes"):
            self._as(self.user_a)._wish("change", {**forged, f"quantity_{line.id}": "7", "price_unit": "0"})

    # rights

    def test_the_level_of_the_plan_bounds_what_is_offered(self):
        self._ask(self.user_a, "change", self._mailboxes(3))
        own = self._as(self.user_a)
        offers = {"restricted": self.bronze.browse(), "upgrade": self.gold, "both": self.bronze | self.gold}
        bounds = {"restricted": [], "upgrade": [(3, 50)], "both": [(0, 50)]}
        for level in offers:
            self.silver.customer_level = level
            self.assertEqual(own._customer_offers(), offers[level])
            self.assertEqual([(choice.least, choice.most) for choice in own._customer_choices()], bounds[level])

    def test_less_is_refused_where_only_more_is_allowed(self):
        self._ask(self.user_a, "change", self._mailboxes(3))
        self.silver.customer_level = "upgrade"
        with self.assertRaisesRegex(UserError, "from 3 to 50"):
            self._as(self.user_a)._wish("change", self._mailboxes(2))
        with self.assertRaisesRegex(UserError, "cannot be chosen"):
            self._as(self.user_a)._wish("offer", {"plan": str(self.bronze.id)})

    def test_an_option_that_may_only_be_added(self):
        self.silver.option_ids.customer_may = "add"
        self._ask(self.user_a, "change", self._mailboxes(3))
        with self.assertRaises(UserError):
            self._as(self.user_a)._wish("change", self._mailboxes(0))

    def test_an_offer_of_another_family(self):
        self.assertFalse(self.plan.family_id)
        for plan in (self.plan.id, self.silver.id, 0, "x", None):
            with self.subTest(plan), self.assertRaisesRegex(UserError, "cannot be chosen"):
                self._as(self.user_a)._wish("offer", {"plan": str(plan)})

    # offers

    def test_an_upgrade_now_a_downgrade_at_the_next_period(self):
        preview, request = self._ask(self.user_a, "offer", {"plan": str(self.gold.id)})
        self.assertEqual(str(request.date_effective), "2026-03-15")
        self.assertEqual(self._billed(self.contract, "2026-03-15"), preview["amount_now"])
        self.assertGreater(preview["amount_now"], 0)
        preview, request = self._ask(self.user_a, "offer", {"plan": str(self.bronze.id)})
        self.assertEqual(str(request.date_effective), "2026-04-01")
        self.assertEqual(preview["amount_now"], 0)
        self.assertEqual(preview["amount_next"], self._billed(self.contract, "2026-04-01"))
        self.assertEqual(preview["amount_next"], 34.5)

    # a person approves first

    def test_a_change_that_waits_for_an_approval(self):
        self.silver.customer_approval = True
        _preview, request = self._ask(self.user_a, "change", self._mailboxes(3))
        self.assertEqual((request.state, self._quantity()), ("waiting", 0))
        self.assertEqual(request.activity_ids.user_id, self.contract.user_id)
        request.action_approve()
        self.assertEqual((request.state, self._quantity()), ("done", 3))
        self.assertFalse(request.activity_ids)
        with self.assertRaisesRegex(UserError, "does not wait"):
            request.action_approve()

    def test_a_refused_change_changes_nothing(self):
        self.silver.customer_approval = True
        _preview, request = self._ask(self.user_a, "change", self._mailboxes(3))
        request.action_refuse()
        self.assertEqual((request.state, self._quantity()), ("refused", 0))
        with self.assertRaisesRegex(UserError, "settled"):
            request.action_refuse()

    def test_ending_never_waits(self):
        self.silver.customer_approval = True
        _preview, request = self._ask(self.user_a, "end", {"date_end": "2026-03-31"})
        self.assertEqual(request.state, "done")

    # what changed since

    def test_another_price_has_another_seal(self):
        own = self._as(self.user_a)
        wish = own._wish("change", self._mailboxes(3))
        seal = own._seal(wish, own._preview_wish(wish))
        self.assertEqual(seal, own._seal(wish, own._preview_wish(wish)))
        self.silver.option_ids.price_unit = 6.0
        dearer = own._wish("change", self._mailboxes(3))
        self.assertNotEqual(seal, own._seal(dearer, own._preview_wish(dearer)))

    def test_a_contract_that_changed_has_another_seal(self):
        own = self._as(self.user_a)
        wish = own._wish("change", self._mailboxes(3))
        preview = own._preview_wish(wish)
        seal = own._seal(wish, preview)
        self.contract._amend(fields.Date.to_date("2026-06-01"), [(None, {"product_id": self.support.id})])
        self.assertNotEqual(seal, own._seal(wish, preview))

    # taking it back

    def test_taken_back_with_its_credit(self):
        twin = self.contract.copy({"date_start": "2026-01-01"})
        twin.action_activate()
        self._bill(twin, "2026-03-15")
        _preview, request = self._ask(self.user_a, "change", self._mailboxes(3))
        self._bill(self.contract, "2026-03-15")
        request.action_withdraw()
        self._bill(self.contract, "2026-05-01")
        self._bill(twin, "2026-05-01")
        self.assertEqual(request.state, "withdrawn")
        self.assertEqual(self.contract.recurring_total, twin.recurring_total)
        self.assertAlmostEqual(*(self._net_of(contract) for contract in (self.contract, twin)), 2)
        with self.assertRaisesRegex(UserError, "changed nothing"):
            request.action_withdraw()

    def _net_of(self, contract):
        return sum(contract.invoice_ids.filtered(lambda move: move.state == "posted").mapped("amount_total_signed"))

    # pause and resumption

    def test_a_pause_gives_back_what_was_shown(self):
        preview, request = self._ask(self.user_a, "pause", {"date_start": "2026-03-16", "date_end": "2026-04-14"})
        self.assertEqual(request.state, "done")
        self.assertEqual(preview["amount_now"], 0)
        with freeze_time("2026-03-16"):
            self.contract._follow_calendar()
            credited = self._billed(self.contract, "2026-03-16")
        self.assertLess(credited, 0)
        self.assertEqual(str(self.contract.resumes_on), "2026-04-15")

    def test_pauses_that_are_not_allowed(self):
        forms = (
            {"date_start": "2026-03-14", "date_end": "2026-03-20"},
            {"date_start": "2026-03-20", "date_end": "2026-03-19"},
            {"date_start": "2026-03-16", "date_end": "2026-07-01"},
            {"date_start": "2026-03-16"},
            {"date_start": "tomorrow", "date_end": "2026-03-20"},
        )
        for form in forms:
            with self.subTest(form), self.assertRaises(UserError):
                self._as(self.user_a)._wish("pause", form)
        self.silver.customer_may_pause = False
        with self.assertRaisesRegex(UserError, "cannot be paused"):
            self._as(self.user_a)._wish("pause", {"date_start": "2026-03-16", "date_end": "2026-03-20"})

    def test_the_customer_ends_his_own_pause_and_no_other(self):
        self.contract._pause(fields.Date.to_date("2026-03-15"))
        self.assertFalse(self._as(self.user_a)._customer_may_resume())
        self.contract._resume(fields.Date.to_date("2026-03-15"))
        self._ask(self.user_a, "pause", {"date_start": "2026-03-15", "date_end": "2026-04-14"})
        self.assertEqual(self.contract.state, "paused")
        with freeze_time("2026-03-20"):
            preview, _request = self._ask(self.user_a, "resume", {})
            self.assertEqual(self.contract.state, "active")
            self.assertAlmostEqual(preview["amount_now"], self._billed(self.contract, "2026-03-20"), 2)
            self.assertEqual(preview["amount_next"], self._billed(self.contract, preview["date_next"]))

    # the end

    def test_the_end_is_acknowledged_with_its_reason(self):
        reason = self.env.ref("subscription_billing.close_reason_price")
        preview, request = self._ask(
            self.user_a, "end", {"date_end": "2026-03-31", "reason": str(reason.id), "other_reason": " Too dear "}
        )
        self.assertEqual((str(self.contract.date_end), self.contract.close_reason_id), ("2026-03-31", reason))
        self.assertEqual(request.reason, "Too dear")
        self.assertEqual((preview["amount_now"], preview["date_next"]), (0, None))
        self.assertFalse(self._bill(self.contract, "2026-12-31"))

    def test_a_reason_that_is_ours_is_not_his(self):
        unpaid = self.env.ref("subscription_billing.close_reason_unpaid")
        self._ask(self.user_a, "end", {"date_end": "2026-03-31", "reason": str(unpaid.id)})
        self.assertEqual(self.contract.close_reason_id, self.reason)

    def test_within_notice_and_commitment(self):
        contract = self._contract(
            self.silver.line_ids.product_id, plan_id=self.silver.id, commitment=12, notice=1, renewal="tacit"
        )
        own = self._as(self.user_a, contract)
        self.assertEqual(str(own._customer_last_day()), "2026-12-31")
        with self.assertRaisesRegex(UserError, "12/31/2026 at the earliest"):
            own._wish("end", {"date_end": "2026-06-30"})
        contract.exit_fee = "remaining"
        preview, _request = self._ask(self.user_a, "end", {"date_end": "2026-06-30"}, contract)
        self.assertTrue(preview["date_next"])
        self.assertEqual(str(contract.date_end), "2026-06-30")

    def test_a_plan_that_wants_to_be_asked(self):
        self.silver.customer_may_end = False
        with self.assertRaisesRegex(UserError, "cannot be ended"):
            self._as(self.user_a)._wish("end", {"date_end": "2026-03-31"})

    def test_r81_ping_pong_a_hundred_times(self):
        """R81: up and down again a hundred times costs nothing and drifts by nothing."""
        self._bill(self.contract, "2026-03-15")
        before = self._net_of(self.contract)
        (self.silver | self.gold).downgrade_timing = "now"
        self.contract.downgrade_timing = "now"
        for turn in range(100):
            self._ask(self.user_a, "offer", {"plan": str((self.silver if turn % 2 else self.gold).id)})
            if turn % 10 == 4:
                self._bill(self.contract, "2026-03-15")
        self._bill(self.contract, "2026-03-15")
        self.assertAlmostEqual(self._net_of(self.contract), before, 2)
        negative = self.contract.invoice_ids.filtered(lambda move: move.amount_total < 0)
        self.assertFalse(negative)

    # questions

    def test_a_question_is_a_conversation(self):
        request = self._as(self.user_a)._ask_question("  <b>When</b> do you open?  ")
        self.assertEqual((request.kind, request.state, request.user_id), ("question", "open", self.contract.user_id))
        self.assertIn("&lt;b&gt;When", request.message_ids[0].body)
        self.assertIn(self.customer, request.message_partner_ids)
        with self.assertRaisesRegex(UserError, "Write what"):
            self._as(self.user_a)._ask_question(" \n ")
        request.action_settle()
        self.assertEqual(request.state, "done")
