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
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids).create(
            {}
        )._create_payments()
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
