from odoo import fields
from odoo.modules import get_manifest
from odoo.tests import freeze_time, tagged
from odoo.tools import convert_file

from .common import SubscriptionCommon

# month ends, a leap day, both ends of a year: the demo's dates are relative to today
DAYS = ("2026-01-01", "2026-01-31", "2027-03-31", "2028-02-29", "2026-12-31")


@tagged("post_install", "-at_install")
class TestUiDemo(SubscriptionCommon):
    """The demo company bills without a fault, whatever the day it is installed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def test_demo_bills_on_any_day(self):
        if self.env.ref("subscription_billing.contract_bakery", raise_if_not_found=False):
            self.skipTest("demo data is loaded")
        for day in DAYS:
            with self.subTest(day=day), freeze_time(day), self.env.cr.savepoint() as savepoint:
                self._assert_bills(fields.Date.to_date(day))
                savepoint.rollback()
            self.env.invalidate_all()
            self.registry.clear_cache()

    def _assert_bills(self, today):
        for path in get_manifest("subscription_billing")["demo"]:
            convert_file(self.env, "subscription_billing", path, {}, mode="init", noupdate=True)
        contracts = self.env["subscription.contract"].search([("partner_id.name", "=like", "Client Exemple%")])
        running = contracts.filtered(lambda contract: contract.state != "draft")
        self.assertEqual((len(contracts), len(running)), (16, 15))
        for contract in running:
            self.engine._bounded(self.engine._preview(contract, today))
            self.engine._bill(contract, today)
        self.assertFalse(self.env["subscription.gap"].search([("contract_id", "in", contracts.ids)]))
        bookshop = self.env.ref("subscription_billing.contract_bookshop")
        self.assertEqual(bookshop.anchor_date.day, 31)
        traffic = self.env.ref("subscription_billing.line_shop_traffic").chain_id
        billed = self.env["subscription.period"].search([("chain_id", "=", traffic.id)], order="date_start")
        self.assertEqual(billed.mapped("amount_invoiced"), [21.2, 0.0, 59.2])
        self.assertFalse(self.env["subscription.period"].search([("date_start", "<", "2020-01-01")]))
