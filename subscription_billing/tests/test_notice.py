from datetime import date

from odoo import SUPERUSER_ID, Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.addons.mail.tests.common import MailCase

from .test_life import LifeCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestNotice(MailCase, LifeCommon):
    """The customer is told of a tacit renewal in the legal window, with a proof; else the contract lets him go."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "customer@example.com"
        cls.notices = cls.env["subscription.notice"].sudo()

    def job(self, day):
        with self.on(day), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID)["subscription.notice"]._cron_notices()
        self.env.invalidate_all()

    def consumer(self, **values):
        return self._contract(commitment=12, notice=2, customer_class="consumer", **values)

    def leave(self, day, refusal=None, address=""):
        """The worker of the outbox, before a mail server that accepts, or refuses what goes to ``address``."""

        def refuse(server, message, *args, **kwargs):
            if address in message["To"]:
                raise MailDeliveryException(refusal)
            return message["Message-Id"]

        with self.on(day), self.mock_mail_gateway():
            if refusal:
                self.send_email_mocked.side_effect = refuse
            with self.enter_registry_test_mode(), self.registry.cursor() as cr:
                self.env(cr=cr, user=SUPERUSER_ID)["subscription.outbox"]._cron_work()
        self.env.invalidate_all()

    def effect(self, notice):
        return self.env["subscription.outbox"].sudo().search([("notice_id", "=", notice.id)])

    def bounce(self, notice, partner):
        with self.on("2026-08-02"):
            notice.sudo()._message_receive_bounce(partner.email, partner)

    def test_sent_in_the_window_and_once(self):
        contract = self.consumer()
        self.job("2026-01-01")
        notice = contract.notice_ids
        self.assertEqual(
            (notice.window_start, notice.window_end, notice.deadline),
            (date(2026, 7, 31), date(2026, 9, 30), date(2026, 10, 31)),
        )
        self.job("2026-07-30")
        self.assertEqual(notice.state, "planned")
        self.job("2026-07-31")
        self.assertEqual(notice.state, "leaving", "not sent before a mail server has taken it")
        self.leave("2026-08-01")
        self.assertEqual((notice.state, str(notice.sent_on)[:10]), ("sent", "2026-08-01"))
        self.assertIn("customer@example.com", notice.email)
        self.assertIn("10/31/2026", notice.message_id.body)
        self.assertEqual(len(self._mails), 1)
        self.job("2026-08-02")
        self.leave("2026-08-02")
        self.assertFalse(self._mails, "once")
        with self.on("2027-01-01"):
            self.assertFalse(contract.is_free_to_leave)
        self.job("2027-01-01")
        self.assertEqual(len(contract.notice_ids), 2, "each term has its own")

    def test_refused_by_the_server_it_is_tried_again(self):
        contract = self.consumer()
        self.job("2026-08-01")
        notice = contract.notice_ids
        self.leave("2026-08-01", refusal="550 no such user")
        self.assertEqual((notice.state, self.effect(notice).state), ("leaving", "waiting"))
        self.assertIn("550", contract.outbox_error)
        self.leave("2026-08-02")
        self.assertEqual((notice.state, str(notice.sent_on)[:10]), ("sent", "2026-08-02"))
        self.assertFalse(contract.outbox_error)

    def test_given_up_somebody_sends_it_again(self):
        contract = self.consumer()
        self.job("2026-08-01")
        notice = contract.notice_ids
        for day in ("2026-08-01", "2026-08-09"):
            self.leave(day, refusal="550 no such user")
        self.assertEqual((notice.state, self.effect(notice).state), ("failed", "failed"))
        self.assertIn("550", notice.failure)
        self.assertEqual(contract.activity_ids.date_deadline, date(2026, 9, 30))
        first = notice.message_id
        with self.on("2026-08-10"):
            notice.action_send()
        self.leave("2026-08-10")
        self.assertEqual((notice.state, notice.failure), ("sent", False))
        self.assertNotEqual(notice.message_id, first)
        self.assertFalse(contract.activity_ids)

    def test_without_an_address_it_does_not_leave(self):
        self.customer.email = False
        contract = self.consumer()
        self.job("2026-08-01")
        self.leave("2026-08-01")
        self.assertFalse(self._mails)
        self.assertEqual(contract.notice_ids.state, "leaving")
        self.assertIn("no e-mail address", contract.outbox_error)

    def test_R68_a_bounce_asks_for_another_try(self):
        contract = self.consumer()
        self.job("2026-08-01")
        self.leave("2026-08-01")
        notice = contract.notice_ids
        self.bounce(notice, self.customer)
        self.assertEqual((notice.state, self.effect(notice).state), ("failed", "bounced"))
        self.assertIn("customer@example.com", contract.outbox_error)
        self.assertEqual(contract.activity_ids.date_deadline, date(2026, 9, 30))

    def test_others_have_a_copy_that_proves_nothing(self):
        other = self.env["res.partner"].create({"name": "A lawyer", "email": "lawyer@example.com"})
        contract = self.consumer(contact_ids=[Command.create({"partner_id": other.id, "role": "notice"})])
        self.job("2026-08-01")
        self.leave("2026-08-01")
        notice = contract.notice_ids
        self.assertIn("customer@example.com", notice.email)
        self.assertNotIn("lawyer", notice.email)
        receivers = [address for mail in self._mails for address in mail["email_to"]]
        self.assertEqual(len(receivers), 2)
        self.assertIn("lawyer@example.com", " ".join(receivers))
        self.assertEqual(notice.state, "sent")
        self.bounce(notice, other)
        self.assertEqual((notice.state, self.effect(notice).state), ("sent", "bounced"))

    def test_a_copy_that_arrives_alone_proves_nothing(self):
        other = self.env["res.partner"].create({"name": "A lawyer", "email": "lawyer@example.com"})
        contract = self.consumer(contact_ids=[Command.create({"partner_id": other.id, "role": "notice"})])
        self.job("2026-08-01")
        self.leave("2026-08-01", refusal="550 no such user", address="customer@example.com")
        self.assertEqual(contract.notice_ids.state, "leaving")
        self.leave("2026-08-02")
        self.assertEqual(contract.notice_ids.state, "sent")
        self.assertEqual(len(self._mails), 1, "the lawyer has his copy already")

    def test_after_its_window_it_does_not_leave(self):
        contract = self.consumer()
        self.job("2026-09-30")
        notice = contract.notice_ids
        self.leave("2026-09-30", refusal="421 come back later")
        self.job("2026-10-01")
        self.leave("2026-10-01")
        self.assertFalse(self._mails)
        self.assertEqual((notice.state, self.effect(notice).state), ("missed", "cancelled"))

    def test_R20_a_copy_tells_nobody(self):
        contract = self.consumer()
        self.job("2026-08-01")
        self.engine.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "a copy")
        self.leave("2026-08-01")
        self.assertFalse(self._mails)
        self.assertEqual((contract.notice_ids.state, self.effect(contract.notice_ids).tries), ("leaving", 0))

    def test_missed_it_frees_the_customer(self):
        contract = self.consumer(exit_fee="fixed", exit_fee_amount=50.0)
        self._bill(contract, "2026-01-01")
        self.engine.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "a copy")
        self.job("2026-08-01")
        self.assertFalse(contract.notice_ids, "a copy of the database tells nobody")
        self.engine._arm()
        self.job("2026-10-01")
        self.assertEqual(contract.notice_ids.state, "missed")
        with self.on("2026-11-15"):
            self.assertFalse(contract.is_free_to_leave, "the present term binds")
            self.assertEqual(contract._exit_fee(self._day("2026-11-20")), 50)
        with self.on("2027-01-01"):
            contract.invalidate_recordset()
            self.assertTrue(contract.is_free_to_leave)
            self.assertEqual(contract._exit_fee(self._day("2027-01-11")), 0)
            self._bill(contract, "2027-01-01")
            note = contract._close(self._day("2027-01-11"), self.reason, credit="prorata", with_fee=True)
            self.assertEqual(note.amount_untaxed, 67.74)

    def test_outside_its_window_it_is_not_sent(self):
        contract = self.consumer()
        self.job("2026-01-01")
        with self.assertRaisesRegex(UserError, "can be sent from"):
            contract.notice_ids.action_send()

    def test_professionals_are_told_as_agreed(self):
        told = self._contract(commitment=12, notice=2, notice_reminder_days=20)
        untold = self._contract(commitment=12, notice=2)
        self.job("2026-10-11")
        self.assertEqual(told.notice_ids.state, "leaving")
        self.assertFalse(untold.notice_ids)
        self.job("2026-11-01")
        self.assertFalse(untold.is_free_to_leave)

    def test_an_ended_contract_needs_no_notice(self):
        contract = self.consumer()
        self.job("2026-01-01")
        contract._close(self._day("2027-01-01"), self.reason)
        self.job("2026-08-01")
        self.assertFalse(contract.notice_ids)
