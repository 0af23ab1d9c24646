from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import SubscriptionCommon


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestMerge(SubscriptionCommon):
    """Two records of one customer become one: not a contract, a period or an amendment is lost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.plan.invoice_grouping = "customer"
        cls.group = cls.env["res.partner"].create({"name": "A group", "is_company": True})
        cls.duplicate = cls.env["res.partner"].create({"name": "A customer, again"})
        cls.customer.parent_id = cls.group
        cls.kept = cls._contract(date_start="2026-06-01", external_id="A-1")
        cls.moved = cls._contract(cls.support, partner_id=cls.duplicate.id, date_start="2026-05-01", external_id="A-2")
        cls.addressed = cls._contract(
            cls.support, activate=False, partner_invoice_id=cls.duplicate.id, partner_shipping_id=cls.duplicate.id
        )
        cls.engine._bill(cls.moved, cls.moved.date_start)
        cls.moved._amend(cls.moved._today(), [(cls.moved.line_ids, {"quantity": 2})])

    def _merge(self):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        with mute_logger("odoo.addons.base.wizard.base_partner_merge"):
            wizard._merge((self.customer | self.duplicate).ids, self.customer)

    def _history(self):
        self.env.invalidate_all()
        contracts = self.kept | self.moved | self.addressed
        return {
            "contracts": contracts.mapped("external_id"),
            "lines": contracts.line_ids.read(["date_start", "date_end", "quantity", "price_unit", "chain_id"]),
            "periods": contracts.period_ids.read(["date_start", "date_end", "state", "move_id", "amount_invoiced"]),
            "amendments": contracts.amendment_ids.read(["number", "kind", "date_effective"]),
            "invoices": contracts.invoice_ids.read(["name", "amount_total"]),
        }

    def test_contracts_and_history_are_kept(self):
        before = self._history()
        self._merge()
        self.assertFalse(self.duplicate.exists())
        self.assertEqual(self._history(), before)
        contracts = self.kept | self.moved | self.addressed
        for name in ("partner_id", "partner_invoice_id", "partner_shipping_id"):
            self.assertEqual(contracts[name], self.customer)
        self.assertEqual(contracts.commercial_partner_id, self.group)
        self.assertEqual(
            self.env["subscription.contract"].search([("commercial_partner_id", "=", self.group.id)]),
            contracts.sorted("id", reverse=True),
        )

    def test_contracts_say_so(self):
        told = []
        with patch.object(type(self.moved), "_on_lines_changed", lambda contract, _amendment: told.append(contract)):
            self._merge()
        self.assertEqual(told, [self.moved])
        self.assertIn("A customer, again was merged with", self.moved.message_ids[0].body)
        self.assertFalse(self.kept.message_ids.filtered(lambda message: "merged" in message.body))

    def test_billed_together_afterwards(self):
        self._merge()
        self.env["subscription.engine"]._bill(self.moved, self._day("2026-06-14"))
        contracts = self.kept | self.moved
        with freeze_time("2026-07-01 10:00:00"):
            self._bill(self.kept, "2026-06-15")
            invoice = self._bill(contracts, "2026-07-01")
        self.assertEqual(invoice.subscription_contract_ids, contracts)
        self.assertEqual(invoice.partner_id, self.customer)

    def test_reference_stays_unique(self):
        self._merge()
        with self.assertRaises(Exception) as caught, mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self._contract(external_id="A-2")
        self.assertIn("external", str(caught.exception))

    def test_who_merges_needs_no_role_here(self):
        self.env.user.group_ids -= self.env.ref("subscription_billing.group_subscription_manager")
        self.env.user.group_ids |= self.env.ref("base.group_partner_manager")
        self._merge()
        self.assertEqual(self.moved.sudo().partner_id, self.customer)


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestR34(SubscriptionCommon):
    """A customer who is archived, deleted or moved is no reason to bill wrongly."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.contract = cls._contract(date_start="2026-06-01")

    def test_R34_archived(self):
        self.customer.active = False
        with self.assertRaisesRegex(UserError, f"{self.contract.name}.*A customer.*archived"), self.env.cr.savepoint():
            self._bill(self.contract, "2026-06-15")
        self.assertFalse(self.contract.period_ids)
        self.customer.active = True
        self.assertEqual(self._bill(self.contract, "2026-06-15").state, "posted")

    def test_R34_deleted(self):
        for partner in (self.customer, self.contract.partner_invoice_id):
            with self.assertRaises(Exception) as caught, mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                partner.unlink()
            self.assertIn("subscription_contract", str(caught.exception))
        self.assertTrue(self.customer.exists())

    def test_R34_moved_to_another_company(self):
        other = self.setup_other_company(name="Another company")["company"]
        self.env.cr.execute("UPDATE res_partner SET company_id = %s WHERE id = %s", [other.id, self.customer.id])
        self.customer.invalidate_recordset()
        with self.assertRaisesRegex(UserError, f"{self.contract.name}.*A customer.*another company"):
            self.engine.sudo()._bill(self.contract.sudo(), self._day("2026-06-15"))
        self.assertFalse(self.contract.period_ids)
