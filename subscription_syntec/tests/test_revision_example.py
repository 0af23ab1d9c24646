from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
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
        with self.assertRaisesRegex(AssertionError, "reason"):
            self._answer(revision.action_exclude(), False)
        self._answer(revision.action_exclude(), "Fixed price for this year")
        self.assertEqual((revision.state, revision.reason), ("excluded", "Fixed price for this year"))
        self.assertFalse(self.env["subscription.revision"]._propose(self._day("2015-02-10"), contract))
        self.assertEqual(contract.next_price_revision, self._day("2016-02-01"))
        revision.action_include()
        self.assertEqual((revision.state, revision.reason), ("proposed", False), "why it was out says nothing any more")
