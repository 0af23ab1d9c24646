from odoo import Command
from odoo.tests import tagged

from odoo.addons.subscription_billing.tests.sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestLoyalty(SaleSubscriptionCommon):
    """Rewards are discounts, and gift cards are means of payment."""

    def test_a_gift_card_pays_once(self):
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift cards",
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "rule_ids": [Command.create({"reward_point_mode": "money", "reward_point_amount": 1})],
                "reward_ids": [
                    Command.create(
                        {"reward_type": "discount", "discount_mode": "per_point", "discount": 1, "required_points": 1}
                    )
                ],
            }
        )
        card = self.env["loyalty.card"].create({"program_id": program.id, "points": 30.0})
        order = self._quote(self.hosting)
        order._try_apply_code(card.code)
        order._apply_program_reward(program.reward_ids, card)
        total = order.amount_total
        order.action_confirm()
        contract = order.subscription_contract_id
        self.assertEqual(contract.line_ids.filtered(lambda line: line.kind == "recurring").discount, 0.0)
        self.assertEqual(self._bill(contract, self.today).amount_total, total)
        self.assertEqual(self._bill(contract, "2026-04-10").amount_untaxed, 100.0)

    def test_a_reward_becomes_the_discount_of_the_lines(self):
        program = self.env["loyalty.program"].create(
            {
                "name": "Ten percent",
                "program_type": "promotion",
                "trigger": "auto",
                "applies_on": "current",
                "rule_ids": [Command.create({})],
                "reward_ids": [
                    Command.create({"reward_type": "discount", "discount_mode": "percent", "discount": 10.0})
                ],
            }
        )
        order = self._quote(self.hosting, self.router)
        order._update_programs_and_rewards()
        order._apply_program_reward(program.reward_ids, order.coupon_point_ids.coupon_id)
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.discount, 10.0)
        self.assertEqual(order._create_invoices(final=True).amount_untaxed, 72.0)
