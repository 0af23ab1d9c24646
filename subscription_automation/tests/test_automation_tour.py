from odoo import SUPERUSER_ID, Command
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.subscription_billing.tests.common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestAutomationTour(SubscriptionCommon, HttpCase):
    """A manager switches a rule on, a condition comes true, and the contract says so."""

    def _job(self, model, method):
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            getattr(self.env(cr=cr, user=SUPERUSER_ID, context={})[model], method)()
        self.env.invalidate_all()

    def test_red_flag_on_the_screen(self):
        # Odoo's automation counts days in UTC: elsewhere its task comes with the next day there
        self.env.company.subscription_tz = "UTC"
        manager = new_test_user(
            self.env,
            "automation_tour",
            groups="subscription_billing.group_subscription_manager",
            lang="en_US",
            tz="Europe/Paris",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        self.env["subscription.health.rule"].create(
            {
                "name": "Wants to leave",
                "sequence": 1,
                "domain": "[('client_order_ref', 'ilike', 'leaving')]",
                "health": "bad",
                "reason": "The customer speaks of leaving",
            }
        )
        contract = self._contract(date_start=self.env.company._subscription_today(), user_id=manager.id)
        self.start_tour("/odoo/subscription-automation", "subscription_automation_switch_on", login=manager.login)
        rule = self.env.ref("subscription_automation.automation_red_flag")
        self.assertTrue(rule.active and rule.base_automation_id.active)

        url = f"/odoo/subscriptions/{contract.id}"
        self.start_tour(url, "subscription_automation_make_it_true", login=manager.login)
        self.assertEqual(contract.health, "neutral")
        self._job("subscription.engine", "_cron_health")
        self._job("base.automation", "_cron_process_time_based_actions")
        self.start_tour(url, "subscription_automation_red_flag", login=manager.login)
        self.assertEqual(contract.health, "bad")
