from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from .common import SubscriptionCommon, orm_examples


@freeze_time("2026-06-15")
@tagged("post_install", "-at_install")
class TestCloseWizard(SubscriptionCommon):
    """What the screen shows before a contract is closed is what is given back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def _wizard(self, contract, **values):
        form = Form(self.env["subscription.close"].with_context(default_contract_id=contract.id))
        form.close_reason_id = self.reason
        for name, value in values.items():
            form[name] = value
        return form.save()

    def test_last_day_served_is_inclusive(self):
        contract = self._contract(date_start="2026-06-01")
        self._bill(contract, "2026-06-01")
        wizard = self._wizard(contract, date_end="2026-06-20")
        self.assertEqual(wizard.credit, "none")
        wizard.action_confirm()
        self.assertEqual((contract.date_end, contract.state), (self._day("2026-06-20"), "active"))
        self.assertEqual(contract.close_reason_id, self.reason)

    def test_credit_is_shown_then_given(self):
        contract = self._contract(date_start="2026-06-01")
        self._bill(contract, "2026-06-01")
        wizard = self._wizard(contract, date_end="2026-06-14", credit="prorata")
        wizard.action_preview()
        self.assertEqual((wizard.step, contract.state), ("confirm", "active"))
        self.assertEqual(wizard.amount_credited, 53.33)
        self.assertEqual(wizard.amount_total, self.tax_20.compute_all(53.33)["total_included"])
        self.assertFalse(wizard.remaining_ids)
        action = wizard.action_confirm()
        credit_note = self.env["account.move"].browse(action["res_id"])
        self.assertEqual((credit_note.move_type, credit_note.amount_untaxed), ("out_refund", 53.33))
        self.assertEqual(contract.state, "closed")

    def test_full_credit_of_the_current_period(self):
        contract = self._contract(date_start="2026-06-01")
        self._bill(contract, "2026-06-01")
        wizard = self._wizard(contract, date_end="2026-06-14", credit="full")
        wizard.action_preview()
        self.assertEqual(wizard.amount_credited, 100.0)

    def test_what_stays_to_be_billed_is_shown(self):
        contract = self._contract(date_start="2026-06-01", billing_timing="arrears")
        wizard = self._wizard(contract, date_end="2026-06-15")
        wizard.action_preview()
        self.assertFalse(wizard.charge_ids)
        self.assertEqual(wizard.remaining_ids.mapped("amount"), [50.0])
        wizard.action_confirm()
        self.assertEqual(self._bill(contract, "2026-06-16").amount_untaxed, 50.0)

    @orm_examples
    @given(
        st.integers(0, 120),
        st.integers(0, 200),
        st.sampled_from(["none", "prorata", "full"]),
        st.sampled_from(["advance", "arrears"]),
        st.sampled_from(["exact_days", "months_then_days", "thirty_360", "full_period", "free"]),
    )
    def test_any_closing_costs_what_was_shown(self, billed_days, served_days, credit, timing, policy):
        start = self._day("2026-03-10")
        with self.env.cr.savepoint() as savepoint:
            contract = self._contract(
                {"product_id": self.hosting.id, "discount": 25.0, "discount_occurrences": 2},
                {"product_id": self.support.id, "recurrence_id": self.quarterly.id, "quantity": 3},
                {"product_id": self.setup_fee.id},
                date_start=start,
                billing_timing=timing,
                proration_policy=policy,
                invoicing_mode="post",
            )
            self.engine._bill(contract, start + timedelta(days=billed_days))
            wizard = self._wizard(contract, date_end=start + timedelta(days=served_days), credit=credit)
            wizard.action_preview()
            self.assertEqual((contract.state, contract.date_end), ("active", False), "looking changes nothing")
            given_back = -Decimal(str(wizard.amount))
            remaining = sum((Decimal(str(charge.amount)) for charge in wizard.remaining_ids), Decimal(0))
            before = contract.invoice_ids
            wizard.action_confirm()
            credits = contract.invoice_ids - before
            self.assertEqual(sum((Decimal(str(move.amount_untaxed)) for move in credits), Decimal(0)), given_back)
            rest = self.engine._bill(contract, self._day("2027-12-31"))
            self.assertEqual(
                sum(
                    (Decimal(str(move.amount_untaxed)) for move in rest if move.move_type == "out_invoice"), Decimal(0)
                ),
                remaining,
            )
            savepoint.rollback()
        self.env.invalidate_all()

    def test_reason_is_asked(self):
        contract = self._contract(date_start="2026-06-01")
        form = Form(self.env["subscription.close"].with_context(default_contract_id=contract.id))
        with self.assertRaises(AssertionError):
            form.save()

    def test_draft_invoice_in_the_way_is_named(self):
        contract = self._contract(date_start="2026-06-01", invoicing_mode="draft")
        self._bill(contract, "2026-06-01")
        wizard = self._wizard(contract, date_end="2026-06-14", credit="prorata")
        with self.assertRaisesRegex(UserError, "post it or delete it first"):
            wizard.action_preview()

    def test_an_accountant_closes_nothing(self):
        accountant = new_test_user(self.env, "close_accountant", groups="base.group_user,account.group_account_invoice")
        contract = self._contract(date_start="2026-06-01")
        with self.assertRaises(AccessError):
            contract.with_user(accountant)._close(self._day("2026-06-20"), self.reason)
