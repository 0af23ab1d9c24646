from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import TenPercentCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10")
class TestRevisionWaiting(TenPercentCommon):
    """Revisions that wait for a value, and values that are corrected after they were used."""

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
