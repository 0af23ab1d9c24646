from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytz
from hypothesis import given
from hypothesis import strategies as st

from odoo import SUPERUSER_ID
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import SubscriptionCommon, orm_examples

CRON_LOGGER = "odoo.addons.subscription_billing.models.subscription_engine_cron"
HOUR = timedelta(hours=1)
# zones at both ends of the day, with half hours, and whose clocks change on different days or not at all
ZONES = (
    "Europe/Paris",
    "Pacific/Auckland",
    "America/Los_Angeles",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/St_Johns",
    "UTC",
)
CLOCK_CHANGES = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 9, 27),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01 10:00:00")
class TestTime(SubscriptionCommon):
    """A day is a day of the company's calendar, whatever the clock of the server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def _cron_at(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID)["subscription.engine"]._cron_bill()

    def _hours_billed(self, contracts, first, hours):
        """The hours, in UTC, after which each contract had more invoices than before."""
        billed = {contract: [] for contract in contracts}
        counts = dict.fromkeys(contracts, 0)
        for offset in range(hours):
            moment = first + offset * HOUR
            self._cron_at(moment)
            contracts.invalidate_recordset()
            for contract in contracts:
                if len(contract.invoice_ids) > counts[contract]:
                    counts[contract] = len(contract.invoice_ids)
                    billed[contract].append(moment)
        return billed

    def test_R23_auckland_and_los_angeles_on_a_server_in_utc(self):
        first, second = self.env.company, self.setup_other_company(name="West coast")["company"]
        first.subscription_tz, second.subscription_tz = "Pacific/Auckland", "America/Los_Angeles"
        self.env.user.company_ids |= second
        east = self._contract(date_start="2026-06-15")
        west = self._contract_of(second, date_start="2026-06-15")

        billed = self._hours_billed(east | west, datetime(2026, 6, 14, 0, 30), 48)

        self.assertEqual(billed[east], [datetime(2026, 6, 14, 12, 30)], "12 hours ahead of UTC")
        self.assertEqual(billed[west], [datetime(2026, 6, 15, 7, 30)], "7 hours behind UTC")
        for contract in (east, west):
            self.assertEqual(contract.invoice_ids.state, "posted")
            self.assertEqual(str(contract.invoice_ids.invoice_date), "2026-06-15")

    def _contract_of(self, company, **values):
        env = self.env(context={**self.env.context, "allowed_company_ids": company.ids})
        hosting = env["product.product"].create(
            {"name": "Hosting", "type": "service", "list_price": 100.0, "subscription_recurring": True}
        )
        contract = env["subscription.contract"].create(
            {
                "partner_id": env["res.partner"].create({"name": "Customer"}).id,
                "plan_id": env["subscription.plan"].create({"name": "Monthly"}).id,
                "company_id": company.id,
                "line_ids": [(0, 0, {"product_id": hosting.id})],
                **values,
            }
        )
        contract.action_activate()
        return contract.with_env(self.env)

    def test_R24_clock_change_days(self):
        for zone in ("Europe/Paris", "Australia/Lord_Howe"):
            for day in CLOCK_CHANGES:
                with self.subTest(zone=zone, day=day):
                    self._assert_billed_once_from_midnight(zone, day)

    @orm_examples
    @given(zone=st.sampled_from(ZONES), day=st.dates(date(2026, 2, 1), date(2028, 3, 1)), minute=st.integers(0, 59))
    def test_drawn_zones_and_days(self, zone, day, minute):
        self._assert_billed_once_from_midnight(zone, day, minute)

    def _assert_billed_once_from_midnight(self, zone, day, minute=30):
        """Hourly runs around a day bill what is due then at the first hour of it, and once."""
        midnight = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(pytz.utc).replace(tzinfo=None)
        first = (midnight - 3 * HOUR).replace(minute=minute)
        with self.env.cr.savepoint() as savepoint:
            self.env.company.subscription_tz = zone
            contract = self._contract(date_start=day)
            [moment] = self._hours_billed(contract, first, 30)[contract]
            self.assertGreaterEqual(moment, midnight)
            self.assertLess(moment - midnight, HOUR)
            self.assertEqual(contract.invoice_ids.invoice_date, day)
            self.assertEqual(contract.invoice_ids.state, "posted")
            savepoint.rollback()

    def test_usage_of_a_day_of_23_hours(self):
        """Shares are counted in days: a month with a clock change is prorated like any other."""
        contract = self._contract(date_start="2026-03-01")
        with freeze_time("2026-03-29 00:30:00"):
            contract._close(self._day("2026-03-30"))
            self.assertEqual(self._bill(contract, "2026-03-29").amount_untaxed, 93.55)  # 29 days of 31

    def test_R26_three_months_down(self):
        contract = self._contract(self.hosting, self.support, date_start="2026-03-10")
        self._cron_at("2026-06-15 10:00:00")
        invoices = contract.invoice_ids.sorted("sequence_number")
        starts = [str(min(invoice.invoice_line_ids.mapped("deferred_start_date"))) for invoice in invoices]
        self.assertEqual(starts, ["2026-03-10", "2026-04-10", "2026-05-10", "2026-06-10"])
        self.assertEqual(set(invoices.mapped("state")), {"posted"})
        self._cron_at("2026-06-15 11:00:00")
        self.assertEqual(len(contract.invoice_ids), 4)

    @mute_logger(CRON_LOGGER)
    def test_R26_four_years_down_wait_for_a_person(self):
        contract = self._contract(date_start="2026-03-10")
        self._cron_at("2030-06-15 10:00:00")
        self.assertFalse(contract.invoice_ids)
        self.assertIn("periods of one line are due at once", contract.billing_error)

    def test_R21_month_ends_are_counted_from_the_anchor(self):
        for start, expected in {
            "2027-01-29": ["01-29", "02-28", "03-29", "04-29", "05-29", "06-29"],
            "2027-01-30": ["01-30", "02-28", "03-30", "04-30", "05-30", "06-30"],
            "2027-01-31": ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30"],
            "2028-01-31": ["01-31", "02-29", "03-31", "04-30", "05-31", "06-30"],
        }.items():
            with self.subTest(start=start):
                contract = self._contract(date_start=start)
                first = self._day(start)
                for offset in range(0, 170, 5):  # runs at any day, not only on the due ones
                    self._bill(contract, first + timedelta(days=offset))
                periods = contract.period_ids.sorted("date_start")
                self.assertEqual([str(period.date_start)[5:] for period in periods], expected)
                for period, following in zip(periods, periods[1:], strict=False):
                    self.assertEqual(period.date_stop, following.date_start)

    def test_R22_every_29th_of_february(self):
        contract = self._contract(
            {"product_id": self.hosting.id, "recurrence_id": self.yearly.id}, date_start="2028-02-29"
        )
        self._bill(contract, "2032-03-01")
        starts = [str(period.date_start) for period in contract.period_ids.sorted("date_start")]
        self.assertEqual(starts, ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"])

    def test_R27_invoices_are_posted_on_the_company_s_day_and_never_later(self):
        """Odoo leaves an invoice of tomorrow, by the server's calendar, a draft."""
        self.env.company.subscription_tz = "Pacific/Auckland"
        contract = self._contract(date_start="2026-06-15")
        self._cron_at("2026-06-14 13:00:00")
        self.assertEqual((contract.invoice_ids.state, str(contract.invoice_ids.invoice_date)), ("posted", "2026-06-15"))
        self.assertEqual(contract.invoice_ids.auto_post, "no")
