from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import TenPercentCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10")
class TestRevision(TenPercentCommon):
    """What a revision does to the lines of a contract."""

    def test_a_billed_period_is_adjusted_day_by_day(self):
        """R48: the revision falls in the middle of a billed period."""
        contract = self.contract(date_start="2025-02-15")
        self._bill(contract, "2026-03-10")
        before = self._net(contract)
        self._revise(contract, "2026-03-10")
        self._bill(contract, "2026-03-10")
        self.assertEqual(round(self._net(contract) - before, 2), 10.0)

    def test_at_the_next_period(self):
        clause = self._clause(percentage=10.0, application="next_period", date_rule="fixed_day", day=1, month="1")
        contract = self.contract(date_start="2025-02-15", revision_clause_id=clause.id)
        [revision] = self._revise(contract, "2026-03-10")
        self.assertEqual((str(revision.date), str(revision.date_effective)), ("2026-01-01", "2026-01-15"))
        self.assertEqual(self._line(contract, "2026-01-14").price_unit, 100.0)
        self.assertEqual(self._line(contract, "2026-01-15").price_unit, 110.0)

    def test_lines_of_one_contract_that_change_on_different_days(self):
        clause = self._clause(percentage=10.0, application="next_period", date_rule="fixed_day", day=1, month="1")
        quarterly = {"product_id": self.support.id, "recurrence_id": self.quarterly.id}
        contract = self.contract(
            {"product_id": self.hosting.id}, quarterly, date_start="2025-02-15", revision_clause_id=clause.id
        )
        other = self.contract(date_start="2025-02-15", revision_clause_id=clause.id)
        revisions = self.env["subscription.revision"]._propose(self._day("2026-03-10"), contract | other)
        revisions.action_approve()
        self.assertEqual(sorted(map(str, revisions.mapped("date_effective"))), ["2026-01-15"] * 2 + ["2026-02-15"])
        for revision in revisions:
            amendment = revision.amendment_id
            self.assertEqual(
                (amendment.contract_id, amendment.date_effective), (revision.contract_id, revision.date_effective)
            )
            self.assertIn(revision.chain_id, amendment.opened_line_ids.chain_id)

    def test_later_prices_move_and_discounts_stay(self):
        contract = self.contract()
        line = contract.line_ids
        contract._amend(self._day("2026-06-01"), [(line, {"price_unit": 200.0, "discount": 20.0})])
        self._revise(contract, "2026-03-10")
        after = self._line(contract, "2026-06-01")
        self.assertEqual((after.price_unit, after.discount), (220.0, 20.0))
        self.assertEqual(self._line(contract, "2026-02-01").price_unit, 110.0)

    def test_a_quantity_of_the_same_day_commutes(self):
        day = self._day("2026-01-01")
        first, second = self.contract(), self.contract()
        first._amend(day, [(first.line_ids, {"quantity": 3.0})])
        self._revise(first, "2026-03-10")
        self._revise(second, "2026-03-10")
        second._amend(day, [(second.line_ids.chain_id, {"quantity": 3.0})])
        values = [(line.price_unit, line.quantity) for line in (self._line(c, "2026-02-01") for c in (first, second))]
        self.assertEqual(values, [(110.0, 3.0)] * 2)

    def test_excluded_products_and_lines(self):
        self.plus_10.excluded_product_ids = self.support
        contract = self.contract(self.hosting, self.support, self.setup_fee)
        own = self._clause(percentage=-50.0)
        self.assertEqual(self._revise(contract, "2026-03-10").product_id, self.hosting)
        other = self.contract(self.hosting, self.support)
        hosting = other.line_ids.filtered(lambda line: line.product_id == self.hosting)
        support = other.line_ids - hosting
        other.revision_exception_ids = [
            Command.create({"chain_id": hosting.id, "reason": "Fixed"}),
            Command.create({"chain_id": support.id, "clause_id": own.id}),
        ]
        revisions = self._revise(other, "2026-03-10")
        self.assertEqual([(revision.product_id, revision.price) for revision in revisions], [(self.support, 15.0)])

    def test_closed_and_draft_contracts_are_left_alone(self):
        closed, draft = self.contract(), self.contract(activate=False)
        closed._close(self._day("2025-06-01"), self.reason)
        self.assertFalse(self.env["subscription.revision"]._propose(self._day("2026-03-10"), closed | draft))

    def test_a_paused_line_resumes_at_the_new_price(self):
        contract = self.contract()
        contract._pause(self._day("2025-12-01"), self._day("2026-02-01"))
        [revision] = self._revise(contract, "2026-03-10")
        self.assertEqual(str(revision.date_effective), "2026-02-01")
        self.assertEqual(self._line(contract, "2026-02-01").price_unit, 110.0)

    def test_r48_at_the_end_of_the_contract_nothing_is_revised(self):
        contract = self.contract()
        contract._close(self._day("2026-01-01"), self.reason)
        self.assertFalse(self.env["subscription.revision"]._propose(self._day("2026-03-10"), contract))

    def test_each_year_follows_the_last(self):
        contract = self.contract(date_start="2023-01-01")
        for expected in (110.0, 121.0, 133.1):
            [revision] = self._revise(contract, "2026-03-10")
            self.assertEqual(revision.price, expected)
        self.assertFalse(self.env["subscription.revision"]._propose(self._day("2026-03-10"), contract))

    def test_a_future_revision_is_dated_and_previewed(self):
        contract = self.contract(date_start="2025-06-01")
        self._bill(contract, "2026-03-10")
        self._revise(contract, "2026-06-01")
        charges = self.engine._preview(contract, self._day("2026-06-01"))
        self.assertEqual([float(charge.amount) for charge in charges], [100.0, 100.0, 110.0])

    def test_what_was_billed_elsewhere_is_not_charged_and_the_file_says_how_much_it_would_be(self):
        """January 2025 to February 2026 was billed by another application: of it, January and February are revised."""
        contract = self.contract(billed_until="2026-02-14")
        contract._amend(self._day("2026-02-01"), [(contract.line_ids, {"quantity": 2.0})])
        [revision] = self._revise(contract, "2026-03-10", approve=False)
        # 10 for January, and half of 20 for 14 days of 28
        self.assertIn("01/01/2026 to 02/14/2026 was billed elsewhere", revision.warnings)
        self.assertIn("20.00", revision.warnings)
        self.assertIn(revision.warnings, revision.evidence["warnings"])
        revision.action_approve()
        self._bill(contract, "2026-03-10")
        self.assertEqual(self._net(contract), 220.0 / 2 + 220.0, "from 15/02 on only")
        self.assertFalse(self.engine._preview(contract, self._day("2026-03-10")))

    def test_a_revision_after_what_was_billed_elsewhere_calls_for_no_remark(self):
        [revision] = self._revise(self.contract(billed_until="2025-12-31"), "2026-03-10", approve=False)
        self.assertFalse(revision.warnings)

    def test_the_job_leaves_to_a_person_what_was_billed_elsewhere(self):
        self.plus_10.automation = "apply"
        contract = self.contract(billed_until="2026-02-14")
        self.env["subscription.revision"]._follow_clauses(self.env.company)
        self.assertEqual(contract.price_revision_ids.state, "proposed")

    def test_effects(self):
        contract = self.contract({"product_id": self.hosting.id, "quantity": 2.0})
        [revision] = self._revise(contract, "2026-03-10", approve=False)
        self.assertEqual((revision.effect_mrr, revision.effect_year), (20.0, 300.0), "fifteen months until 2027-03-09")
        self.assertEqual(contract.current_line_ids.price_unit, 100.0)
        self.assertEqual(contract.amendment_ids.mapped("kind"), ["activate"])

    def test_a_price_changed_meanwhile_is_calculated_again(self):
        contract = self.contract()
        [revision] = self._revise(contract, "2026-03-10", approve=False)
        contract._amend(self._day("2025-12-01"), [(contract.line_ids, {"price_unit": 120.0})])
        revision._approve()
        with self.assertRaisesRegex(UserError, "changed since"), self.env.cr.savepoint():
            revision._apply()

    def test_each_line_that_fails_says_why(self):
        changed, paused, good = (self.contract() for _number in range(3))
        campaign = self.env["subscription.revision.campaign"].create({"until_date": "2026-03-10"})
        campaign.action_simulate()
        changed._amend(self._day("2025-12-01"), [(changed.line_ids, {"price_unit": 120.0})])
        paused._pause(self._day("2025-12-01"))
        campaign.action_approve()
        failures = {revision.contract_id: revision.failure for revision in campaign.revision_ids}
        self.assertRegex(failures[changed], "price of the line changed")
        self.assertRegex(failures[paused], "not served")
        self.assertFalse(failures[good])
        self.assertEqual(campaign.failed_count, 2)

    def test_one_bad_line_does_not_stop_the_others(self):
        contracts = [self.contract() for _number in range(3)]
        campaign = self.env["subscription.revision.campaign"].create({"until_date": "2026-03-10"})
        campaign.action_simulate()
        bad = contracts[1]
        bad._amend(self._day("2025-12-01"), [(bad.line_ids, {"price_unit": 120.0})])
        campaign.action_approve()
        states = {revision.contract_id: revision.state for revision in campaign.revision_ids}
        self.assertEqual([states[contract] for contract in contracts], ["applied", "proposed", "applied"])
        self.assertEqual((campaign.failed_count, campaign.state), (1, "done"))
