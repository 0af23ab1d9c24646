from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.subscription_billing.tests.test_outbox import WORK_LOGGER

from .common import ChargeCommon

LOGGERS = (WORK_LOGGER, "odoo.addons.subscription_billing.models.payment_transaction_attempt")


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestCharge(ChargeCommon):
    """Money is asked for once, and known to be unknown until somebody says what became of it."""

    # money that goes back

    def _refunded(self, attempt, amount):
        """The provider sent money back, and says so twice."""
        refund = attempt.transaction_id._create_child_transaction(amount, is_refund=True)
        for _notice in range(2):
            data = {"reference": refund.reference, "status": "done", "amount": amount, "currency": "USD"}
            self.env["payment.transaction"].sudo()._process("bank", data)
            refund._post_process()
        return refund

    def _owed(self, move):
        """What the customer owes in all, by the books."""
        receivable = move.line_ids.filtered(lambda line: line.display_type == "payment_term").account_id
        entries = self.env["account.move.line"].search(
            [("partner_id", "=", self.customer.id), ("account_id", "=", receivable.id), ("parent_state", "=", "posted")]
        )
        return move.currency_id.round(sum(entries.mapped("balance")))

    def test_R65_what_is_credited_is_paid_out_by_nobody_but_a_person_and_once(self):
        contract = self._contract(date_start="2026-06-01", invoicing_mode="post_charge", payment_token_id=self.card.id)
        move = self._bill(contract, "2026-06-01")
        self._work()
        note = contract._close(self._day("2026-06-16"), self.reason, credit="prorata")
        for _visit in range(2):
            self._work()
            self._bill(contract, "2026-06-15")
        self.assertFalse(self.env["payment.transaction"].search([("operation", "=", "refund")]))
        self.assertEqual(self._owed(move), -note.amount_total)

        refund = self._refunded(move.subscription_contract_attempt_ids, note.amount_total)
        self._later(days=2)
        self._work()
        self._bill(contract, "2026-07-01")
        self.assertEqual((refund.state, self._owed(move)), ("done", 0.0))
        self.assertAttempts(move, "done")
        self.assertPaid(move)
        self.assertEqual(contract.invoice_ids, move | note)

    def test_R65_a_chargeback_after_a_credit_credits_nothing_again(self):
        contract = self._contract(date_start="2026-06-01", invoicing_mode="post_charge", payment_token_id=self.card.id)
        move = self._bill(contract, "2026-06-01")
        self._work()
        note = contract._close(self._day("2026-06-16"), self.reason, credit="prorata")
        self._refunded(move.subscription_contract_attempt_ids, move.amount_total)
        self._later(days=2)
        self._work()
        self._bill(contract, "2026-07-01")
        self.assertEqual(self._owed(move), move.amount_total - note.amount_total, "what was served is owed")
        self.assertEqual((len(self.bank.taken), contract.invoice_ids), (1, move | note))

    # good days

    def test_charged_posted_and_reconciled(self):
        move = self._charged()
        self.assertAttempts(move, "ready")
        self.assertFalse(self.bank.taken, "nothing is asked before the commit")
        self._work()
        self.assertPaid(move)
        attempt = move.subscription_contract_attempt_ids
        self.assertEqual(
            (attempt.amount, attempt.token_id, attempt.reference),
            (move.amount_total, self.card, f"{move.name}-{move.id}-1"),
        )
        self.assertFalse(attempt.contract_id.payment_error)
        self._later(days=2)
        self._work()
        self.assertPaid(move)

    def test_a_draft_posted_by_hand_is_charged_like_any_other(self):
        move = self._charged(invoicing_mode="draft", collection_method="token")
        self._work()
        self.assertFalse(self.bank.taken)
        move.action_post()
        self._work()
        self.assertPaid(move)

    def test_what_is_only_posted_is_not_charged(self):
        for mode in ("post", "post_send"):
            self._charged(invoicing_mode=mode, collection_method="token")
        self._work()
        self.assertFalse(self.bank.taken)

    def test_charged_on_the_day_it_is_due(self):
        term = self.env.ref("account.account_payment_term_30days")
        move = self._charged(payment_term_id=term.id)
        self._work()
        self.assertFalse(self.bank.taken)
        self._later(days=29)
        self._work()
        self.assertFalse(self.bank.taken)
        self._later(days=1)
        self._work()
        self.assertPaid(move)

    def test_what_was_paid_meanwhile_is_not_charged(self):
        move = self._charged()
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids).create(
            {}
        )._create_payments()
        self._work()
        self.assertFalse(self.bank.taken)
        self.assertAttempts(move, "cancelled")

    def test_only_what_is_left_is_charged(self):
        move = self._charged()
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids)
        wizard.create({"amount": 20.0, "payment_difference_handling": "open"})._create_payments()
        self._work()
        self.assertEqual([amount for _reference, amount in self.bank.taken], [move.amount_total - 20])
        self.assertEqual(move.amount_residual, 0.0)

    def test_a_way_of_another_addon(self):
        move = self._charged(collection_method="barter", payment_token_id=False)
        self._work()
        self.assertAttempts(move, "done")
        self.assertEqual(move.subscription_contract_attempt_ids.reason, "Eggs")
        self.assertFalse(self.bank.taken)

    # bad days

    @mute_logger(*LOGGERS)
    def test_R52_time_out_after_the_charge(self):
        for mood in ("deaf", "broken"):
            with self.subTest(mood=mood):
                self.bank.taken.clear()
                self.bank.moods = [mood]
                move = self._charged()
                for _hour in range(60):
                    self._work()
                    self._later(hours=1)
                self.assertAttempts(move, "unknown")
                self.assertEqual(len(self.bank.taken), 1, "never asked for again")
                contract = move.subscription_contract_ids
                self.assertIn(move.name, contract.payment_error)
                self.assertTrue(contract.activity_ids, "after a day somebody is told")
                self._notice(move.subscription_contract_attempt_ids, "done")
                self._work()
                self.assertPaid(move)

    @mute_logger(*LOGGERS)
    def test_R53_nonsense_instead_of_an_answer(self):
        self.bank.moods = ["garbled"]
        move = self._charged()
        self._work()
        self.assertAttempts(move, "unknown")
        self._later(days=3)
        self._work()
        self.assertEqual(len(self.bank.taken), 1)
        self._notice(move.subscription_contract_attempt_ids, "done")
        self._work()
        self.assertPaid(move)

    @mute_logger(*LOGGERS)
    def test_R57_time_out_before_the_charge_is_looked_up(self):
        self._steps((0, "retry"))
        self.bank.moods = ["silent"]
        move = self._charged()
        self._work()
        self.assertAttempts(move, "unknown")
        self._later(hours=2)
        self._work()
        self.assertAttempts(move, "unknown")
        self.bank.is_talkative = True
        self._later(hours=2)
        for _visit in range(4):
            self._work()
            self._later(hours=1)
        self.assertAttempts(move, "declined", "done")
        self.assertPaid(move)

    @mute_logger(*LOGGERS)
    def test_R59_another_amount_is_neither_paid_nor_declined(self):
        self.bank.moods = ["cheap"]
        move = self._charged()
        for _day in range(3):
            self._work()
            self._later(days=1)
        self.assertAttempts(move, "unknown")
        self.assertEqual((len(self.bank.taken), move.amount_residual), (1, move.amount_total))

    @mute_logger(*LOGGERS)
    def test_R66_a_provider_that_does_not_know_us_declines_nobody(self):
        self.bank.moods = ["locked", "locked"]
        move = self._charged()
        self._work()
        self.assertAttempts(move, "ready")
        effect = move.subscription_contract_attempt_ids.outbox_ids
        self.assertIn("unknown key", effect.last_error)
        self._work()
        self.assertEqual(len(self.bank.moods), 1, "not again at once")
        for _hour in range(3):
            self._later(hours=1, minutes=1)
            self._work()
        self.assertPaid(move)

    def test_R58_a_provider_whose_notices_anybody_could_forge_charges_nothing(self):
        stripe = (
            self.env["payment.provider"]
            .search([("code", "=", "stripe")], limit=1)
            .copy(
                {"company_id": self.env.company.id, "stripe_publishable_key": "public", "stripe_secret_key": "secret"}
            )
        )
        stripe.write({"state": "test", "allow_tokenization": True})
        card = self.provider._make_card(self.customer)
        card.provider_id = stripe
        move = self._charged(payment_token_id=card.id)
        contract = move.subscription_contract_ids
        self._work()
        self.assertAttempts(move, "ready")
        self.assertFalse(self.bank.taken)
        effect = move.subscription_contract_outbox_ids.filtered(lambda effect: effect.kind == "charge")
        for text in (contract.payment_warning, effect.last_error):
            self.assertIn("no webhook secret", text)
        stripe.stripe_webhook_secret = "secret"
        contract.invalidate_recordset()
        self.assertFalse(contract.payment_warning)

    def test_a_disabled_provider_charges_nothing_and_declines_nobody(self):
        move = self._charged()
        self.env.cr.execute("UPDATE payment_provider SET state = 'disabled' WHERE id = %s", [self.provider.id])
        self.provider.invalidate_recordset()
        self._work()
        self.assertAttempts(move, "ready")
        self.assertIn("disabled", move.subscription_contract_attempt_ids.outbox_ids.last_error)

    # notices

    def test_R54_a_notice_twice(self):
        move = self._charged()
        self._work()
        for _time in range(3):
            self._notice(move.subscription_contract_attempt_ids, "done")
            self._work()
        self.assertPaid(move)
        self.assertEqual(len(move.transaction_ids.payment_id), 1)

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_R55_notices_in_the_wrong_order(self):
        self.bank.moods = ["pending"]
        move = self._charged()
        self._work()
        self.assertAttempts(move, "in_flight")
        self.bank.taken.append((move.subscription_contract_attempt_ids.reference, move.amount_total))
        for status in ("done", "pending", "cancelled", "failed", "done"):
            self._notice(move.subscription_contract_attempt_ids, status)
        self._work()
        self.assertPaid(move)

    def test_pending_for_days(self):
        self.bank.moods = ["pending"]
        move = self._charged()
        for _day in range(5):
            self._work()
            self._later(days=1)
        self.assertAttempts(move, "in_flight")
        self._notice(move.subscription_contract_attempt_ids, "cancelled")
        self.assertAttempts(move, "declined")

    def test_paid_after_all_though_it_was_declined(self):
        self._steps((5, "retry"))
        self.bank.moods = ["decline"]
        move = self._charged()
        self._work()
        self._notice(move.subscription_contract_attempt_ids, "done")
        self.bank.taken.append((move.subscription_contract_attempt_ids.reference, move.amount_total))
        self._work()
        self._later(days=6)
        self._work()
        self.assertAttempts(move, "done")
        self.assertPaid(move)

    @mute_logger(*LOGGERS)
    def test_a_failure_said_after_a_time_out(self):
        self.bank.moods = ["silent"]
        move = self._charged()
        self._work()
        self.assertAttempts(move, "unknown")
        self._notice(move.subscription_contract_attempt_ids, "card stolen")
        self.assertAttempts(move, "declined")
        self.assertTrue(move.subscription_contract_attempt_ids.is_hard)

    # never twice

    def test_I6_the_database_allows_one_open_attempt(self):
        move = self._charged()
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.env["subscription.charge.attempt"]._plan(move, self._day("2026-06-15"))
        with self.assertRaisesRegex(UserError, "being charged already"):
            move.subscription_contract_attempt_ids.action_charge_again()

    def test_another_payment_comes_first(self):
        for state in ("pending", "authorized", "done", "draft"):
            with self.subTest(state=state), self.env.cr.savepoint() as savepoint:
                move = self._charged()
                self.provider.sudo().support_manual_capture = "full_only"
                self.env["payment.transaction"].sudo().create(
                    {
                        "provider_id": self.provider.id,
                        "payment_method_id": self.provider.payment_method_ids.id,
                        "reference": f"other {state}",
                        "amount": move.amount_total,
                        "currency_id": move.currency_id.id,
                        "partner_id": self.customer.id,
                        "operation": "online_direct",
                        "state": state,
                        "invoice_ids": [Command.set(move.ids)],
                    }
                )
                self._work()
                self.assertFalse(self.bank.taken)
                self.assertIn(f"other {state}", move.subscription_contract_attempt_ids.outbox_ids.last_error)
                savepoint.rollback()

    @mute_logger(*LOGGERS)
    def test_R64_the_customer_cannot_pay_meanwhile(self):
        self.env["ir.config_parameter"].set_param("account_payment.enable_portal_payment", "True")
        self.bank.moods = ["deaf"]
        move = self._charged()
        self.assertTrue(move._has_to_be_paid())
        self._work()
        self.assertFalse(move._has_to_be_paid())
        self.assertIn("being charged", move._get_online_payment_error())

    # people

    @mute_logger(*LOGGERS)
    def test_a_person_says_what_became_of_it(self):
        self._steps((0, "retry"))
        self.bank.moods = ["deaf", "silent"]
        paid, lost = self._charged(), self._charged()
        self._work()
        with self.assertRaisesRegex(UserError, "being charged already"):
            paid.subscription_contract_attempt_ids.action_charge_again()
        paid.subscription_contract_attempt_ids.action_was_charged()
        lost.subscription_contract_attempt_ids.action_was_not_charged()
        self._work()
        self.assertEqual(paid.amount_residual, 0.0)
        for _visit in range(2):
            self._later(minutes=1)
            self._work()
        self.assertAttempts(lost, "declined", "done")
        self.assertEqual(len(self.bank.taken), 2)
        with self.assertRaisesRegex(UserError, "is known"):
            paid.subscription_contract_attempt_ids.action_was_charged()

    def test_the_card_is_the_customers_own(self):
        company = self.env["res.partner"].create({"name": "Group", "is_company": True})
        self.customer.parent_id = company
        of_company = self.provider._make_card(company)
        stranger = self.provider._make_card(self.env["res.partner"].create({"name": "Stranger"}))
        contract = self._contract()
        self.assertEqual(contract.suitable_payment_token_ids, self.card | of_company)
        contract.payment_token_id = of_company
        with self.assertRaisesRegex(ValidationError, "somebody else"):
            contract.payment_token_id = stranger

    def test_charging_needs_a_way(self):
        contract = self._contract(invoicing_mode="post_charge")
        self.assertEqual(contract.collection_method, "token")
        self.assertIn("No card", contract.payment_warning)
        with self.assertRaisesRegex(ValidationError, "choose how"):
            contract.collection_method = "manual"

    def test_sales_people_see_the_card_and_what_became_of_it(self):
        sales = new_test_user(self.env, "charge_sales", groups="subscription_billing.group_subscription_user")
        sales.write({"company_ids": [Command.set(self.env.company.ids)], "company_id": self.env.company.id})
        move = self._charged(user_id=sales.id)
        self._work()
        contract = move.subscription_contract_ids.with_user(sales)
        [values] = contract.web_read({"payment_token_id": {"fields": {"display_name": {}}}, "payment_error": {}})
        self.assertIn("4242", values["payment_token_id"]["display_name"])
        self.assertEqual(contract.attempt_ids.mapped("state"), ["done"])
        self.assertFalse(
            self._charged(user_id=False).subscription_contract_attempt_ids.with_user(sales).has_access("write")
        )

    def test_accounting_chooses_the_card(self):
        accountant = new_test_user(self.env, "card_acc", groups="base.group_user,account.group_account_invoice")
        auditor = new_test_user(self.env, "card_audit", groups="base.group_user,account.group_account_readonly")
        other = self.env["res.partner"].create({"name": "Somebody else"})
        self.bank.moods = ["stolen"]
        move = self._charged()
        self._work()
        contract, card = move.subscription_contract_ids, self.provider._make_card(self.customer)
        dialog = self.env["subscription.card"].with_user(accountant).with_context(default_contract_id=contract.id)
        with self.assertRaises(AccessError):
            contract.with_user(accountant).payment_token_id = card
        with self.assertRaises(AccessError):
            contract.with_user(auditor)._choose_card(card)
        with self.assertRaisesRegex(UserError, "has not stored that card"):
            dialog.create({"payment_token_id": self.provider._make_card(other).id}).action_confirm()
        dialog.create({"payment_token_id": card.id}).action_confirm()
        self.assertEqual(contract.payment_token_id, card)
        self.assertEqual(contract.message_ids[0].author_id, accountant.partner_id)
        self._work()
        self.assertPaid(move)

    def test_a_card_in_use_says_where(self):
        contract = self._contract(payment_token_id=self.card.id)
        self.assertEqual([record["name"] for record in self.card.get_linked_records_info()], [contract.name])
        self.card.active = False
        self.assertIn("removed", contract.message_ids[0].body)

    # arming

    @mute_logger(*LOGGERS)
    def test_R20_a_copy_charges_nothing_and_hears_nothing(self):
        self.bank.moods = ["deaf"]
        asked, waiting = self._charged(), self.env["account.move"]
        self._work()
        waiting = self._charged()
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "elsewhere")
        self._work()
        self._notice(asked.subscription_contract_attempt_ids, "done")
        asked.transaction_ids._post_process()
        self.assertAttempts(asked, "unknown")
        self.assertAttempts(waiting, "ready")
        self.assertEqual((len(self.bank.taken), asked.transaction_ids.state), (1, "error"))
        self.assertFalse(asked.transaction_ids.payment_id)
