from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..models import subscription_engine_statistics


@tagged("post_install", "-at_install")
class TestStatistics(TransactionCase):
    """The planner of PostgreSQL never works on the statistics of an empty table."""

    def setUp(self):
        super().setUp()
        self.engine = self.env["subscription.engine"]
        self.env.cr.execute("CREATE TABLE subscription_scratch (id integer)")
        self.patch(subscription_engine_statistics, "TABLES", ("subscription_scratch",))

    def fill(self, count):
        self.env.cr.execute("INSERT INTO subscription_scratch SELECT generate_series(1, %s)", [count])

    def test_never_analysed(self):
        self.assertFalse(self.engine._stale_tables(), "an empty table needs none")
        self.fill(1)
        self.assertEqual(self.engine._stale_tables(), ["subscription_scratch"])
        self.engine._refresh_statistics()
        self.assertFalse(self.engine._stale_tables())

    def test_ten_times_the_size(self):
        self.fill(1000)
        self.engine._refresh_statistics()
        self.fill(2000)
        self.assertFalse(self.engine._stale_tables())
        self.fill(20000)
        self.assertEqual(self.engine._stale_tables(), ["subscription_scratch"])

    def test_analysed_while_empty(self):
        self.env.cr.execute("ANALYZE subscription_scratch")
        self.fill(1)
        self.assertEqual(self.engine._stale_tables(), ["subscription_scratch"])

    def test_before_each_run(self):
        """Committed at once: the locks of ANALYZE are not those of the run."""
        self.engine._arm()
        for run in (self.engine._cron_bill, self.env["subscription.run"]._cron_run):
            with (
                patch.object(type(self.engine), "_refresh_statistics", autospec=True) as refresh,
                patch.object(type(self.engine), "_attempt", lambda engine, verb, *arguments: verb(*arguments)),
            ):
                run()
            refresh.assert_called_once()
