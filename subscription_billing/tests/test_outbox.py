import errno
from datetime import timedelta
from unittest.mock import MagicMock, patch

from psycopg2.errors import UniqueViolation

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tests.test_cursor import TestCursor as RegistryCursor
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase
from odoo.addons.mail.tests.common import MockEmail

from .common import SubscriptionCommon

CRON = "subscription_billing.ir_cron_outbox"
ATTACHMENTS = "odoo.addons.base.models.ir_attachment"
WORK_LOGGER = "odoo.addons.subscription_billing.models.subscription_outbox_work"


@freeze_time("2026-06-15 10:00:00")
class OutboxCommon(CronMixinCase, MockEmail, SubscriptionCommon):
    """The worker of the outbox, by a clock that tests move."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clock = fields.Datetime.to_datetime("2026-06-15 10:00:00")
        for cursor in (type(cls.env.cr), RegistryCursor):
            cls.enterClassContext(patch.object(cursor, "now", lambda cursor: cls.clock))
        cls.customer.email = "customer@example.com"

    def setUp(self):
        super().setUp()
        self.outbox = self.env["subscription.outbox"]
        self.addCleanup(setattr, type(self), "clock", self.clock)

    def _later(self, **duration):
        """Move the clock of the transaction."""
        type(self).clock = self.clock + timedelta(**duration)

    def _work(self):
        """The worker, on a cursor of its own."""
        with self.mock_mail_gateway(), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID)["subscription.outbox"]._cron_work()
        self.env.invalidate_all()

    def _sent(self, **values):
        """An invoice of a contract whose invoices leave by mail."""
        return self._bill(self._contract(invoicing_mode="post_send", **values), "2026-01-01")


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestOutbox(OutboxCommon):
    """What has to leave is asked once, done after commit, and shown while it has not arrived."""

    def _effects(self, move):
        return self.outbox.search([("move_id", "=", move.id)])

    # asking

    def test_posting_asks_and_wakes_the_worker(self):
        with self.capture_triggers(CRON) as captured:
            move = self._sent()
        self.assertEqual(len(captured.records), 1)
        effect = self._effects(move)
        self.assertEqual(
            (effect.kind, effect.state, effect.contract_ids), ("send", "waiting", move.subscription_contract_ids)
        )
        self.assertFalse(move.is_move_sent or move.sending_data, "nothing leaves before the commit")

    def test_a_draft_posted_by_hand_leaves_like_any_other(self):
        contract = self._contract(invoicing_mode="draft")
        move = self._bill(contract, "2026-01-01")
        contract.invoicing_mode = "post_send"
        self.assertFalse(self._effects(move))
        move.action_post()
        self.assertEqual(self._effects(move).kind, "send")

    def test_what_is_only_posted_does_not_leave(self):
        for mode in ("draft", "post"):
            move = self._bill(self._contract(invoicing_mode=mode), "2026-01-01")
            move.filtered(lambda move: move.state == "draft").action_post()
            self.assertFalse(self._effects(move))

    def test_asking_twice_is_asking_once(self):
        move = self._sent()
        self.outbox._queue("send", move)
        self.assertEqual(len(self._effects(move)), 1)
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.outbox.sudo().create({"kind": "send", "key": f"send:{move.id}", "move_id": move.id})

    def test_an_invoice_back_in_draft_does_not_leave(self):
        move = self._sent()
        move.button_draft()
        self._work()
        self.assertEqual(self._effects(move).state, "cancelled")
        move.action_post()
        self.assertEqual(self._effects(move).state, "waiting", "posted again it is asked again")
        self._work()
        self.assertEqual(self._effects(move).state, "done")

    # doing

    def test_one_mail_with_its_document(self):
        move = self._sent()
        self._work()
        effect = self._effects(move)
        self.assertEqual((effect.state, effect.tries, effect.done_on), ("done", 1, self.clock))
        self.assertTrue(effect.message_id.attachment_ids and move.is_move_sent)
        self.assertEqual(effect.message_id.notification_ids.mapped("notification_status"), ["sent"])
        messages = move.message_ids
        self._later(days=1)
        self._work()
        self.assertEqual(move.message_ids, messages)

    def test_what_a_person_sent_meanwhile_is_not_sent_again(self):
        move = self._sent()
        with self.mock_mail_gateway():
            self.env["account.move.send"]._generate_and_send_invoices(move)
        messages = move.message_ids
        self._work()
        self.assertEqual((self._effects(move).state, move.message_ids), ("done", messages))

    def test_without_address_it_waits_and_says_so(self):
        self.customer.email = False
        move = self._sent()
        self._work()
        effect = self._effects(move)
        self.assertEqual((effect.state, effect.next_attempt), ("waiting", self.clock + timedelta(minutes=5)))
        self.assertIn("e-mail", effect.last_error)
        self.assertIn(effect.last_error, effect.contract_ids.outbox_error)
        self.assertIn(effect.last_error, move.subscription_contract_outbox_error)
        self.customer.email = "found@example.com"
        self._later(minutes=4)
        self._work()
        self.assertEqual(effect.tries, 1, "not before its time")
        self._later(minutes=2)
        self._work()
        self.assertEqual((effect.state, effect.last_error), ("done", False))
        self.assertFalse(effect.contract_ids.outbox_error)

    def test_by_hand_means_no_mail(self):
        self.customer.with_company(self.env.company).invoice_sending_method = "manual"
        move = self._sent()
        self._work()
        self.assertEqual((self._effects(move).state, self._effects(move).message_id.id), ("done", False))

    @mute_logger(WORK_LOGGER)
    def test_one_that_fails_does_not_stop_the_others(self):
        moves = self._sent() | self._sent() | self._sent()
        path = type(self.env["account.move.send"])
        original = path._generate_and_send_invoices

        def poisoned(sending, documents, **options):
            if documents == moves[1]:
                raise ZeroDivisionError("poison")
            return original(sending, documents, **options)

        with patch.object(path, "_generate_and_send_invoices", poisoned):
            self._work()
        self.assertEqual([self._effects(move).state for move in moves], ["done", "waiting", "done"])
        self.assertIn("poison", self._effects(moves[1]).last_error)

    @mute_logger(WORK_LOGGER)
    def test_given_up_after_a_week_and_somebody_knows(self):
        self.customer.email = False
        effect = self._effects(self._sent())
        for _day in range(8):
            self._work()
            self._later(days=1)
        self.assertEqual(effect.state, "failed")
        [todo] = effect.contract_ids.activity_ids
        self.assertIn("e-mail", todo.note)
        self.customer.email = "found@example.com"
        effect.action_try_again()
        self._work()
        self.assertEqual(effect.state, "done")
        self.assertFalse(effect.contract_ids.activity_ids)

    # a full disk

    @mute_logger(WORK_LOGGER, "odoo.addons.base.models.ir_attachment")
    def test_R17_disk_full_while_the_document_is_written(self):
        move = self._sent()
        with patch(f"{ATTACHMENTS}.open", self._open_on_a_full_disk, create=True):
            self._work()
        effect = self._effects(move)
        self.assertEqual((move.state, effect.state, effect.tries), ("posted", "waiting", 1))
        self.assertIn("No space left", effect.last_error)
        self._later(minutes=6)
        self._work()
        self.assertEqual((effect.state, move.is_move_sent), ("done", True))

    def _open_on_a_full_disk(self, path, mode, *args, **kwargs):
        """As ``open``, but what is written stops half-way."""
        file = open(path, mode, *args, **kwargs)  # noqa: SIM115  whoever asked closes it
        if mode != "wb":
            return file

        def write(content):
            file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")

        torn = MagicMock()
        torn.__enter__.return_value.write = write
        torn.__exit__ = lambda *failure: file.close()
        return torn

    def test_R17_a_file_that_was_cut_short_is_written_anew(self):
        content = b"An invoice, written once and for all " * 9
        attachments = self.env["ir.attachment"]
        first = attachments.create({"name": "first", "raw": content})
        path = attachments._full_path(first.store_fname)
        with open(path, "r+b") as file:
            file.truncate(40)
        second = attachments.create({"name": "second", "raw": content})
        attachments.invalidate_model()
        self.assertEqual((first.raw, second.raw), (content, content))

    # arming

    @mute_logger(WORK_LOGGER)
    def test_R20_a_copy_sends_nothing(self):
        effect = self._effects(self._sent())
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "elsewhere")
        self._work()
        self.assertEqual((effect.state, effect.tries), ("waiting", 0))

    def test_R20_arming_a_copy_leaves_what_waited_to_a_person(self):
        effect = self._effects(self._sent())
        self.engine._arm()
        self.assertEqual(effect.state, "waiting", "armed already")
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "elsewhere")
        self.engine._arm()
        self.assertEqual(effect.state, "held")
        self._work()
        self.assertEqual(effect.tries, 0)
        effect.action_try_again()
        self._work()
        self.assertEqual(effect.state, "done")

    # people

    def test_settled_another_way(self):
        self.customer.email = False
        effect = self._effects(self._sent())
        self._work()
        effect.action_settle()
        self._later(days=1)
        self._work()
        self.assertEqual((effect.state, effect.tries), ("cancelled", 1))
        with self.assertRaisesRegex(UserError, "settled already"):
            effect.action_try_again()

    def test_only_accounting_or_a_manager_decides(self):
        sales = new_test_user(self.env, "outbox_sales", groups="subscription_billing.group_subscription_user")
        accountant = new_test_user(self.env, "outbox_acc", groups="base.group_user,account.group_account_invoice")
        (sales | accountant).write({"company_ids": [self.env.company.id], "company_id": self.env.company.id})
        effect = self._effects(self._sent(user_id=sales.id))
        for method in ("action_try_again", "action_settle"):
            with self.assertRaises(AccessError):
                getattr(effect.with_user(sales), method)()
        effect.with_user(accountant).action_settle()
        self.assertEqual(effect.state, "cancelled")
