from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from .test_life import LifeCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-01-17")
class TestLifeWizards(LifeCommon):
    """What a dialog shows is what the next document says, for the seller of the contract."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env,
            "life_seller",
            groups="subscription_billing.group_subscription_user",
            company_id=cls.env.company.id,
            company_ids=[Command.set(cls.env.company.ids)],
        )

    def contract_of_seller(self, *lines, **values):
        contract = self._contract(*lines, user_id=self.seller.id, **values)
        self._bill(contract, "2026-01-01")
        return contract.with_user(self.seller)

    def dialog(self, model, contract):
        return Form(self.env[model].with_user(self.seller).with_context(default_contract_id=contract.id))

    def assertDoesWhatItShows(self, dialog, contract, day="2026-01-17"):
        wizard = dialog.save()
        wizard.action_preview()
        shown = round(wizard.amount, 2)
        wizard.action_confirm()
        self.assertEqual(round(sum(self.amounts(self._bill(contract.sudo(), day))), 2), shown)
        return shown

    def test_offer(self):
        family = self.env["subscription.plan.family"].create({"name": "Hosting"})
        plans = self.env["subscription.plan"]
        for name, price, rank in (("Bronze", 31.0, 1), ("Gold", 124.0, 3)):
            product = self._product(name, price)
            line = Command.create({"product_id": product.id})
            plans += plans.create(
                {"name": name, "family_id": family.id, "rank": rank, "upgrade_timing": "now", "line_ids": [line]}
            )
        bronze, gold = plans
        contract = self.contract_of_seller(bronze.line_ids.product_id, plan_id=bronze.id)
        self.assertTrue(contract.has_offers)
        dialog = self.dialog("subscription.offer", contract)
        dialog.plan_id = gold
        self.assertEqual(str(dialog.date), "2026-01-17")
        self.assertEqual(self.assertDoesWhatItShows(dialog, contract), 45.0)
        self.assertEqual(contract.plan_id, gold)

    def test_pause(self):
        contract = self.contract_of_seller()
        dialog = self.dialog("subscription.pause", contract)
        dialog.resumes_on = "2026-02-10"
        self.assertEqual(self.assertDoesWhatItShows(dialog, contract), -48.39)
        self.assertEqual(contract.state, "paused")

    def test_resume(self):
        contract = self.contract_of_seller()
        contract._pause(self._day("2026-01-10"))
        self._bill(contract.sudo(), "2026-01-17")
        dialog = self.dialog("subscription.resume", contract)
        self.assertEqual(self.assertDoesWhatItShows(dialog, contract), 48.39)
        self.assertEqual(contract.state, "active")

    def test_reopen(self):
        contract = self.contract_of_seller()
        contract._close(self._day("2026-01-10"), self.reason, credit="prorata")
        dialog = self.dialog("subscription.resume", contract)
        self.assertEqual(self.assertDoesWhatItShows(dialog, contract), 48.39)

    def test_the_fee_is_shown_and_can_be_waived(self):
        for with_fee, expected in ((True, [99.0]), (False, [])):
            contract = self.contract_of_seller(commitment=6, exit_fee="fixed", exit_fee_amount=99.0)
            dialog = self.dialog("subscription.close", contract)
            dialog.close_reason_id = self.reason
            self.assertEqual(dialog.exit_fee, 99.0)
            dialog.with_fee = with_fee
            wizard = dialog.save()
            wizard.action_preview()
            self.assertEqual(wizard.remaining_ids.mapped("amount"), expected)
            wizard.action_confirm()
            self.assertEqual(self.amounts(self._bill(contract.sudo(), "2026-02-01")), expected)

    def test_renewed_and_taken_back_by_the_seller(self):
        contract = self.contract_of_seller(commitment=1, renewal="accept")
        self.assertTrue(contract.is_renewable)
        contract.action_renew()
        self.assertFalse(contract.is_renewable)
        self.assertIn("Renewal from", contract.message_ids[0].body)
        self.last_amendment(contract).action_undo()
        self.assertTrue(contract.is_renewable)

    def test_only_who_may_write_the_contract_takes_an_amendment_back(self):
        contract = self.contract_of_seller(commitment=1)
        stranger = new_test_user(self.env, "life_stranger", groups="subscription_billing.group_subscription_user")
        amendment = contract._amend(self._day("2026-02-01"), [(contract.line_ids, {"quantity": 2.0})])
        with self.assertRaises(AccessError):
            amendment.with_user(stranger).sudo(False).action_undo()
