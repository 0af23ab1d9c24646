from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SubscriptionCommon, orm_examples

DOCUMENT_ACTIONS = (
    "edit_price", "add_line", "remove_line", "post", "reset", "cancel", "delete", "refund", "refund_part", "replace",
    "duplicate", "bill_again", "waive", "amend", "pause", "resume", "run",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestDocuments(SubscriptionCommon):
    """What persons do to the engine's documents, and how the ledger follows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.review_plan = cls.plan.copy({"invoicing_mode": "draft"})

    def setUp(self):
        super().setUp()
        self.contract = self._contract({"product_id": self.hosting.id, "price_unit": 100.0})

    def invoice(self, until="2026-01-01"):
        return self._bill(self.contract, until)

    def reverse(self, move, modify=False, **values):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, **values})
        )
        wizard.reverse_moves(is_modify=modify)
        return wizard.new_move_ids

    def states(self):
        return self.contract.period_ids.sorted("id").mapped("state")

    def assertTies(self):
        """Rows of each document add up to its lines, and no day counts twice."""
        moves = self.env["account.move"].search([("line_ids.subscription_line_id.contract_id", "=", self.contract.id)])
        for line in moves.filtered(lambda move: move.state == "posted").invoice_line_ids.filtered(
            "subscription_line_id"
        ):
            billed, credited = line._subscription_ledger()
            expected = billed._total("amount_invoiced") - credited._total("amount_credited")
            if billed or credited:
                self.assertEqual(expected, line._subscription_amount(), f"{line.move_id.name}: {line.name}")
            else:
                # its replacement bills its periods, and credit notes give all of it back
                self.assertGreaterEqual(line._subscription_manual_credits(), line._subscription_amount())

    def test_edited_draft_keeps_both_amounts(self):
        self.contract.invoicing_mode = "draft"
        move = self.invoice()
        move.invoice_line_ids.price_unit = 80.0
        move.invoice_line_ids = [Command.create({"product_id": self.support.id, "price_unit": 10.0})]
        move.action_post()
        period = self.contract.period_ids
        self.assertEqual((period.amount, period.amount_invoiced, period.state), (100.0, 80.0, "billed"))

    def test_R32_deleting_a_draft_makes_it_due_again(self):
        self.contract.invoicing_mode = "draft"
        self.invoice().unlink()
        self.assertFalse(self.contract.period_ids)
        self.assertEqual(str(self.contract.next_billing_date), "2026-01-01")
        self.assertEqual(self.invoice().amount_untaxed, 100.0)

    def test_line_taken_out_of_a_draft_waits_for_a_decision(self):
        self.contract.invoicing_mode = "draft"
        move = self.invoice()
        move.invoice_line_ids.unlink()
        self.assertEqual(self.states(), ["held"])
        self.assertFalse(self.invoice(), "a held period is not billed by itself")
        self.contract.period_ids.action_bill_again()
        self.assertEqual(self.invoice().amount_untaxed, 100.0)

    def test_R32_cancelling_holds_and_returning_restores(self):
        move = self.invoice()
        move.button_draft()
        move.button_cancel()
        self.assertEqual(self.states(), ["held"])
        move.button_draft()
        self.assertEqual(self.states(), ["billed"])

    def test_cancelled_invoice_billed_again_cannot_come_back(self):
        move = self.invoice()
        move.button_draft()
        move.button_cancel()
        self.contract.period_ids.action_bill_again()
        self.assertEqual(self.invoice().amount_untaxed, 100.0)
        with self.assertRaisesRegex(UserError, "billed again"):
            move.button_draft()

    def test_R32_full_credit_note_holds(self):
        move = self.invoice()
        credit_note = self.reverse(move)
        self.assertEqual(self.states(), ["billed"], "a draft credit note decides nothing")
        credit_note.action_post()
        self.assertEqual(self.states(), ["held"])
        credit_note.button_draft()
        self.assertEqual(self.states(), ["billed"])

    def test_usage_of_a_cancelled_invoice_is_billed_again(self):
        contract = self._contract(self.traffic)
        self.env["subscription.usage"].create(
            {"contract_id": contract.id, "line_id": contract.line_ids.id, "date": "2026-01-10", "quantity": 4}
        )
        move = self._bill(contract, "2026-02-01")
        move.button_draft()
        move.button_cancel()
        contract.period_ids.action_bill_again()
        self.assertEqual(self._bill(contract, "2026-02-01").amount_untaxed, move.amount_untaxed)

    def test_full_credit_of_a_difference_owes_again_what_it_gave_back(self):
        """41.94 and 72.58 less 58.06: both halves of the invoice come back, not their difference only."""
        self.invoice()
        self.contract._amend(self._day("2026-01-14"), [(self.contract.line_ids, {"price_unit": 125.0})])
        difference = self.invoice("2026-01-14")
        self.assertEqual(difference.amount_untaxed, 14.52)
        self.reverse(difference)
        difference.reversal_move_ids.action_post()
        self.contract.period_ids.filtered(lambda period: period.state == "held").action_bill_again()
        self.assertEqual(self.invoice("2026-01-14").amount_untaxed, 14.52)

    def test_full_credit_of_a_deduction_owes_it_again(self):
        self.contract.credit_mode = "next"
        self.invoice()
        self.contract._pause(self._day("2026-01-22"), self._day("2026-02-01"))
        deduction = self.invoice("2026-02-01")
        self.assertEqual(deduction.amount_untaxed, 67.74, "100.00 of February less 32.26")
        self.reverse(deduction)
        deduction.reversal_move_ids.action_post()
        self.contract.period_ids.filtered(lambda period: period.state == "held").action_bill_again()
        self.assertEqual(self.invoice("2026-02-01").amount_untaxed, 67.74)

    def test_a_deduction_that_was_given_back_caps_nothing(self):
        """A line of the engine is no credit note of a person, also when its rows are credited elsewhere since."""
        self.test_full_credit_of_a_deduction_owes_it_again()
        notes = self.contract._close(self._day("2026-01-10"), self.reason, credit="prorata")
        amount = sum(notes.mapped("amount_untaxed"))
        self.assertAlmostEqual(amount, 138.71, 2, "100.00 of February, 38.71 of the 10th to the 21st of January")

    def test_R32_partial_credit_frees_nothing_and_caps_what_may_be_given_back(self):
        move = self.invoice()
        credit_note = self.reverse(move)
        credit_note.invoice_line_ids.price_unit = 70.0
        credit_note.action_post()
        self.assertEqual(self.states(), ["billed"])
        notes = self.contract._close(self._day("2026-01-01"), self.reason, credit="prorata")
        self.assertEqual(notes.amount_untaxed, 30.0, "70 of 100 were given back already")

    def test_reverse_and_create_moves_the_periods(self):
        move = self.invoice()
        replacement = self.reverse(move, modify=True)
        self.assertEqual(replacement.state, "draft")
        period = self.contract.period_ids
        self.assertEqual((period.state, period.move_id), ("billed", replacement))
        replacement.action_post()
        self.assertFalse(self.invoice(), "the replacement bills the period")
        self.assertTies()

    def test_duplicate_carries_no_period(self):
        move = self.invoice()
        copy = move.copy()
        copy.action_post()
        self.assertEqual(self.contract.period_ids.move_id, move)
        copy.button_draft()
        copy.unlink()
        self.assertEqual(self.states(), ["billed"])

    def test_invoice_given_back_elsewhere_cannot_be_cancelled(self):
        move = self.invoice()
        self.contract._close(self._day("2026-01-16"), self.reason, credit="prorata")
        move.button_draft()
        with self.assertRaisesRegex(UserError, "gives back a part"):
            move.button_cancel()

    def test_cancelled_with_a_part_to_give_back_owes_nothing(self):
        move = self.invoice()
        self.contract._amend(self._day("2026-01-11"), [(self.contract.line_ids, {"price_unit": 200.0})])
        self.assertEqual(self.states(), ["billed", "released"])
        move.button_cancel()
        self.assertEqual(self.states(), ["held", "void"])
        [charge] = self.engine._preview(self.contract, self._day("2026-01-31"))
        self.assertEqual((str(charge.period.start), charge.amount), ("2026-01-11", Decimal("135.48")))
        move.button_draft()
        self.assertEqual(self.states(), ["billed", "released"])
        move.action_post()
        self.assertEqual(self.invoice("2026-01-31").amount_untaxed, 67.74, "the difference")
        self.assertTies()

    def test_cancelled_with_a_part_to_give_back_is_billed_again_at_the_new_price(self):
        move = self.invoice()
        self.contract._amend(self._day("2026-01-11"), [(self.contract.line_ids, {"price_unit": 200.0})])
        move.button_cancel()
        self.contract.period_ids.filtered(lambda period: period.state == "held").action_bill_again()
        self.assertEqual(self.invoice("2026-01-31").mapped("amount_untaxed"), [32.26, 135.48])
        with self.assertRaises(UserError), self.env.cr.savepoint():
            move.button_draft()

    def _extended(self):
        """January is paid, eleven days of it are not served, as many are given in February."""
        move = self.invoice()
        self.contract._pause(self._day("2026-01-21"), self._day("2026-02-01"), credit="extend")
        self.assertEqual(self.states(), ["billed", "kept", "waived"])
        return move

    def _credit(self, move):
        note = self.reverse(move)
        note.action_post()
        return note

    def test_full_credit_note_holds_what_a_pause_kept(self):
        move = self._extended()
        note = self._credit(move)
        self.assertEqual(self.states(), ["held", "held", "waived"])
        note.button_draft()
        self.assertEqual(self.states(), ["billed", "kept", "waived"])
        move.button_cancel()
        self.assertEqual(self.states(), ["held", "held", "waived"])
        move.button_draft()
        self.assertEqual(self.states(), ["billed", "kept", "waived"])

    def test_days_given_for_what_nobody_paid_are_due(self):
        self._credit(self._extended())
        self.contract.period_ids.filtered(lambda period: period.state == "held").action_bill_again()
        self.assertEqual(self.states(), ["void", "void", "void"])
        moves = self.invoice("2026-02-01")
        self.assertEqual(sum(moves.mapped("amount_untaxed")), 64.52 + 100.0)

    def test_days_given_stay_given_when_what_was_kept_is_waived(self):
        self._credit(self._extended())
        self.contract.period_ids.filtered(lambda period: period.state == "held").action_waive()
        self.assertEqual(self.states(), ["waived", "waived", "waived"])
        [february] = self.invoice("2026-02-01")
        self.assertEqual(february.amount_untaxed, 60.71)
        self.contract.amendment_ids[0].action_undo()
        self.assertEqual(self.states()[:3], ["waived", "waived", "void"], "what a person gave away stays given")

    def test_days_given_for_a_deleted_invoice_are_due(self):
        move = self._extended()
        move.button_draft()
        move.unlink()
        self.assertEqual(self.states(), ["void"])
        self.assertEqual(sum(self.invoice("2026-02-01").mapped("amount_untaxed")), 64.52 + 100.0)

    def test_an_open_pause_gives_nothing_for_what_was_credited(self):
        move = self.invoice()
        self.contract._pause(self._day("2026-01-21"), credit="extend")
        self._credit(move)
        self.contract.period_ids.action_bill_again()
        self.contract._resume(self._day("2026-01-26"))
        self.assertEqual(self.invoice("2026-01-31").mapped("amount_untaxed"), [64.52, 19.35])

    def test_what_a_pause_kept_and_a_person_waived_stays_on_its_invoice(self):
        move = self.invoice()
        self.contract._pause(self._day("2026-01-21"), credit="extend")
        self._credit(move)
        self.contract.period_ids.action_waive()
        self.contract._resume(self._day("2026-01-26"))
        self.assertEqual(self.contract.period_ids.move_line_id, move.invoice_line_ids)
        self.assertEqual(self.contract.period_ids._total("amount_invoiced"), 100)
        self.assertFalse(self.invoice("2026-01-31"), "the whole month was given away")

    def test_cancelled_credit_note_is_owed_again(self):
        self.invoice()
        note = self.contract._close(self._day("2026-01-16"), self.reason, credit="prorata")
        note.button_draft()
        note.button_cancel()
        self.assertIn("released", self.states())
        again = self._bill(self.contract, "2026-02-01")
        self.assertEqual((again.move_type, again.amount_untaxed), ("out_refund", note.amount_untaxed))
        with self.assertRaisesRegex(UserError, "credited on another document"):
            note.button_draft()

    @orm_examples
    @given(st.lists(st.tuples(st.sampled_from(DOCUMENT_ACTIONS), st.integers(0, 9)), min_size=3, max_size=12))
    def test_any_order_of_actions_keeps_the_books(self, actions):
        with self.env.cr.savepoint() as savepoint:
            self.contract = self._contract(
                {"product_id": self.hosting.id, "price_unit": 100.0},
                {"product_id": self.support.id, "price_unit": 33.33},
            )
            self.invoice("2026-02-01")
            for action, pick in actions:
                self.try_to(action, pick)
                self.assertTies()
            self.assertEqual(
                self.env["subscription.period"].search_count(
                    [("state", "=", "released"), ("credit_line_id.parent_state", "=", "posted")]
                ),
                0,
            )
            savepoint.rollback()
        self.env.invalidate_all()

    def try_to(self, action, pick):
        """One action of a person on one document; what Odoo or we refuse changes nothing."""
        moves = self.env["account.move"].search(
            [("line_ids.subscription_line_id.contract_id", "=", self.contract.id)], order="id"
        )
        moves |= self.env["account.move"].search([("reversed_entry_id", "in", moves.ids)])
        move = moves[pick % len(moves)] if moves else moves
        try:
            with self.env.cr.savepoint():
                getattr(self, f"act_{action}")(move, pick)
        except UserError:
            self.env.invalidate_all()

    def act_edit_price(self, move, pick):
        if move.state == "draft":
            move.invoice_line_ids[:1].price_unit = Decimal(10 + pick) / 3

    def act_add_line(self, move, pick):
        if move.state == "draft":
            move.invoice_line_ids = [Command.create({"product_id": self.support.id, "price_unit": 1.0 + pick})]

    def act_remove_line(self, move, pick):
        if move.state == "draft":
            move.invoice_line_ids[:1].unlink()

    def act_post(self, move, pick):
        move.filtered(lambda move: move.state == "draft").action_post()

    def act_reset(self, move, pick):
        move.filtered(lambda move: move.state in ("posted", "cancel")).button_draft()

    def act_cancel(self, move, pick):
        move.filtered(lambda move: move.state == "draft").button_cancel()

    def act_delete(self, move, pick):
        move.filtered(lambda move: move.state == "draft").unlink()

    def act_refund(self, move, pick):
        if move.state == "posted" and move.move_type == "out_invoice":
            self.reverse(move).action_post()

    def act_refund_part(self, move, pick):
        if move.state == "posted" and move.move_type == "out_invoice":
            credit_note = self.reverse(move)
            credit_note.invoice_line_ids[:1].price_unit = 1.0 + pick
            credit_note.action_post()

    def act_replace(self, move, pick):
        if move.state == "posted" and move.move_type == "out_invoice":
            self.reverse(move, modify=True)

    def act_duplicate(self, move, pick):
        if move:
            move.copy()

    def act_bill_again(self, move, pick):
        self.contract.period_ids.filtered(lambda period: period.state == "held").action_bill_again()

    def act_waive(self, move, pick):
        self.contract.period_ids.filtered(lambda period: period.state == "held").action_waive()

    def act_amend(self, move, pick):
        line = self.contract.current_line_ids[pick % 2]
        self.contract._amend(self._day(f"2026-02-{pick + 5:02}"), [(line.chain_id, {"quantity": 1.0 + pick})])

    def act_pause(self, move, pick):
        day = self._day(f"2026-02-{pick + 5:02}")
        self.contract._pause(day, day + timedelta(days=pick + 3), credit=("extend", "prorata")[pick % 2])

    def act_resume(self, move, pick):
        self.contract._resume(self._day(f"2026-02-{pick + 6:02}"))

    def act_run(self, move, pick):
        self._bill(self.contract, f"2026-0{2 + pick % 4}-15")
