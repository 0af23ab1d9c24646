from unittest.mock import patch

from odoo.tests import freeze_time, tagged

from .common import ChargeCommon


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestDunning(ChargeCommon):
    """What follows an invoice that could not be charged, as the plan says."""

    def _days(self, count):
        """Let days pass, the worker coming every day."""
        for _day in range(count):
            self._work()
            self._later(days=1)

    def _pay_by_hand(self, move, **values):
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids).create(
            values
        )._create_payments()

    def _suspended(self, days=3):
        """A contract that was suspended two days after its card was declined, and its invoice."""
        self._steps((2, "suspend"), (20, "remind"))
        self.bank.moods = ["decline"]
        move = self._charged()
        self._days(days)
        self.assertEqual(move.subscription_contract_ids.state, "paused")
        return move, move.subscription_contract_ids

    def assertResumed(self, contract, why):
        """It runs from today on, by one amendment that says why."""
        today = contract._today()
        self.assertEqual((contract.state, contract.paused_from), ("active", False))
        [resumption] = contract.amendment_ids.filtered(lambda amendment: amendment.kind == "resume")
        self.assertEqual(resumption.date_effective, today)
        self.assertIn(why, resumption.reason)
        self.assertTrue(contract.line_ids.filtered(lambda line: line.date_start == today and not line.date_stop))

    def test_declined_twice_then_paid(self):
        self._steps((3, "retry"), (7, "retry"))
        self.bank.moods = ["decline", "decline"]
        move = self._charged()
        contract = move.subscription_contract_ids
        self._work()
        self.assertAttempts(move, "declined")
        for text in (move.name, "insufficient_funds", "Charge again", "06/18/2026"):
            self.assertIn(text, contract.payment_error)
        self._days(3)
        self.assertAttempts(move, "declined")
        self._work()
        self.assertAttempts(move, "declined", "declined")
        self._days(5)
        self._work()
        self.assertAttempts(move, "declined", "declined", "done")
        self.assertPaid(move)
        self.assertFalse(contract.payment_error)
        self.assertEqual(len(set(move.subscription_contract_attempt_ids.mapped("reference"))), 3)

    def test_the_contract_bills_on(self):
        self.bank.moods = ["decline"] * 9
        move = self._charged()
        self._days(2)
        contract = move.subscription_contract_ids
        self.assertEqual(contract.state, "active")
        self.assertTrue(self._bill(contract, "2026-02-01"))
        self.assertFalse(contract.billing_error)

    def test_R61_a_card_refused_for_good_is_not_charged_again(self):
        self._steps((1, "retry"), (2, "retry"), (3, "remind"))
        self.bank.moods = ["stolen"]
        move = self._charged()
        self._days(6)
        self.assertAttempts(move, "declined")
        self.assertTrue(move.subscription_contract_attempt_ids.is_hard)
        self.assertEqual(move.subscription_contract_outbox_ids.filtered("step_id").mapped("state"), ["done"] * 3)

    def test_another_card_is_tried_at_once(self):
        self._steps((9, "retry"))
        self.bank.moods = ["stolen"]
        move = self._charged()
        self._work()
        move.subscription_contract_ids.payment_token_id = self.provider._make_card(self.customer)
        self._work()
        self.assertAttempts(move, "declined", "done")
        self.assertPaid(move)
        self._days(12)
        self.assertPaid(move)

    def test_R60_without_a_card_the_customer_is_asked(self):
        self._steps((0, "remind"))
        move = self._charged(payment_token_id=False)
        self._work()
        self._later(minutes=1)
        self._work()
        self.assertAttempts(move, "declined")
        self.assertIn("No card", move.subscription_contract_ids.payment_error)
        reminder = move.subscription_contract_outbox_ids.filtered("step_id")
        self.assertEqual(reminder.state, "done")
        self.assertEqual(reminder.message_id.partner_ids, self.customer)
        self.assertIn("could not", reminder.message_id.body)

    def test_R60_an_archived_card(self):
        move = self._charged()
        self.card.active = False
        self._work()
        self.assertAttempts(move, "declined")
        self.assertIn("not valid any more", move.subscription_contract_attempt_ids.reason)

    def test_suspended_then_closed(self):
        self._steps((2, "suspend"), (5, "close"))
        self.bank.moods = ["decline"]
        move = self._charged()
        contract = move.subscription_contract_ids
        self._days(3)
        self.assertEqual(contract.state, "paused")
        self._days(4)
        self.assertEqual(contract.state, "closed")
        self.assertEqual(contract.close_reason_id, self.env.ref("subscription_billing.close_reason_unpaid"))

    def test_nothing_follows_once_it_is_paid(self):
        self._steps((2, "remind"), (5, "close"))
        self.bank.moods = ["decline"]
        move = self._charged()
        self._work()
        self._pay_by_hand(move)
        self._days(9)
        self.assertEqual(move.subscription_contract_ids.state, "active")
        self.assertEqual(move.subscription_contract_outbox_ids.filtered("step_id").mapped("state"), ["cancelled"])

    def test_when_nothing_is_left_somebody_is_told(self):
        self._steps((1, "remind"))
        self.bank.moods = ["decline"]
        move = self._charged()
        self._days(3)
        [todo] = move.subscription_contract_ids.activity_ids
        self.assertIn("insufficient_funds", todo.note)
        self.assertIn("Nothing more is planned", move.subscription_contract_ids.payment_error)

    def test_paid_by_hand_it_goes_on(self):
        move, contract = self._suspended()
        self._pay_by_hand(move)
        self.assertEqual(contract.state, "paused", "whoever registers a payment waits for no contract")
        self._work()
        self.assertResumed(contract, move.name)
        self.assertEqual(set(move.subscription_contract_outbox_ids.mapped("state")), {"done", "cancelled"})
        self._days(30)
        self.assertFalse(move.subscription_contract_outbox_ids.message_id, "nobody is reminded any more")

    def test_paid_by_card_it_goes_on(self):
        move, contract = self._suspended()
        contract.payment_token_id = self.provider._make_card(self.customer)
        self._work()
        self.assertPaid(move)
        self._work()
        self.assertResumed(contract, move.name)

    def test_paid_by_bank_statement_it_goes_on(self):
        move, contract = self._suspended()
        journal = self.company_data["default_journal_bank"]
        line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": journal.id,
                "amount": move.amount_total,
                "date": "2026-06-18",
                "partner_id": self.customer.id,
            }
        )
        _liquidity, suspense, _other = line._seek_for_lines()
        receivable = move.line_ids.filtered(lambda item: item.display_type == "payment_term")
        suspense.account_id = receivable.account_id
        (suspense + receivable).reconcile()
        self._work()
        self.assertResumed(contract, move.name)

    def test_paid_in_part_it_waits(self):
        move, contract = self._suspended()
        self._pay_by_hand(move, amount=20.0, payment_difference_handling="open")
        self._work()
        self.assertEqual(contract.state, "paused")
        self.assertFalse(move.subscription_contract_outbox_ids.message_id, "nor reminded before its day")
        self._pay_by_hand(move)
        self._work()
        self.assertResumed(contract, move.name)

    def test_a_payment_taken_back_resumes_nothing(self):
        move, contract = self._suspended()
        self._pay_by_hand(move)
        move.line_ids.remove_move_reconcile()
        self._work()
        self.assertEqual(contract.state, "paused")

    def _reversal(self, move):
        return (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": "2026-06-15"})
        )

    def test_credited_in_full_it_goes_on(self):
        move, contract = self._suspended()
        self._reversal(move).refund_moves()
        self._work()
        self.assertEqual(contract.state, "paused", "a draft credits nothing")
        move.reversal_move_ids.action_post()
        self._work()
        self.assertResumed(contract, move.name)

    def test_credited_in_part_it_waits(self):
        move, contract = self._suspended()
        self._reversal(move).refund_moves()
        move.reversal_move_ids.invoice_line_ids.price_unit = 20.0
        move.reversal_move_ids.action_post()
        self._work()
        self.assertEqual(contract.state, "paused")

    def test_cancelled_it_goes_on(self):
        move, contract = self._suspended()
        move.button_draft()
        self._work()
        self.assertEqual(contract.state, "paused", "it may be posted again")
        move.button_cancel()
        self._work()
        self.assertResumed(contract, move.name)
        self._days(30)
        self.assertFalse(move.subscription_contract_outbox_ids.message_id, "nobody is reminded any more")

    def test_deleted_it_goes_on(self):
        move, contract = self._suspended()
        name = move.name
        move.button_draft()
        move.unlink()
        self.assertResumed(contract, name)

    def test_what_the_suspension_gives_back_ends_it_not(self):
        self._steps((0, "suspend"))
        self.bank.moods = ["decline"]
        contract = self._contract(
            invoicing_mode="post_charge", payment_token_id=self.card.id, date_start="2026-06-15", lead_days=0
        )
        move = self._bill(contract, "2026-06-15")
        self._days(1)
        self._bill(contract, "2026-06-15")
        self.assertEqual((contract.state, move.amount_residual), ("paused", 0.0))
        self._days(2)
        self.assertEqual(contract.state, "paused")

    def test_all_that_suspended_it_is_to_be_paid(self):
        self._steps((2, "suspend"))
        self.bank.moods = ["decline"] * 2
        first = self._charged()
        contract = first.subscription_contract_ids
        self._work()
        self._later(days=1)
        second = self._bill(contract, "2026-02-01")
        self._days(4)
        self._pay_by_hand(first)
        self._days(1)
        self.assertEqual(contract.state, "paused")
        self._pay_by_hand(second)
        self._work()
        self.assertResumed(contract, second.name)
        self.assertIn(first.name, contract.amendment_ids[0].reason)

    def test_paused_for_another_reason_it_stays(self):
        self._steps((2, "suspend"))
        self.bank.moods = ["decline"]
        move = self._charged()
        contract = move.subscription_contract_ids
        contract._pause(self._day("2026-06-15"))
        self._days(4)
        self._pay_by_hand(move)
        self._days(2)
        self.assertEqual((contract.state, str(contract.paused_from)), ("paused", "2026-06-15"))

    def test_resumed_on_the_day_that_a_person_said(self):
        move, contract = self._suspended()
        contract._resume(self._day("2026-07-01"))
        self._pay_by_hand(move)
        self._days(2)
        self.assertEqual((contract.state, str(contract.resumes_on)), ("paused", "2026-07-01"))

    def test_a_reminder_that_did_not_leave_is_withdrawn(self):
        self._steps((0, "remind"))
        move = self._charged(payment_token_id=False)
        for _visit in range(2):
            self._work_without_mail()
            self._later(minutes=1)
        reminder = move.subscription_contract_outbox_ids.filtered("step_id")
        self.assertEqual((reminder.state, bool(reminder.message_id)), ("waiting", True))
        self._pay_by_hand(move)
        for _visit in range(2):
            self._work()
        self.assertEqual(reminder.state, "cancelled")
        mails = self.env["mail.mail"].sudo().search([("mail_message_id", "=", reminder.message_id.id)])
        self.assertEqual(mails.mapped("state"), ["cancel"])

    def _work_without_mail(self):
        """The worker, while no mail server answers."""
        with patch.object(self.env.registry["ir.mail_server"], "_connect__", side_effect=ConnectionError("down")):
            self._work()

    def test_the_to_do_is_over(self):
        self._steps((1, "remind"))
        self.bank.moods = ["decline"]
        move = self._charged()
        self._days(3)
        self.assertTrue(move.subscription_contract_ids.activity_ids)
        self._pay_by_hand(move)
        self._work()
        self.assertFalse(move.subscription_contract_ids.activity_ids)
