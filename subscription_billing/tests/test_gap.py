from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from ..core.charges import propose
from ..core.period import Period
from .common import SubscriptionCommon, orm_examples

TODAY = date(2026, 6, 15)


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 10:00:00")
class TestGap(SubscriptionCommon):
    """Never not at all: every served day that nothing settles is listed, and no other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def _gaps(self, contract):
        self.env["subscription.gap"].invalidate_model()
        gaps = self.env["subscription.gap"].search([("contract_id", "=", contract.id)])
        return [(str(gap.date_start), str(gap.date_end), gap.reason) for gap in gaps]

    # what is listed

    def test_advance_up_to_today(self):
        contract = self._contract(date_start="2026-05-20")
        self.assertEqual(self._gaps(contract), [("2026-05-20", "2026-06-15", "waiting")])
        self._bill(contract, "2026-05-20")
        self.assertEqual(self._gaps(contract), [])

    def test_arrears_once_the_period_is_over(self):
        contract = self._contract(date_start="2026-04-20", billing_timing="arrears")
        self.assertEqual(self._gaps(contract), [("2026-04-20", "2026-05-19", "waiting")])
        self._bill(contract, "2026-06-15")
        self.assertEqual(self._gaps(contract), [])

    def test_arrears_on_the_last_day_of_a_period(self):
        contract = self._contract(date_start="2026-05-16", billing_timing="arrears")
        self.assertEqual(self._gaps(contract), [], "today is its last day: due tomorrow")
        with freeze_time("2026-06-16 10:00:00"):
            self.assertEqual(self._gaps(contract), [("2026-05-16", "2026-06-15", "waiting")])

    def test_arrears_of_a_service_that_ended_early(self):
        contract = self._contract(date_start="2026-06-01", billing_timing="arrears")
        contract._close(self._day("2026-06-11"))
        self.assertEqual(self._gaps(contract), [("2026-06-01", "2026-06-10", "waiting")])

    def test_usage_is_in_arrears(self):
        contract = self._contract(self.traffic, date_start="2026-05-10")
        self.assertEqual(self._gaps(contract), [("2026-05-10", "2026-06-09", "waiting")])

    def test_one_off_is_one_day(self):
        contract = self._contract(self.setup_fee, date_start="2026-06-01")
        self.assertEqual(self._gaps(contract), [("2026-06-01", "2026-06-01", "waiting")])

    def test_drafts_and_the_future_owe_nothing(self):
        self.assertEqual(self._gaps(self._contract(activate=False)), [])
        self.assertEqual(self._gaps(self._contract(date_start="2026-06-16", lead_days=30)), [])

    def test_hole_between_settled_stretches(self):
        contract = self._contract(date_start="2026-01-01")
        self._bill(contract, "2026-06-01")
        march = contract.period_ids.filtered(lambda period: str(period.date_start) == "2026-03-01")
        march.sudo().state = "void"
        self.assertEqual(self._gaps(contract), [("2026-03-01", "2026-03-31", "overlooked")])
        for state in ("billed", "imported", "kept", "waived", "held"):
            march.sudo().state = state
            self.assertEqual(self._gaps(contract), [], state)

    # the reason and the button

    def test_reasons(self):
        contract = self._contract(date_start="2026-06-01")
        verb = contract._locked()
        verb.next_attempt = "2026-06-20 00:00:00"
        self.assertEqual(self._gaps(contract)[0][2], "set_aside")
        verb.billing_error = "The journal is archived."
        self.assertEqual(self._gaps(contract)[0][2], "stopped")
        gap = self.env["subscription.gap"].search([("contract_id", "=", contract.id)])
        self.assertEqual(gap.explanation, "The journal is archived.")
        verb.write({"next_attempt": False, "billing_error": False, "next_billing_date": "2026-07-01"})
        self.assertEqual(self._gaps(contract)[0][2], "overlooked")
        verb.next_billing_date = False
        self.assertEqual(self._gaps(contract)[0][2], "overlooked")
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "elsewhere")
        self.assertEqual(self._gaps(contract)[0][2], "not_armed")

    def test_bill_now_mends_what_was_overlooked(self):
        contract = self._contract(date_start="2026-05-01")
        contract._locked().next_billing_date = False
        contract.line_ids.with_context(contract._locked().env.context).covered_until = "2026-07-01"
        self.env["subscription.gap"].search([("contract_id", "=", contract.id)]).action_bill()
        self.assertEqual(self._gaps(contract), [])
        self.assertEqual(contract.invoice_ids.mapped("amount_untaxed"), [100.0, 100.0])
        self.assertEqual(str(contract.next_billing_date), "2026-07-01")

    def test_bill_now_ends_the_waiting(self):
        contract = self._contract(date_start="2026-06-01")
        contract._park("Something was wrong.", "2026-06-20 00:00:00")
        contract._activity_to_bill("Something was wrong.")
        self.env["subscription.gap"].search([("contract_id", "=", contract.id)]).action_bill()
        self.assertEqual(self._gaps(contract), [])
        self.assertFalse(contract.billing_error or contract.next_attempt or contract.activity_ids)

    def test_bill_now_says_why_not(self):
        contract = self._contract(date_start="2026-06-01")
        self.hosting.active = False
        with self.assertRaisesRegex(UserError, "Hosting"):
            self.env["subscription.gap"].search([("contract_id", "=", contract.id)]).action_bill()

    def test_only_who_may_invoice_bills(self):
        contract = self._contract(date_start="2026-06-01", user_id=False)
        users = {
            name: new_test_user(
                self.env,
                f"gap_{name}",
                groups=groups,
                company_id=self.env.company.id,
                company_ids=[(6, 0, self.env.company.ids)],
            )
            for name, groups in {
                "sales": "subscription_billing.group_subscription_user",
                "accounting": "base.group_user,account.group_account_invoice",
                "employee": "base.group_user",
            }.items()
        }
        gap = self.env["subscription.gap"].search([("contract_id", "=", contract.id)])
        for name in ("sales", "employee"):
            with self.assertRaises(AccessError):
                gap.with_user(users[name]).action_bill()
        gap.with_user(users["accounting"]).action_bill()
        self.assertEqual(len(contract.invoice_ids), 1)

    def test_open_contract(self):
        contract = self._contract(date_start="2026-06-01")
        action = self.env["subscription.gap"].search([("contract_id", "=", contract.id)]).action_open_contract()
        self.assertEqual((action["res_model"], action["res_id"]), ("subscription.contract", contract.id))

    # the same cadence in SQL and in the core

    @orm_examples
    @given(
        unit=st.sampled_from(["day", "week", "month", "year"]),
        interval=st.integers(1, 13),
        start=st.dates(date(2024, 1, 1), date(2026, 7, 1)),
        length=st.none() | st.integers(1, 1200),
        alignment=st.sampled_from(["anniversary", "calendar"]),
        alignment_day=st.integers(1, 31),
        timing=st.sampled_from(["advance", "arrears"]),
        billed_days=st.none() | st.integers(0, 200),
        kind=st.sampled_from(["recurring", "usage", "one_off"]),
    )
    def test_gaps_are_what_the_core_proposes(
        self, unit, interval, start, length, alignment, alignment_day, timing, billed_days, kind
    ):
        with self.env.cr.savepoint() as savepoint:
            recurrence = self.env["subscription.recurrence"].create(
                {"name": "Drawn", "unit": unit, "interval": interval}
            )
            product = {"recurring": self.hosting, "usage": self.traffic, "one_off": self.setup_fee}[kind]
            contract = self._contract(
                {"product_id": product.id, "recurrence_id": recurrence.id},
                recurrence_id=recurrence.id,
                date_start=start,
                billing_timing=timing,
                alignment=alignment,
                alignment_day=alignment_day,
                catch_up="summary",
            )
            if length and kind != "one_off":
                contract._close(start + timedelta(days=length))
            if billed_days is not None:
                self._bill(contract, min(TODAY, start + timedelta(days=billed_days)))
            rows = [line._row() for line in contract.line_ids if line._period()]
            ledger = [period._period() for period in contract.period_ids]
            due = propose(rows, ledger, contract._billing_terms(), TODAY) if rows else []
            expected = {day for charge in due for day in _days(charge.period) if day <= TODAY}
            listed = {
                day
                for gap in self.env["subscription.gap"].search([("contract_id", "=", contract.id)])
                for day in _days(Period(gap.date_start, gap.date_end + timedelta(days=1)))
            }
            self.assertEqual(listed, expected)
            savepoint.rollback()


def _days(period):
    return (period.start + timedelta(days=offset) for offset in range(period.days))
