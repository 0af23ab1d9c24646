from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, new_test_user, tagged

from odoo.addons.web.tests import test_js

from .test_life import LifeCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestTimeline(LifeCommon):
    """The life of a contract as plain values."""

    def lane(self, contract, index=0):
        return contract.timeline()["lanes"][index]

    def bands(self, contract):
        return {band["label"]: (band["kind"], band["start"], band["end"]) for band in contract.timeline()["bands"]}

    def test_a_draft_has_nothing_to_draw(self):
        timeline = self._contract(activate=False).timeline()
        self.assertEqual((timeline["lanes"], timeline["bands"], timeline["amendments"]), ([], [], []))

    def test_rows_are_inclusive_and_say_quantity_and_price(self):
        contract = self._contract({"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 2})
        contract._amend(self._day("2026-04-01"), [(contract.line_ids.chain_id, {"quantity": 2.5})])
        lane = self.lane(contract)
        self.assertEqual(lane["name"], "Hosting")
        self.assertEqual(
            [(row["start"], row["end"], row["label"], row["discount"], row["is_planned"]) for row in lane["rows"]],
            [
                ("2026-01-01", "2026-02-28", "1 × $\xa0100.00", "−50 %", False),
                ("2026-03-01", "2026-03-31", "1 × $\xa0100.00", "", True),
                ("2026-04-01", False, "2.50 × $\xa0100.00", "", True),
            ],
        )

    def test_what_became_of_each_period(self):
        contract = self._contract()
        self._bill(contract, "2026-02-01")
        with self.on("2026-03-20"):
            contract._amend(self._day("2026-02-15"), [(contract.line_ids, {"quantity": 2.0})])
            january = contract.period_ids.filtered(lambda period: period.date_start == self._day("2026-01-01"))
            january.move_id.button_draft()
            january.move_id.button_cancel()
            self.assertEqual(
                [(period["state"], period["start"], period["end"]) for period in self.lane(contract)["periods"]],
                [
                    ("held", "2026-01-01", "2026-01-31"),
                    ("billed", "2026-02-01", "2026-02-14"),
                    ("released", "2026-02-15", "2026-02-28"),
                    ("due", "2026-02-15", "2026-02-28"),
                    ("due", "2026-03-01", "2026-03-31"),
                ],
            )

    def test_in_arrears_a_period_is_due_when_it_is_over(self):
        contract = self._contract(billing_timing="arrears")
        with self.on("2026-02-10"):
            self.assertEqual(
                [(period["state"], period["end"]) for period in self.lane(contract)["periods"]],
                [("due", "2026-01-31")],
            )

    def test_terms_trial_and_notice(self):
        contract = self._contract(commitment=12, notice=2, trial=14, renewal_term=6)
        self.assertEqual(
            self.bands(contract),
            {
                "Free trial": ("trial", "2026-01-01", "2026-01-14"),
                "Commitment": ("term", "2026-01-01", "2027-01-14"),
                "Notice: to be given by 11/14/2026": ("notice", "2026-11-15", "2027-01-14"),
            },
        )
        contract._renew()
        self.assertEqual(self.bands(contract)["Term 2"], ("term", "2027-01-15", "2027-07-14"), "planned")
        contract.amendment_ids.filtered("is_pending")._undo()
        self.assertNotIn("Term 2", self.bands(contract))
        with self.on("2027-08-01"):
            bands = self.bands(contract)
            self.assertEqual(bands["Commitment"], ("term", "2026-01-01", "2027-01-14"))
            self.assertEqual(bands["Term 3"], ("term", "2027-07-15", "2028-01-14"))

    def test_pauses(self):
        contract = self._contract()
        contract._pause(self._day("2026-02-01"), self._day("2026-04-01"))
        self.assertEqual(self.bands(contract), {"Paused": ("pause", "2026-02-01", "2026-03-31")})
        with self.on("2026-03-01"):
            contract._resume(self._day("2026-03-01"))
            self.assertEqual(self.bands(contract), {"Paused": ("pause", "2026-02-01", "2026-02-28")})
            contract._pause(self._day("2026-05-01"), reason="Works")
            self.assertEqual(self.bands(contract)["Works"], ("pause", "2026-05-01", False))
            contract._close(self._day("2026-06-01"), self.reason)
            self.assertEqual(self.bands(contract)["Works"], ("pause", "2026-05-01", "2026-05-31"))

    def test_amendments(self):
        contract = self._contract()
        planned = contract._amend(self._day("2026-03-01"), [(contract.line_ids, {"quantity": 2.0})])
        planned._undo()
        self.assertEqual(
            [
                (row["title"], row["summary"], row["is_planned"], row["is_undone"])
                for row in contract.timeline()["amendments"][1:]
            ],
            [
                ("Change of lines from 03/01/2026", "Hosting: Quantity 1.00 → 2.00", True, True),
                ("Taken back from 03/01/2026", "Hosting: Quantity 2.00 → 1.00", True, False),
            ],
        )

    def test_what_is_drawn_of_a_life(self):
        contract, ended = self._contract(), self._contract()
        ended._close(self._day("2026-03-01"), self.reason)
        with self.on("2027-06-01"):
            self.assertEqual((contract.timeline()["start"], contract.timeline()["end"]), ("2026-01-01", "2027-09-29"))
            self.assertEqual(ended.timeline()["end"], "2026-03-01", "not until today: it is over")
        endless = self._contract({"product_id": self.hosting.id, "date_end": "2999-12-31"})
        self.assertLess(endless.timeline()["end"], "2037")

    def test_rights(self):
        contract = self._contract(user_id=self.env.user.id)
        seller = new_test_user(self.env, "timeline_seller", groups="subscription_billing.group_subscription_user")
        with self.assertRaises(AccessError):
            contract.with_user(seller).timeline()
        contract.user_id = seller
        self.assertTrue(contract.with_user(seller).timeline()["lanes"])

    def test_five_years_of_three_lines(self):
        contract = self._contract(self.hosting, self.support, self.traffic)
        with self.on("2030-12-31"):
            self._bill(contract, "2030-12-31")
            for years in ((2026, 2027, 2028), (2029, 2030)):
                for year in years:
                    quantity = {"quantity": year - 2020.0}
                    contract._amend(self._day(f"{year}-07-01"), [(contract.line_ids[0].chain_id, quantity)])
                contract.timeline()
                self.env.flush_all()
                self.env.invalidate_all()
                with self.assertQueryCount(22):
                    timeline = contract.timeline()
            self.assertGreater(sum(len(lane["periods"]) for lane in timeline["lanes"]), 150)


@tagged("post_install", "-at_install")
class TestTimelineComponent(HttpCase):
    """The component alone, in a browser: static/tests/contract_timeline.test.js."""

    def test_unit(self):
        suite = test_js.HOOTCommon._generate_hash(self, "@subscription_billing/contract_timeline")
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            "",
            login="admin",
            timeout=300,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
