from odoo import Command
from odoo.tests import tagged

from odoo.addons.subscription_billing.tests.common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestHooks(SubscriptionCommon):
    """Each documented hook fires when the design says, and reaches the document."""

    def setUp(self):
        super().setUp()
        self.contract = self._contract(self.hosting, self.support, external_id="hooked")

    def bodies(self, record):
        return [str(body) for body in record.message_ids.mapped("body")]

    def test_invoices(self):
        moves = self._bill(self.contract, "2026-01-01")
        self.assertEqual(len(moves), 2, "_invoice_grouping_key: one invoice per product")
        for move in moves:
            self.assertIn("Through _invoice_vals", move.narration)
            self.assertIn("Through _invoice_line_vals", move.invoice_line_ids.name)
            self.assertEqual(move.invoice_line_ids.quantity, 3.0)
            self.assertTrue(any("Through _on_invoiced" in body for body in self.bodies(move)))
        self.assertEqual(sum(moves.mapped("amount_untaxed")), 390.0, "_line_quantity changes what is billed")
        self.assertTrue(any("Through _collect" in body for body in self.bodies(self.contract)))

    def test_on_invoiced_fires_for_a_draft_posted_by_hand(self):
        self.contract.invoicing_mode = "draft"
        move = self._bill(self.contract, "2026-01-01")[0]
        self.assertFalse(any("Through _on_invoiced" in body for body in self.bodies(move)))
        move.action_post()
        self.assertTrue(any("Through _on_invoiced" in body for body in self.bodies(move)))

    def test_on_lines_changed_once_per_verb(self):
        def heard(kind):
            return sum(f"Through _on_lines_changed: {kind}" in body for body in self.bodies(self.contract))

        self.assertEqual(heard("activate"), 1)
        self.contract._amend(
            self._day("2026-02-01"), [(line, {"quantity": 2.0}) for line in self.contract.current_line_ids]
        )
        self.assertEqual(heard("change"), 1)
        self.contract._amend(self._day("2026-02-01"), [(self.contract.current_line_ids[0], {"quantity": 2.0})])
        self.assertEqual(heard("change"), 1, "a change equal to what is there is no change")
        self.contract.user_id = False
        self.assertEqual(heard("parties"), 1)
        self.contract._close(self._day("2026-03-01"), self.reason)
        self.assertEqual(heard("close"), 1)

    def test_proposal_warnings(self):
        charges = self.engine._preview(self.contract, self._day("2026-01-01"))
        self.assertEqual(
            self.engine._proposal_warnings(charges)[self.contract], ["Through _proposal_warnings"] * len(charges)
        )

    def test_order_line(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "client_order_ref": "hooked",
                "subscription_plan_id": self.plan.id,
                "order_line": [Command.create({"product_id": self.hosting.id})],
            }
        )
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.section, "Through the order")
