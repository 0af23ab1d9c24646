from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import SubscriptionCommon

SELLER = "subscription_billing.group_subscription_user"
ACCOUNTANT = "base.group_user,account.group_account_invoice"


@tagged("post_install", "-at_install")
class TestUiTours(SubscriptionCommon, HttpCase):
    """What a person does on the screen, in a browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hosting.name = "Tour hosting"
        cls.customer.name = "Tour customer"
        cls.plan.name = "Tour plan"
        cls.seller = cls._user("tour_seller", SELLER)
        cls.accountant = cls._user("tour_accountant", ACCOUNTANT)
        cls.both = cls._user("tour_both", f"{SELLER},account.group_account_invoice")

    @classmethod
    def _user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            lang="en_US",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
            tz="Europe/Paris",
        )

    def _running(self, **values):
        """A contract that starts today."""
        return self._contract(date_start=self.env.company._subscription_today(), **values)

    def _open(self, contract, tour, user):
        self.start_tour(f"/odoo/subscriptions/{contract.id}", tour, login=user.login)

    def test_first_invoice_from_the_empty_screen(self):
        """By the screen alone: no contract, customer or product is there, only what the addon installs."""
        self.assertFalse(self.env["subscription.contract"].search([("company_id", "=", self.env.company.id)]))
        manager = self._user(
            "tour_manager",
            "subscription_billing.group_subscription_manager,account.group_account_invoice,"
            "base.group_partner_manager,product.group_product_manager",
        )
        self.start_tour("/odoo", "subscription_first_invoice", login=manager.login)
        contract = self.env["subscription.contract"].search([("company_id", "=", self.env.company.id)])
        self.assertEqual((contract.partner_id.name, contract.user_id), ("First customer", manager))
        self.assertTrue(contract.line_ids.product_id.subscription_recurring)
        self.assertEqual(contract.invoice_ids.mapped("state"), ["posted"])
        self.assertEqual(contract.invoice_ids.amount_untaxed, 49.0)

    def test_contract_to_posted_invoice(self):
        self.start_tour("/odoo/subscriptions", "subscription_contract_to_invoice", login=self.both.login)
        contract = self.env["subscription.contract"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual((contract.state, contract.user_id), ("active", self.both))
        self.assertEqual(contract.invoice_ids.mapped("state"), ["posted"])
        self.assertEqual(contract.invoice_ids.amount_untaxed, 200.0)

    def test_change_of_quantity(self):
        contract = self._running(user_id=self.seller.id)
        self._bill(contract, contract._today())
        self._open(contract, "subscription_change_quantity", self.seller)
        self.assertEqual(contract.current_line_ids.quantity, 3.0)
        self.assertEqual(
            contract.amendment_ids.filtered(lambda amendment: amendment.kind == "change").reason, "Two more"
        )
        self.assertEqual(self._bill(contract, contract._today()).amount_untaxed, 200.0)

    def test_closing_with_a_credit(self):
        contract = self._running()
        self._bill(contract, contract._today())
        self._open(contract, "subscription_close_with_credit", self.both)
        self.assertEqual(contract.close_reason_id, self.env.ref("subscription_billing.close_reason_price"))
        self.assertEqual(contract.period_ids.filtered(lambda period: period.state == "credited").amount_credited, 100.0)

    def test_accounting(self):
        contract = self._running(user_id=self.seller.id)
        self._open(contract, "subscription_accounting", self.accountant)
        self.assertEqual(contract.invoice_ids.mapped("state"), ["posted"])

    def test_a_life(self):
        family = self.env["subscription.plan.family"].create({"name": "Tour family"})
        self.plan.write({"family_id": family.id, "rank": 1})
        self.env["subscription.plan"].create(
            {
                "name": "Tour gold",
                "recurrence_id": self.monthly.id,
                "family_id": family.id,
                "rank": 2,
                "line_ids": [
                    Command.create({"product_id": self.hosting.id, "has_price": True, "price_unit": 150.0}),
                ],
            }
        )
        self.plan.line_ids = [Command.create({"product_id": self.hosting.id})]
        contract = self._running(user_id=self.seller.id, commitment=12, renewal="accept")
        self._bill(contract, contract._today())
        self._open(contract, "subscription_life", self.seller)
        self.assertEqual(
            contract.amendment_ids.sorted("number").mapped("kind"), ["activate", "pause", "resume", "plan"]
        )
        self.assertEqual(contract.order_ids.subscription_intent, "renewal")

    def test_what_leaves(self):
        self.customer.email = "customer@example.com"
        manager = self._user(
            "tour_outgoing", "subscription_billing.group_subscription_manager,account.group_account_invoice"
        )
        contract = self._running(commitment=2, notice=1, customer_class="professional", notice_reminder_days=31)
        move = self._bill(contract, contract._today())
        mail = self.env["subscription.outbox"]._queue("send", move)
        mail._end("failed", "customer@example.com: no such mailbox")
        self.plan.retry_step_ids = [Command.create({"days": 3, "action": "retry"})]
        attempts = self.env["subscription.charge.attempt"]
        attempts._plan(move, contract._today())._answer("declined", "insufficient funds")
        self.env["subscription.notice"].sudo()._plan()
        self._open(contract, "subscription_outgoing", manager)
        self.assertEqual((mail.state, contract.notice_ids.state), ("waiting", "leaving"))
