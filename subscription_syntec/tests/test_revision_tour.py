from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.subscription_billing.tests.common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestRevisionTour(SubscriptionCommon, HttpCase):
    """A manager revises a contract on the screen, and takes it back."""

    def test_clause_campaign_sentence_and_cancellation(self):
        self.hosting.name = "Tour hosting"
        today = self.env.company._subscription_today()
        contract = self._contract(date_start=today - relativedelta(months=6))
        manager = new_test_user(
            self.env,
            "revision_tour",
            groups="subscription_billing.group_subscription_manager",
            lang="en_US",
            tz="Europe/Paris",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        self.start_tour(f"/odoo/subscriptions/{contract.id}", "subscription_revision_campaign", login=manager.login)
        revision = contract.price_revision_ids
        self.assertEqual(
            (revision.state, revision.price, revision.reason), ("cancelled", 102.0, "The customer refused")
        )
        self.assertEqual(revision.date, contract.date_start + relativedelta(years=1))
        self.assertEqual({row.price_unit for row in contract.line_ids if row._period()}, {100.0})
