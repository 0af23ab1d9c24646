from unittest.mock import patch

from odoo import SUPERUSER_ID, Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase
from odoo.addons.mail.tests.common import MailCase
from odoo.addons.subscription_billing.tests.common import SubscriptionCommon

JOB = "base_automation.ir_cron_data_base_automation_check"


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 10:00:00")
class TestAutomation(CronMixinCase, SubscriptionCommon, MailCase):
    """What a manager switches on happens, once, to whom it concerns, and slows nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={"lang": "en_US"})
        cls._follow_frozen_clock()
        cls.customer.email = "customer@example.com"
        cls.seller = new_test_user(cls.env, "automation_seller", groups="subscription_billing.group_subscription_user")
        cls.manager = new_test_user(
            cls.env, "automation_manager", groups="subscription_billing.group_subscription_manager"
        )

    @classmethod
    def _contract(cls, *lines, **values):
        return super()._contract(*lines, **{"user_id": cls.seller.id, **values}).with_env(cls.env)

    def _rule(self, name, **values):
        """A ready-made rule as a manager switches it on."""
        rule = self.env.ref(f"subscription_automation.automation_{name}")
        rule.with_user(self.manager).write({"active": True, **values})
        return rule

    def _job(self):
        """Odoo's own scheduled action, on a cursor of its own."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID)["base.automation"]._cron_process_time_based_actions()
        self.env.invalidate_all()

    def _tasks(self, contract, rule):
        return contract.activity_ids.filtered(lambda activity: activity.summary == rule.activity_summary)

    def _overdue(self, contract, day="2026-05-01"):
        with freeze_time(day):
            return self._bill(contract, day)

    def _turn_bad(self, contract):
        contract._park("No journal", self.env.cr.now())
        contract._judge()

    # each kind

    def test_red_flag(self):
        rule, contract, other = self._rule("red_flag"), self._contract(), self._contract()
        self._turn_bad(contract)
        self._job()
        task = self._tasks(contract, rule)
        self.assertEqual((task.user_id, str(task.date_deadline)), (self.seller, "2026-06-16"))
        self.assertFalse(self._tasks(other, rule))

    def test_one_task_for_one_red_flag(self):
        rule, contract = self._rule("red_flag"), self._contract()
        self._turn_bad(contract)
        self._job()
        self._job()
        self.assertEqual(len(self._tasks(contract, rule)), 1)
        contract._unpark()
        contract._judge()
        self._job()
        self._turn_bad(contract)
        self._job()
        self.assertEqual(len(self._tasks(contract, rule)), 2, "it turned red again")

    def test_deadline(self):
        rule = self._rule("deadline", days=10, user_id=self.manager.id)
        soon, later, gone, leaving = (self._contract(renewal="tacit") for _number in range(4))
        for contract, day in (
            (soon, "2026-06-25"),
            (later, "2026-06-26"),
            (gone, "2026-06-14"),
            (leaving, "2026-06-20"),
        ):
            contract.write({"notice": 0, "term_end": day})
        self.assertEqual(str(soon.notice_deadline), "2026-06-25")
        leaving._close(self._day("2026-06-30"))
        with self.mock_mail_gateway(mail_unlink_sent=False):
            self._job()
        self.assertEqual(self._tasks(soon, rule).user_id, self.manager)
        self.assertFalse(self._tasks(later | gone | leaving, rule))
        mails = self.env["mail.mail"].sudo().search([("subject", "like", "your decision before")])
        self.assertEqual([mail.recipient_ids for mail in mails], [self.customer])
        self.assertIn(soon.name, mails.subject)

    def test_overdue(self):
        rule = self._rule("overdue", days=30)
        late, not_yet = self._contract(date_start="2026-05-01"), self._contract(date_start="2026-05-20")
        self._overdue(late)
        self._overdue(not_yet, "2026-05-20")
        self._job()
        self.assertEqual(len(self._tasks(late, rule)), 1)
        self.assertFalse(self._tasks(not_yet, rule))

    def test_payment_failed(self):
        rule = self._rule("payment_failed")
        failed, fine = self._contract(date_start="2026-06-01"), self._contract(date_start="2026-06-01")
        for contract, state in ((failed, "error"), (fine, "done")):
            invoice = self._bill(contract, "2026-06-01")
            self._transaction(invoice, state)
        self._job()
        self.assertEqual(len(self._tasks(failed, rule)), 1)
        self.assertFalse(self._tasks(fine, rule))

    def test_charge_declined(self):
        rule = self._rule("payment_failed", days=1)
        declined, paid, recent = (self._contract(date_start="2026-06-01") for _number in range(3))
        for contract, asked in (
            (declined, "2026-06-14 09:00:00"),
            (paid, "2026-06-14 09:00:00"),
            (recent, "2026-06-14 11:00:00"),
        ):
            invoice = self._bill(contract, "2026-06-01")
            attempt = self.env["subscription.charge.attempt"]._plan(invoice, self._day("2026-06-14"))
            attempt.sudo().write({"state": "declined", "asked_on": asked, "reason": "Insufficient funds"})
        register = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=paid.invoice_ids.ids
        )
        register.create({})._create_payments()
        self._job()
        self.assertEqual(len(self._tasks(declined, rule)), 1)
        self.assertFalse(self._tasks(paid | recent, rule))

    def _transaction(self, invoice, state):
        method = self.env["payment.method"].search([], limit=1)
        provider = self.env["payment.provider"].create(
            {"name": "Dummy", "state": "test", "payment_method_ids": [Command.set(method.ids)]}
        )
        return self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "reference": f"T-{invoice.id}",
                "amount": invoice.amount_total,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "invoice_ids": [Command.set(invoice.ids)],
                "state": state,
                "last_state_change": "2026-06-14 10:00:00",
            }
        )

    def _metered(self, used, included=100.0):
        contract = self._contract(
            {"product_id": self.traffic.id, "included_quantity": included}, date_start="2026-06-01"
        )
        self.env["subscription.usage"].create(
            {
                "contract_id": contract.id,
                "line_id": contract.line_ids.id,
                "date": "2026-06-10",
                "quantity": used,
            }
        )
        return contract

    def test_usage(self):
        rule = self._rule("usage", threshold=80)
        above, below, unlimited = self._metered(81), self._metered(80), self._metered(500, included=0)
        self._job()
        self.assertEqual(len(self._tasks(above, rule)), 1)
        self.assertFalse(self._tasks(below | unlimited, rule))
        rule.write({"threshold_unit": "quantity", "threshold": 400})
        self._job()
        self.assertEqual(len(self._tasks(unlimited, rule)), 1)

    # switches

    def test_off_does_nothing(self):
        contract = self._contract()
        self._turn_bad(contract)
        before = contract.activity_ids
        self._job()
        self.assertEqual(contract.activity_ids, before)
        rule = self._rule("red_flag")
        rule.active = False
        self._job()
        self.assertEqual(contract.activity_ids, before)

    def test_plans(self):
        other = self.plan.copy({"name": "Other"})
        rule = self._rule("red_flag", plan_ids=[Command.set(other.ids)])
        mine, theirs = self._contract(plan_id=other.id), self._contract()
        self._turn_bad(mine)
        self._turn_bad(theirs)
        self._job()
        self.assertTrue(self._tasks(mine, rule))
        self.assertFalse(self._tasks(theirs, rule))

    def test_tuning_changes_the_automation_rule_of_odoo(self):
        rule = self._rule("red_flag")
        carrier = rule.base_automation_id
        self.assertEqual((carrier.active, carrier.action_server_ids.mapped("state")), (True, ["next_activity"]))
        rule.with_user(self.manager).write({"activity_type_id": False, "days": 5})
        self.assertEqual((carrier.trg_date_range, carrier.action_server_ids.ids), (5, []))
        rule.with_user(self.manager).active = False
        self.assertFalse(carrier.active)
        rule.unlink()
        self.assertFalse(carrier.exists())

    def test_a_copy_of_the_database_acts_on_nobody(self):
        rule, contract = self._rule("red_flag"), self._contract()
        self._turn_bad(contract)
        armed = self.env["ir.config_parameter"].sudo().get_param("subscription_billing.armed")
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "elsewhere")
        self._job()
        self.assertFalse(self._tasks(contract, rule))
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", armed)
        self._job()
        self.assertTrue(self._tasks(contract, rule), "nothing is lost")

    def test_judging_wakes_the_job(self):
        self._rule("red_flag")
        with self.capture_triggers(JOB) as triggers, patch.object(type(self.env["ir.cron"]), "_commit_progress"):
            self.engine._cron_health()
        self.assertTrue(triggers.records)

    def test_what_the_engine_writes_is_not_watched(self):
        """No rule patches a method of contracts, usage or invoices."""
        for name in ("red_flag", "deadline", "overdue", "payment_failed", "usage"):
            self._rule(name)
        rules = self.env["subscription.automation"].search([])
        self.assertEqual(set(rules.base_automation_id.mapped("trigger")), {"on_time"})
        for model in ("subscription.contract", "subscription.usage", "account.move", "payment.transaction"):
            for method in ("create", "write", "_compute_field_value"):
                self.assertFalse(hasattr(getattr(type(self.env[model]), method), "origin"), (model, method))

    def test_managers_only(self):
        rule = self.env.ref("subscription_automation.automation_red_flag")
        for groups in (
            "subscription_billing.group_subscription_user_all",
            "base.group_user,account.group_account_invoice",
        ):
            user = new_test_user(self.env, f"automation_{groups[:8]}", groups=groups)
            with self.assertRaises(AccessError):
                rule.with_user(user).active = True
        rule.with_user(self.manager).copy({"name": "Another"})
