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
            self.assertEqual(len(self.heard(move, "_on_invoiced")), 1)
        self.assertEqual(sum(moves.mapped("amount_untaxed")), 390.0, "_line_quantity changes what is billed")
        self.assertEqual(len(self.heard(self.contract, "_collect")), 1)

    def heard(self, record, hook):
        """What the hook said on a record, in order."""
        said = f"<p>Through {hook}"
        bodies = reversed(self.bodies(record))
        return [body.removeprefix(said).removesuffix("</p>").lstrip(": ") for body in bodies if body.startswith(said)]

    def test_on_invoiced_fires_for_a_draft_posted_by_hand(self):
        self.contract.invoicing_mode = "draft"
        move = self._bill(self.contract, "2026-01-01")[0]
        self.assertEqual(len(self.heard(move, "_on_invoiced")), 0)
        move.action_post()
        self.assertEqual(len(self.heard(move, "_on_invoiced")), 1)

    def test_on_invoiced_fires_for_credit_notes(self):
        moves = self._bill(self.contract, "2026-01-01")
        by_hand = moves[0]._reverse_moves()
        self.assertEqual(len(self.heard(by_hand, "_on_invoiced")), 0)
        by_hand.action_post()
        self.assertEqual(len(self.heard(by_hand, "_on_invoiced")), 1)
        self.contract._close(self._day("2026-01-16"), self.reason, credit="prorata")
        by_engine = self.contract.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
        self.assertEqual(by_engine.mapped("state"), ["posted"])
        self.assertEqual(len(self.heard(by_engine, "_on_invoiced")), 1)

    def test_on_invoiced_ignores_what_is_no_contract(self):
        invoice = self.init_invoice("out_invoice", products=self.setup_fee)
        invoice.action_post()
        self.assertEqual(self.heard(invoice, "_on_invoiced"), [])

    def test_on_lines_changed_once_per_verb(self):
        contract = self.contract
        other = self.env["subscription.plan"].create({"name": "Other", "recurrence_id": self.monthly.id})
        team = self.env["crm.team"].sudo().create({"name": "A team"})
        twice = [(line, {"quantity": 2.0}) for line in contract.current_line_ids]
        verbs = [
            (lambda: contract._amend(self._day("2026-02-01"), twice), "change"),
            (lambda: contract._amend(self._day("2026-02-01"), twice), None),
            (lambda: contract.amendment_ids.sorted("number")[-1]._undo(), "undo"),
            (lambda: contract.write({"user_id": self.simple_accountman.id}), "party"),
            (lambda: contract.write({"user_id": self.simple_accountman.id}), None),
            (lambda: contract.write({"team_id": team.id}), "party"),
            (lambda: contract.write({"partner_id": self.partner_b.id}), "party"),
            (lambda: contract._change_plan(other, self._day("2026-03-01")), "plan"),
            (lambda: contract._pause(self._day("2026-04-01")), "pause"),
            (lambda: contract._resume(self._day("2026-05-01")), "resume"),
            (lambda: contract._close(self._day("2026-06-01"), self.reason), "close"),
        ]
        expected = ["activate"]
        self.assertEqual(self.heard(contract, "_on_lines_changed"), expected)
        for verb, kind in verbs:
            verb()
            expected += [kind] if kind else []
            self.assertEqual(self.heard(contract, "_on_lines_changed"), expected)

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
