from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .test_run import RunCommon


@tagged("post_install", "-at_install")
class TestRunTour(RunCommon, HttpCase):
    """A billing run in a browser, as accounting and as sales."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.name = "Tour customer"
        cls.other_customer.name = "Tour neighbour"
        cls.accountant = cls._user("tour_run_accountant", "base.group_user,account.group_account_invoice")
        cls.seller = cls._user("tour_run_seller", "subscription_billing.group_subscription_user")

    @classmethod
    def _user(cls, login, groups):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            lang="en_US",
            tz="Europe/Paris",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )

    def _due_today(self, **values):
        return self._contract(date_start=self.env.company._subscription_today(), **values)

    def test_from_the_desk_to_posted_invoices(self):
        approved, excluded = self._due_today(), self._due_today(partner_id=self.other_customer.id)
        self.start_tour("/odoo/subscription-billing", "subscription_run_to_post", login=self.accountant.login)
        run = self.env["subscription.run"].search([("user_id", "=", self.accountant.id)])
        self.assertEqual((run.state, run.work), ("running", "post"))
        self._work(run)
        self.assertEqual(approved.invoice_ids.mapped("state"), ["posted"])
        self.assertFalse(excluded.invoice_ids)
        self.assertTrue(excluded.next_attempt)
        self.assertEqual(run.state, "done")

    def test_sales_propose(self):
        contract = self._due_today(user_id=self.seller.id)
        self._due_today(partner_id=self.other_customer.id, user_id=self.accountant.id)
        self.start_tour("/odoo/subscription-runs/new", "subscription_run_of_sales", login=self.seller.login)
        run = self.env["subscription.run"].search([("user_id", "=", self.seller.id)])
        self.assertEqual(run.proposal_ids.contract_ids, contract)
