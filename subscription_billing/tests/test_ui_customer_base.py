from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestUiCustomerBase(SubscriptionCommon, HttpCase):
    """Contacts, tags, imports and the summary, in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            "base_manager",
            groups="subscription_billing.group_subscription_manager",
            lang="en_US",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )

    def test_contact_and_summary(self):
        accountant = self.env["res.partner"].create({"name": "Tour accountant", "email": "accountant@example.com"})
        contract = self._contract(user_id=self.manager.id)
        self.start_tour(f"/odoo/subscriptions/{contract.id}", "subscription_contact_and_summary", login="base_manager")
        self.assertEqual(contract._recipients("invoice"), accountant)
        self.assertTrue(contract.access_token)

    def test_tag_by_rule(self):
        contract = self._contract(user_id=self.manager.id)
        tag = self.env["subscription.tag"].create({"name": "Large", "domain": '[("mrr", ">=", 100)]'})
        action = self.env.ref("subscription_billing.action_subscription_tag")
        self.start_tour(f"/odoo/action-{action.id}/{tag.id}", "subscription_tag_by_rule", login="base_manager")
        self.assertEqual(contract.tag_ids, tag)

    def test_imported_contracts_are_activated_together(self):
        imported = self.env["subscription.contract"].with_context(import_file=True)
        values = {"partner_id": self.customer.id, "plan_id": self.plan.id, "date_start": "2026-01-01"}
        lines = {"line_ids": [Command.create({"product_id": self.hosting.id})]}
        contracts = imported.create([{**values, **lines, "billed_until": "2026-01-31"} for _number in range(2)])
        self.start_tour("/odoo/subscriptions", "subscription_activate_imported", login="base_manager")
        self.assertEqual(set(contracts.mapped("state")), {"active"})
