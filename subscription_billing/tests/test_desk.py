from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from .test_run import TODAY, RunCommon


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestDesk(RunCommon):
    """The first page: when billing ran, what it billed, what waits and why."""

    def _figures(self, user=None):
        return self.env["subscription.desk"].with_user(user or self.env.user).with_company(self.env.company).figures()

    def _tile(self, name, user=None):
        tiles = {tile["id"]: tile for section in self._figures(user)["sections"] for tile in section["tiles"]}
        return tiles.get(name)

    def assertTile(self, name, value, *details):
        """The number, its reasons, and as many records behind it."""
        tile = self._tile(name)
        self.assertEqual(tile["value"], value)
        for detail in details:
            self.assertIn(detail, tile["details"])
        action = tile["action"]
        self.assertEqual(self.env[action["res_model"]].search_count(action["domain"]), value)

    def test_when_it_ran_and_runs(self):
        cron = self.env.ref("subscription_billing.ir_cron_bill").sudo()
        cron.write({"lastcall": "2026-06-15 08:00:00", "nextcall": "2026-06-15 09:00:00"})
        clock = self._figures()["clock"]
        self.assertIn("6/15/26", clock["last"])
        self.assertIn("6/15/26", clock["next"])
        self.assertNotEqual(clock["last"], clock["next"])
        cron.active = False
        figures = self._figures()
        self.assertEqual(figures["clock"]["next"], "never")
        self.assertEqual([alert["id"] for alert in figures["alerts"]], ["cron"])

    def test_a_disarmed_database_says_so(self):
        self.assertFalse(self._figures()["alerts"])
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "elsewhere")
        [alert] = self._figures()["alerts"]
        self.assertEqual((alert["id"], alert["method"]), ("not_armed", "action_arm_billing"))
        accountant = new_test_user(self.env, "desk_accountant", groups="base.group_user,account.group_account_invoice")
        [alert] = self._figures(accountant)["alerts"]
        self.assertFalse(alert["method"], "only a manager arms")

    def test_a_missing_guard_says_so(self):
        self.env.cr.execute("ALTER TABLE subscription_period DROP CONSTRAINT subscription_period_billed_once")
        [alert] = self._figures()["alerts"]
        self.assertIn("subscription_period_billed_once", alert["text"])

    def test_what_was_billed(self):
        self.plan.invoicing_mode = "post"
        self._bill(self._june(), TODAY)
        self._bill(self._june(self.support), TODAY)
        amount = "$\N{NO-BREAK SPACE}130.00 untaxed"
        self.assertTile("billed_day", 2, amount)
        self.assertTile("billed_month", 2, amount)

    def test_drafts_wait(self):
        self._bill(self._june(), TODAY)
        self.assertTile("drafts", 1, "$\N{NO-BREAK SPACE}100.00 untaxed")
        self.assertTile("billed_day", 0)

    def test_parked_with_reasons(self):
        for index, reason in enumerate(["No journal", "No journal", "No tax\nand no account"]):
            self._june(client_order_ref=str(index))._park(reason, fields.Datetime.to_datetime("2026-06-16"))
        self.assertTile("parked", 3, "2 × No journal", "1 × No tax")

    def test_excluded_with_reasons(self):
        self._june()
        run = self._run()
        run.proposal_ids._exclude(self._day("2026-07-01"), "Purchase order missing")
        self.assertTile("set_aside", 1, "Purchase order missing")

    def test_held_periods(self):
        contract = self._june()
        move = self._bill(contract, TODAY)
        move.button_cancel()
        self.assertTile("held", 1)
        self.assertIn(move.display_name, self._tile("held")["details"][0])

    def test_what_did_not_arrive(self):
        move = self._bill(self._june(), TODAY)
        self.env["subscription.outbox"]._queue("send", move)._end("bounced", "No such mailbox")
        self.assertTile("undelivered", 1, "1 × No such mailbox")

    def test_runs_to_review(self):
        self._june()
        run = self._run()
        self.assertTile("runs", 1, f"{run.name}: 1 to approve, 0 blocked")

    def test_gaps(self):
        contract = self._june()
        contract._park("No journal", fields.Datetime.to_datetime("2026-06-16"))
        self.assertTile("gaps", 1)

    def test_to_come(self):
        self._june(), self._contract(date_start="2026-06-20")
        self.assertTile("due", 1)
        self.assertTile("due_week", 1)
        self.assertTrue(self._tile("calendar")["action"])

    def test_roles(self):
        sales = new_test_user(self.env, "desk_sales", groups="subscription_billing.group_subscription_user")
        auditor = new_test_user(self.env, "desk_auditor", groups="base.group_user,account.group_account_readonly")
        nobody = new_test_user(self.env, "desk_nobody", groups="base.group_user")
        for user in (sales, auditor, nobody):
            user.write({"company_ids": [Command.set(self.env.company.ids)], "company_id": self.env.company.id})
        self._june(user_id=sales.id), self._june()
        self.assertEqual(self._tile("due", sales)["value"], 1, "own contracts")
        self.assertEqual(self._tile("due", auditor)["value"], 2)
        self.assertTrue(self._figures(sales)["may_run"])
        self.assertFalse(self._figures(auditor)["may_run"])
        with self.assertRaises(AccessError):
            self._figures(nobody)
