import logging
from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import DeadlockDetected, ExclusionViolation, SerializationFailure, UniqueViolation

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..models import subscription_engine_cron
from .common import SubscriptionCommon

CRON_LOGGER = "odoo.addons.subscription_billing.models.subscription_engine_cron"


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 10:00:00")
class TestIsolation(CronMixinCase, SubscriptionCommon):
    """One bad contract delays nobody, and somebody knows about it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def _cron(self, **options):
        """The unattended run, on a cursor of its own."""
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID)["subscription.engine"]._cron_bill(**options)

    def _contracts(self, count, **values):
        contracts = [self._contract(date_start="2026-06-01", **values) for _number in range(count)]
        return self.env["subscription.contract"].union(*contracts)

    def _poison(self, contract):
        """Let the contract sell a product that nobody may sell any more."""
        product = self._product("Forbidden", 10.0)
        contract.line_ids.with_context(contract._locked().env.context).product_id = product
        product.active = False
        return product

    def _gaps(self):
        return self.env["subscription.gap"].search([("company_id", "=", self.env.company.id)])

    # isolation

    @mute_logger(CRON_LOGGER)
    def test_poison_at_each_position(self):
        contracts = self._contracts(9)
        for position, poisoned in enumerate(contracts):
            with self.subTest(position=position), self.env.cr.savepoint() as savepoint:
                self._poison(poisoned)
                self._cron()
                self.assertEqual(contracts.filtered("invoice_ids"), contracts - poisoned)
                self.assertEqual(self._gaps().contract_id, poisoned)
                self.assertIn("Forbidden", poisoned.billing_error)
                savepoint.rollback()

    @mute_logger(CRON_LOGGER)
    def test_first_and_last_of_several_batches(self):
        contracts = self._contracts(9)
        self._poison(contracts[0])
        self._poison(contracts[-1])
        self._cron(batch_size=2)
        self.assertEqual(contracts.filtered("invoice_ids"), contracts[1:-1])
        self.assertEqual(self._gaps().contract_id, contracts[0] | contracts[-1])

    @mute_logger(CRON_LOGGER)
    def test_invoice_group_is_parked_whole(self):
        pair = self._contracts(2, invoice_grouping="customer")
        other = self._contract(
            date_start="2026-06-01", partner_id=self.env["res.partner"].create({"name": "Another one"}).id
        )
        self._poison(pair[0])
        self._cron(batch_size=1)
        self.assertEqual((pair | other).filtered("invoice_ids"), other)
        self.assertTrue(all(pair.mapped("billing_error")), "half of a common invoice would be wrong")

    def test_fault_of_the_program_is_not_told_as_the_users(self):
        contracts = self._contracts(3)
        broken = contracts[1].id
        describe = type(self.engine)._describe

        def fail_for_one(engine, charge):
            return 1 / 0 if charge.contract.id == broken else describe(engine, charge)

        with patch.object(type(self.engine), "_describe", fail_for_one), self.assertLogs(CRON_LOGGER) as logs:
            self._cron()
        self.assertIn("Traceback", logs.output[0])
        self.assertIn("ZeroDivisionError", contracts[1].billing_error)
        self.assertIn("server's log", contracts[1].billing_error)
        self.assertEqual(len(contracts.filtered("invoice_ids")), 2)

    def test_R18_no_memory_is_nobody_s_fault(self):
        contracts = self._contracts(2)
        with patch.object(type(self.engine), "_write_charges", side_effect=MemoryError), self.assertRaises(MemoryError):
            self._cron()
        self.assertFalse(any(contracts.mapped("billing_error")))

    # parking

    @mute_logger(CRON_LOGGER)
    def test_R11_parked_with_reason_activity_and_next_attempt(self):
        contract = self._contract(date_start="2026-06-01")
        product = self._poison(contract)
        self._cron()
        self.assertEqual(contract.next_attempt, datetime(2026, 6, 16, 10))
        self.assertEqual(contract.activity_ids.user_id, contract.user_id)
        self.assertIn("Forbidden", contract.activity_ids.note)

        self.hosting.active = False
        self._cron()
        self.assertEqual(contract.next_attempt, datetime(2026, 6, 16, 10), "not before its time")

        with freeze_time("2026-06-16 10:00:00"):
            contract.line_ids.with_context(contract._locked().env.context).product_id = self.hosting
            self._cron()
            self.assertEqual(len(contract.activity_ids), 1)
            self.assertIn("Hosting", contract.activity_ids.note, "the last reason")

        (product | self.hosting).active = True
        with freeze_time("2026-06-17 10:00:00"):
            self._cron()
        self.assertFalse(contract.billing_error or contract.next_attempt or contract.activity_ids)
        self.assertEqual(len(contract.invoice_ids), 1)
        self.assertFalse(self._gaps())

    @mute_logger(CRON_LOGGER)
    def test_manager_is_told_when_the_salesperson_left(self):
        left = self.env["res.users"].create({"name": "Gone", "login": "gone", "active": False})
        contract = self._contract(date_start="2026-06-01", user_id=left.id)
        self._poison(contract)
        self._cron()
        manager = contract.activity_ids.user_id
        self.assertTrue(manager.has_group("subscription_billing.group_subscription_manager"))
        self.assertIn(contract.company_id, manager.company_ids)

    @mute_logger(CRON_LOGGER)
    def test_parking_survives_an_activity_that_cannot_be_made(self):
        contracts = self._contracts(3)
        self._poison(contracts[0])
        self._poison(contracts[1])
        with patch.object(type(contracts), "_activity_to_bill", side_effect=UserError("No mail server")):
            self._cron()
        self.assertTrue(all(contracts[:2].mapped("billing_error")))
        self.assertTrue(contracts[2].invoice_ids)

    def test_reason_without_characters_that_no_database_stores(self):
        self.assertNotIn("\0", self.engine._in_words(ValueError("A string with \0 in it")))

    # bounds

    @mute_logger(CRON_LOGGER)
    def test_R26_thirteen_periods_at_once_wait_for_a_person(self):
        contract = self._contract(date_start="2025-06-01")
        self._cron()
        self.assertFalse(contract.invoice_ids)
        self.assertIn("13 periods", contract.billing_error)
        self._bill(contract, "2026-06-15")
        self.assertEqual(len(contract.invoice_ids), 13)
        self.assertFalse(contract.billing_error)

    def test_twelve_periods_are_billed(self):
        contract = self._contract(date_start="2025-07-01")
        self._cron()
        self.assertEqual(len(contract.invoice_ids), 12)

    def test_R12_too_many_failures_stop_the_run(self):
        contracts = self._contracts(8)
        for contract in contracts[:6]:
            self._poison(contract)
        with (
            patch.object(subscription_engine_cron, "MAX_FAILURES", 4),
            patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=100) as progress,
            self.assertLogs(CRON_LOGGER, logging.CRITICAL) as logs,
        ):
            self._cron(batch_size=2)
        self.assertIn("the run stops", logs.output[0])
        self.assertEqual(progress.call_args.kwargs["remaining"], 0, "else the scheduler starts it again at once")
        self.assertEqual(sum(map(bool, contracts.mapped("billing_error"))), 4)
        self.assertFalse(contracts.invoice_ids)

        with (
            patch.object(subscription_engine_cron, "MAX_FAILURES", 4),
            freeze_time("2026-06-15 11:30:00"),
            mute_logger(CRON_LOGGER),
        ):
            self._cron(batch_size=2)
        self.assertEqual(contracts.filtered("invoice_ids"), contracts[6:], "an hour later the others are served")

    def test_R13_run_yields_and_goes_on_at_once(self):
        contracts = self._contracts(3)
        with (
            patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=0),
            self.capture_triggers("subscription_billing.ir_cron_bill") as triggers,
        ):
            self._cron(batch_size=1)
            self.assertEqual(len(contracts.filtered("invoice_ids")), 1)
            self.assertEqual(len(triggers.records), 1)
            self._cron(batch_size=1)
            self._cron(batch_size=1)
        self.assertEqual(len(contracts.filtered("invoice_ids")), 3)
        self.assertEqual(len(triggers.records), 2, "nothing remains after the third")

    def test_R06_R07_R08_lost_race_is_run_again(self):
        """Somebody was faster, waits for us too, or has billed the same days."""
        write = type(self.engine)._write_charges
        for error in (SerializationFailure, DeadlockDetected, ExclusionViolation, UniqueViolation):
            contracts, left = self._contracts(2), [3]

            def lose_some(engine, *args, error=error, left=left):
                if left[0]:
                    left[0] -= 1
                    raise error("somebody was faster")
                return write(engine, *args)

            with self.subTest(error=error.__name__), patch.object(type(self.engine), "_write_charges", lose_some):
                self._cron()
                self.assertEqual(len(contracts.invoice_ids), 2)
                self.assertFalse(any(contracts.mapped("billing_error")))

    def test_lost_races_without_end_are_left_for_the_next_run(self):
        contracts = self._contracts(2)
        busy = contracts[0].id
        write = type(self.engine)._write_charges

        def lose_for_one(engine, contracts, *args):
            if busy in contracts.ids:
                raise SerializationFailure("somebody was faster")
            return write(engine, contracts, *args)

        with patch.object(type(self.engine), "_write_charges", lose_for_one):
            self._cron()
        self.assertEqual(contracts.filtered("invoice_ids"), contracts[1])
        self.assertFalse(contracts[0].billing_error)
        self.assertEqual(self._gaps().mapped("reason"), ["waiting"])

    # whether to run at all

    def test_unarmed_database(self):
        contract = self._contract(date_start="2026-06-01")
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "another database")
        with self.assertLogs(CRON_LOGGER, logging.CRITICAL) as logs:
            self._cron()
        self.assertIn("never armed", logs.output[0])
        self.assertFalse(contract.invoice_ids)

    def test_arming_is_bound_to_uuid_name_and_oid(self):
        self.env.cr.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        [oid] = self.env.cr.fetchone()
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        self.assertEqual(self.engine._fingerprint(), f"{uuid}/{self.env.cr.dbname}/{oid}")
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "that of a duplicate")
        self.assertFalse(self.engine._is_armed())

    def test_clocks_that_differ(self):
        contract = self._contract(date_start="2026-06-01")
        with (
            patch.object(type(self.engine), "_clock_skew", return_value=timedelta(minutes=6)),
            self.assertLogs(CRON_LOGGER, logging.CRITICAL) as logs,
        ):
            self._cron()
        self.assertIn("clocks", logs.output[0])
        self.assertFalse(contract.invoice_ids)

    def test_missing_constraint(self):
        contract = self._contract(date_start="2026-06-01")
        self.env.cr.execute("ALTER TABLE subscription_period DROP CONSTRAINT subscription_period_billed_once")
        with self.assertLogs(CRON_LOGGER, logging.CRITICAL) as logs:
            self._cron()
        self.assertIn("subscription_period_billed_once", logs.output[0])
        self.assertFalse(contract.invoice_ids or contract.billing_error)

    # closing

    def test_planned_end_closes(self):
        contract = self._contract(date_start="2026-06-01")
        contract._close(self._day("2026-06-20"))
        self._cron()
        self.assertEqual(contract.state, "active")
        with freeze_time("2026-06-20 10:00:00"):
            self._cron()
        self.assertEqual(contract.state, "closed")

    @mute_logger(CRON_LOGGER)
    def test_closing_that_fails_stops_no_billing(self):
        ended, contract = self._contract(date_start="2026-05-01"), self._contract(date_start="2026-06-01")
        ended._close(self._day("2026-06-20"))
        with (
            freeze_time("2026-06-20 10:00:00"),
            patch.object(type(contract), "_compute_stage_id", side_effect=UserError("No stage")),
        ):
            self._cron()
        self.assertEqual(ended.state, "active")
        self.assertTrue(contract.invoice_ids and ended.invoice_ids)


@tagged("post_install", "-at_install")
class TestClocks(SubscriptionCommon):
    """The database's clock is real here, Python's is moved."""

    def test_skew_is_seen_both_ways(self):
        now = self.env.cr.now()
        for minutes, is_refused in ((-6, True), (-4, False), (4, False), (6, True), (2 * 24 * 60, True)):
            with self.subTest(minutes=minutes), freeze_time(now + timedelta(minutes=minutes)):
                self.assertEqual("clocks" in self.engine._obstacle(), is_refused)

    def test_day_is_the_database_s(self):
        today = self.env.company._subscription_today()
        with freeze_time("2031-01-01"):
            self.assertEqual(self.env.company._subscription_today(), today)
