from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .common import RevisionCommon


@tagged("post_install", "-at_install")
@freeze_time("2015-02-10")
class TestWorkedExample(RevisionCommon):
    """500 from 245.6 to 246.8, through campaign and engine to a posted invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.named = {"base_rule": "named", "base_period": "2014-02", "reading_rule": "lag", "lag": 0}

    def yearly_500(self, clause):
        return self._contract(
            {"product_id": self.hosting.id, "price_unit": 500.0, "recurrence_id": self.yearly.id},
            date_start="2014-02-01",
            revision_clause_id=clause.id,
        )

    def test_february_to_february(self):
        self._publish(self.index, {"2015-02": "246.8"}, publication_date="2015-02-05")
        contract = self.yearly_500(self._clause(self.index, self.named))
        [revision] = self._revise(contract, "2015-02-10")
        self.assertEqual((str(revision.date), revision.price, revision.state), ("2015-02-01", 502.44, "applied"))
        self.assertEqual(round(revision.variation, 2), 0.49)
        moves = self._bill(contract, "2015-02-10").sorted("invoice_date")
        self.assertEqual(sorted(moves.invoice_line_ids.mapped("price_subtotal")), [500.0, 502.44])
        self.assertEqual(set(moves.mapped("state")), {"posted"})

    def test_last_published_on_the_day(self):
        contract = self.yearly_500(self._clause(self.index))
        [revision] = self._revise(contract, "2015-02-10")
        self.assertEqual(revision.price, 502.45)
        self.assertEqual(
            [(term["base"]["period"], term["current"]["period"]) for term in revision.evidence["terms"]],
            [("2013-12", "2014-12")],
        )

    def test_the_sentence_stands_once_on_the_first_invoice_at_the_new_price(self):
        contract = self._contract(date_start="2014-02-01", revision_clause_id=self._clause(self.index).id)
        contract.billed_until = False
        self._bill(contract, "2015-01-31")
        [revision] = self._revise(contract, "2015-02-10")
        first = self._bill(contract, "2015-02-10")
        second = self._bill(contract, "2015-03-10")
        self.assertIn("244.9", first.narration)
        self.assertIn("December 2013", first.narration)
        self.assertFalse(second.narration)
        self.assertEqual(revision.told_move_id, first)
        self.assertIn("244.9", revision.amendment_id.reason)
        self.assertIn("100.49", contract.price_revision_sentence)

    def test_a_deleted_draft_has_told_nothing(self):
        contract = self._contract(
            date_start="2014-02-01", revision_clause_id=self._clause(self.index).id, invoicing_mode="draft"
        )
        self._revise(contract, "2015-02-10")
        draft = self._bill(contract, "2015-02-10").sorted("id")[-1:]
        self.assertIn("244.9", draft.narration)
        draft.unlink()
        self.assertIn("244.9", self._bill(contract, "2015-02-10").narration)

    def test_r43_a_missing_month_is_named_and_waited_for(self):
        contract = self._contract(
            date_start="2014-02-01", revision_clause_id=self._clause(self.index, {"reading_rule": "lag", "lag": 1}).id
        )
        [revision] = self._revise(contract, "2015-02-10", approve=False)
        self.assertEqual((revision.state, revision.price), ("waiting", 100.0))
        self.assertIn("2015-01", revision.missing)
        with self.assertRaisesRegex(UserError, "2015-01"), self.env.cr.savepoint():
            revision.action_approve()
        self._publish(self.index, {"2014-01": "200", "2015-01": "210"})
        revision.campaign_id.action_simulate()
        self.assertEqual((revision.state, revision.price), ("proposed", 105.0))

    def test_r46_twice_the_same_campaign_revises_once(self):
        contract = self._contract(date_start="2014-02-01", revision_clause_id=self._clause(self.index).id)
        first = self._revise(contract, "2015-02-10")
        again = self.env["subscription.revision.campaign"].create({"until_date": "2015-02-10"})
        again.action_simulate()
        self.assertFalse(again.revision_ids)
        first._apply()
        self.assertEqual(contract.current_line_ids.price_unit, 100.49)

    def test_r46_the_database_refuses_a_second_revision_of_a_day(self):
        contract = self._contract(date_start="2014-02-01", revision_clause_id=self._clause(self.index).id)
        [revision] = self._revise(contract, "2015-02-10")
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env["subscription.revision"].sudo().create(
                {
                    "contract_id": contract.id,
                    "chain_id": revision.chain_id.id,
                    "clause_id": revision.clause_id.id,
                    "date": revision.date,
                }
            )

    def test_an_unofficial_value_asks_for_a_written_confirmation(self):
        index = self._index("Other", {"2013-12": "100"})
        self._publish(index, {"2014-12": "110"}, status="provisional")
        contract = self._contract(date_start="2014-02-01", revision_clause_id=self._clause(index).id)
        [revision] = self._revise(contract, "2015-02-10", approve=False)
        self.assertTrue(revision.is_unofficial)
        with self.assertRaisesRegex(UserError, "provisional"), self.env.cr.savepoint():
            revision.action_approve()
        revision.confirmation = "Agreed with the customer by mail"
        revision.action_approve()
        self.assertEqual(revision.state, "applied")

    def test_another_price_asks_for_a_reason(self):
        contract = self._contract(date_start="2014-02-01", revision_clause_id=self._clause(self.index).id)
        [revision] = self._revise(contract, "2015-02-10", approve=False)
        revision.price = 100.20
        with self.assertRaisesRegex(UserError, "reason"), self.env.cr.savepoint():
            revision.action_approve()
        revision.reason = "A gesture"
        revision.action_approve()
        self.assertEqual(contract.current_line_ids.price_unit, 100.20)
        with self.assertRaisesRegex(UserError, "settled"), self.env.cr.savepoint():
            revision.price = 1.0

    def test_what_is_left_out_stays_out(self):
        contract = self._contract(date_start="2014-02-01", revision_clause_id=self._clause(self.index).id)
        [revision] = self._revise(contract, "2015-02-10", approve=False)
        with self.assertRaisesRegex(UserError, "reason"), self.env.cr.savepoint():
            revision.action_exclude()
        revision.reason = "Fixed price for this year"
        revision.action_exclude()
        self.assertFalse(self.env["subscription.revision"]._propose(self._day("2015-02-10"), contract))
        self.assertEqual(contract.next_price_revision, self._day("2016-02-01"))


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10")
class TestRevision(RevisionCommon):
    """What a revision does to the lines of a contract."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plus_10 = cls._clause(percentage=10.0)

    def contract(self, *lines, **values):
        customer = self.customer.copy()
        return self._contract(
            *lines,
            **{
                "date_start": "2025-01-01",
                "partner_id": customer.id,
                "revision_clause_id": self.plus_10.id,
                **values,
            },
        )

    def test_the_clause_of_a_plan_is_copied(self):
        self.plan.revision_clause_id = self.plus_10
        contract = self._contract(date_start="2025-01-01", **self.plan._terms_values())
        self.assertEqual(contract.revision_clause_id, self.plus_10)
        self.plan.revision_clause_id = False
        self.assertEqual(contract.revision_clause_id, self.plus_10)

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

    def test_effects(self):
        contract = self.contract({"product_id": self.hosting.id, "quantity": 2.0})
        [revision] = self._revise(contract, "2026-03-10", approve=False)
        self.assertEqual((revision.effect_mrr, revision.effect_year), (20.0, 300.0), "fifteen months until 2027-03-09")
        self.assertEqual(contract.current_line_ids.price_unit, 100.0)
        self.assertEqual(contract.amendment_ids.mapped("kind"), ["activate"])

    # cancelling

    def test_cancelled_before_an_invoice_it_equals_a_twin(self):
        self.assertTwins(lambda contract: None)

    def test_cancelled_after_an_invoice_it_equals_a_twin(self):
        self.assertTwins(lambda contract: self._bill(contract, "2026-03-10"))

    def test_cancelled_after_a_change_of_quantity_it_equals_a_twin(self):
        def live(contract):
            self._bill(contract, "2026-03-10")
            contract._amend(self._day("2026-02-10"), [(contract.line_ids.chain_id, {"quantity": 4.0})])
            self._bill(contract, "2026-03-10")

        self.assertTwins(live)

    def assertTwins(self, live):
        contract, twin = self.contract(), self.contract(revision_clause_id=False)
        [revision] = self._revise(contract, "2026-03-10")
        live(contract)
        live(twin)
        revision._cancel("An error")
        self.assertEqual(revision.state, "cancelled")
        for item in (contract, twin):
            self._bill(item, "2026-03-10")
        rows = [
            [(line.date_start, line.price_unit, line.quantity) for line in self._line(item, "2026-03-01")]
            for item in (contract, twin)
        ]
        self.assertEqual(rows[0][0][1:], rows[1][0][1:])
        self.assertEqual(self._net(contract), self._net(twin))
        self.assertEqual(contract.mrr, twin.mrr)
        self.assertFalse(self.engine._preview(contract, self._day("2026-03-10")))

    def test_cancelling_under_a_later_revision_is_refused_and_names_it(self):
        contract = self.contract(date_start="2024-01-01")
        [first] = self._revise(contract, "2026-03-10")
        [second] = self._revise(contract, "2026-03-10")
        with self.assertRaisesRegex(UserError, "01/01/2026"), self.env.cr.savepoint():
            first._cancel("An error")
        with self.assertRaisesRegex(UserError, "01/01/2026"), self.env.cr.savepoint():
            first.amendment_id._undo()
        second._cancel("An error")
        first._cancel("An error")
        self.assertEqual(contract.current_line_ids.price_unit, 100.0)

    def test_taking_the_amendment_back_cancels_the_revision(self):
        [revision] = self._revise(self.contract(), "2026-03-10")
        revision.amendment_id._undo()
        self.assertEqual(revision.state, "cancelled")

    def test_a_price_changed_meanwhile_is_calculated_again(self):
        contract = self.contract()
        [revision] = self._revise(contract, "2026-03-10", approve=False)
        contract._amend(self._day("2025-12-01"), [(contract.line_ids, {"price_unit": 120.0})])
        revision._approve()
        with self.assertRaisesRegex(UserError, "changed since"), self.env.cr.savepoint():
            revision._apply()

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

    def test_cancelling_a_campaign_restores_every_line(self):
        contract = self.contract(self.hosting, self.support)
        campaign = self._revise(contract, "2026-03-10").campaign_id
        campaign.reason = "The customer refused"
        campaign.action_cancel()
        self.assertEqual(sorted(contract.current_line_ids.mapped("price_unit")), [30.0, 100.0])
        self.assertEqual(set(campaign.revision_ids.mapped("state")), {"cancelled"})

    # waiting

    def test_old_price_then_difference_and_held_line_end_at_the_same_total(self):
        totals = []
        for waiting in ("old_price", "hold"):
            index = self._index(waiting, {"2024-11": "100"})
            named = {"base_rule": "named", "base_period": "2024-11", "reading_rule": "lag", "lag": 2}
            contract = self.contract(revision_clause_id=self._clause(index, named, while_waiting=waiting).id)
            self._revise(contract, "2026-03-10", approve=False)
            self._bill(contract, "2026-03-10")
            self.assertEqual(self._net(contract), 1200.0 if waiting == "hold" else 1500.0)
            self.assertFalse(self.engine._preview(contract, self._day("2026-03-10")))
            self._publish(index, {"2025-11": "110"})
            self._revise(contract, "2026-03-10")
            self._bill(contract, "2026-03-10")
            totals.append(self._net(contract))
        self.assertEqual(totals, [1530.0, 1530.0])

    def test_r45_a_corrected_value_proposes_and_never_reprices(self):
        index = self._index("Corrected", {"2024-11": "100", "2025-11": "110"})
        clause = self._clause(index, {"base_rule": "named", "base_period": "2024-11", "reading_rule": "lag", "lag": 2})
        contract = self.contract(revision_clause_id=clause.id)
        [revision] = self._revise(contract, "2026-03-10")
        self._bill(contract, "2026-03-10")
        self.assertEqual(revision.price, 110.0)
        self._publish(index, {"2025-11": "108"})
        [correction] = self.env["subscription.revision"].search([("corrects_id", "=", revision.id)])
        self.assertEqual(
            (correction.state, correction.price, contract.current_line_ids.price_unit), ("proposed", 108.0, 110.0)
        )
        correction.action_approve()
        self._bill(contract, "2026-03-10")
        self.assertEqual(contract.current_line_ids.price_unit, 108.0)
        self.assertEqual(self._net(contract), 1200 + 3 * 108)
        self.assertEqual(
            (revision.state, revision.price, revision.evidence["terms"][0]["current"]["value"]),
            ("applied", 110.0, "110.0"),
        )

    def corrected(self):
        """An applied revision of both lines of a contract by a value that is corrected since."""
        index = self._index("Corrected", {"2024-11": "100", "2025-11": "110"})
        clause = self._clause(index, {"base_rule": "named", "base_period": "2024-11", "reading_rule": "lag", "lag": 2})
        contract = self.contract(self.hosting, self.support, revision_clause_id=clause.id)
        self._revise(contract, "2026-03-10")
        self._publish(index, {"2025-11": "108"})
        return contract, index, self._corrections(contract)

    def _corrections(self, contract):
        return contract.price_revision_ids.filtered("corrects_id").sorted("id")

    def test_r45_lines_are_corrected_together(self):
        contract, _index, corrections = self.corrected()
        corrections.action_approve()
        self.assertEqual(len(corrections.amendment_id), 1)
        self.assertEqual(sorted(contract.current_line_ids.mapped("price_unit")), [32.4, 108.0])

    def test_r45_a_value_corrected_twice_starts_from_the_same_price(self):
        contract, index, corrections = self.corrected()
        self._publish(index, {"2025-11": "107"})
        self.assertEqual(sorted(corrections.mapped("price")), [32.1, 107.0], "what is open is calculated again")
        corrections.action_approve()
        self._publish(index, {"2025-11": "106"})
        again = self._corrections(contract) - corrections
        again.action_approve()
        self.assertEqual(sorted(contract.current_line_ids.mapped("price_unit")), [31.8, 106.0])

    def test_r45_a_correction_under_a_later_revision_is_refused_and_names_it(self):
        index = self._index("Corrected", {"2023-11": "100", "2024-11": "110", "2025-11": "120"})
        term = {"reading_rule": "lag", "lag": 2}
        contract = self.contract(date_start="2024-01-01", revision_clause_id=self._clause(index, term).id)
        self._revise(contract, "2026-03-10")
        [later] = self._revise(contract, "2026-03-10", approve=False)
        self._publish(index, {"2024-11": "108"})
        later.action_approve()
        [correction] = self._corrections(contract)
        with self.assertRaisesRegex(UserError, "01/01/2026"), self.env.cr.savepoint():
            correction.action_approve()

    def test_a_line_that_ended_meanwhile_is_revised_no_more(self):
        clause = self._clause(self.index, {"reading_rule": "lag", "lag": 1})
        contract = self.contract(self.hosting, self.support, revision_clause_id=clause.id)
        revisions = self._revise(contract, "2026-03-10", approve=False)
        self.assertEqual(set(revisions.mapped("state")), {"waiting"})
        contract._amend(self._day("2025-12-01"), [(contract.line_ids[0], None)])
        self.env["subscription.revision"]._follow_clauses(self.env.company)
        self.assertEqual(sorted(revisions.mapped("state")), ["cancelled", "waiting"])

    # the desk and the clause

    def test_the_desk_warns_of_a_revision_that_is_due(self):
        contract = self.contract()
        self._revise(contract, "2026-03-10", approve=False)
        charges = self.engine._preview(contract, self._day("2026-03-10"))
        self.assertIn("not applied", self.engine._proposal_warnings(charges)[contract][0])

    def test_a_clause_that_customers_follow_is_not_edited(self):
        self.contract()
        with self.assertRaisesRegex(UserError, "duplicate"), self.env.cr.savepoint():
            self.plus_10.percentage = 20.0
        self.plus_10.automation = "none"

    def test_a_person_sets_the_revision_of_a_running_contract(self):
        contract = self._contract(date_start="2025-01-01")
        setup = Form(self.env["subscription.revision.setup"].with_context(default_contract_id=contract.id))
        setup.choice = "percentage"
        setup.percentage = 2.0
        self.assertIn("102.00", setup.example)
        self.assertIn("01/01/2027", setup.upcoming)
        setup.save().action_confirm()
        self.assertEqual(contract.revision_clause_id.percentage, 2.0)
        self.assertEqual(str(contract.revision_from), "2026-03-10")
        self.assertEqual(contract.amendment_ids.sorted("number")[-1].kind, "terms")

    def test_what_if_shows_both_years_and_writes_nothing(self):
        index = self._index("If", {"2025-01": "100"})
        contract = self.contract(revision_clause_id=self._clause(index).id)
        self._bill(contract, "2026-03-10")
        whatif = self.env["subscription.revision.whatif"].create({"index_id": index.id, "percentage": 3.0})
        whatif.action_show()
        then = whatif.month_ids.filtered(lambda month: month.scenario == "then").mapped("amount")
        now = whatif.month_ids.filtered(lambda month: month.scenario == "now").mapped("amount")
        self.assertEqual((sum(now), sum(then)), (1100.0, 1106.0))
        self.assertEqual(contract.line_ids.mapped("price_unit"), [100.0])

    def test_the_job_applies_what_the_clause_lets_it(self):
        self.plus_10.automation = "apply"
        contract = self.contract()
        self.env["subscription.revision"]._follow_clauses(self.env.company)
        self.assertEqual(contract.current_line_ids.price_unit, 110.0)

    def test_the_job_does_for_each_line_what_its_own_clause_says(self):
        self.plus_10.automation = "none"
        own = {kind: self._clause(percentage=5.0, automation=kind) for kind in ("none", "propose", "apply")}
        contract = self.contract(self.hosting, *[self.support] * 3)
        contract.revision_exception_ids = [
            Command.create({"chain_id": line.id, "clause_id": clause.id})
            for line, clause in zip(contract.line_ids[1:], own.values(), strict=True)
        ]
        self.env["subscription.revision"]._follow_clauses(self.env.company)
        self.assertEqual(
            {(item.clause_id, item.state) for item in contract.price_revision_ids},
            {(own["propose"], "proposed"), (own["apply"], "applied")},
        )

    def test_the_job_proposes_as_early_as_the_letter_of_each_clause_asks(self):
        contracts = [
            self.contract(date_start="2025-04-01", revision_clause_id=self._clause(percentage=1.0, letter_days=days).id)
            for days in (0, 60)
        ]
        self.env["subscription.revision"]._follow_clauses(self.env.company)
        self.assertEqual([len(contract.price_revision_ids) for contract in contracts], [0, 1])

    def test_the_job_sets_a_bad_contract_aside(self):
        self.plus_10.automation = "apply"
        contracts = [self.contract(self.hosting, self.support) for _number in range(3)]
        bad = contracts[1]
        check = type(bad)._check_amendable

        def check_amendable(contract, day):
            if contract == bad:
                raise UserError("Busy")
            check(contract, day)

        with patch.object(type(bad), "_check_amendable", check_amendable):
            self.env["subscription.revision"]._follow_clauses(self.env.company)
        states = [set(contract.price_revision_ids.mapped("state")) for contract in contracts]
        self.assertEqual(states, [{"applied"}, {"proposed"}, {"applied"}])
        self.assertEqual(set(bad.price_revision_ids.mapped("failure")), {"Busy"})
        self.assertEqual(len(contracts[0].price_revision_ids.amendment_id), 1)

    def test_the_letter_leaves_ahead_and_is_kept(self):
        self.customer.email = "customer@example.com"  # copied with it
        clause = self._clause(percentage=10.0, letter_days=30, letter_in_words=True)
        contract = self.contract(date_start="2025-04-01", revision_clause_id=clause.id)
        self.env["subscription.revision"]._follow_clauses(self.env.company)
        revision = contract.price_revision_ids
        revision.action_approve()
        [letter] = self.env["subscription.revision"]._letters_due().values()
        letter._send_letter()
        self.assertTrue(revision.letter_on)
        [attachment] = revision.letter_message_id.attachment_ids
        self.assertTrue(attachment.raw.startswith(b"%PDF"))
        self.assertIn(contract.partner_id, revision.letter_message_id.partner_ids)
        self.assertFalse(self.env["subscription.revision"]._letters_due())
