from odoo.exceptions import UserError
from odoo.tests import Form, freeze_time, tagged

from .common import TenPercentCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10")
class TestRevisionClause(TenPercentCommon):
    """Which clause a contract follows."""

    def test_the_clause_of_a_plan_is_copied(self):
        self.plan.revision_clause_id = self.plus_10
        contract = self._contract(date_start="2025-01-01", **self.plan._terms_values())
        self.assertEqual(contract.revision_clause_id, self.plus_10)
        self.plan.revision_clause_id = False
        self.assertEqual(contract.revision_clause_id, self.plus_10)

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
