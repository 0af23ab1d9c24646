from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import TenPercentCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10")
class TestRevisionUnattended(TenPercentCommon):
    """What happens by itself: the desk warns, the job proposes and applies, letters leave."""

    def test_the_desk_warns_of_a_revision_that_is_due(self):
        contract = self.contract()
        self._revise(contract, "2026-03-10", approve=False)
        charges = self.engine._preview(contract, self._day("2026-03-10"))
        self.assertIn("not applied", self.engine._proposal_warnings(charges)[contract][0])

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
