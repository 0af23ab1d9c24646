from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common_index import IndexCommon


@tagged("post_install", "-at_install")
class TestIndexTour(IndexCommon, HttpCase):
    """A manager completes an index with one paste."""

    def test_paste_values_and_see_how_far_they_reach(self):
        index = self._index("Tour index", sequence=0, last_period="2024-10")
        self._record(("2024-06", "313.0"), ("2024-08", "314.1"), index=index)
        manager = new_test_user(
            self.env,
            "index_tour",
            groups="subscription_billing.group_subscription_manager",
            lang="en_US",
            tz="Europe/Paris",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        self.start_tour("/odoo/subscription-indexes", "subscription_index_paste", login=manager.login)
        self.assertEqual(index._reading("2024-07").source, "https://www.syntec.fr")
        self.assertEqual(index.value_count, 5)
