from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSaleRenewal(SaleSubscriptionCommon):
    """Quotations on a running contract: accepted, the same contract goes on."""

    def setUp(self):
        super().setUp()
        self.plan.write({"commitment": 12, "renewal": "accept"})
        self.contract = self._order(
            {"product_id": self.hosting.id, "product_uom_qty": 2, "discount": 10.0}, self.support
        ).subscription_contract_id
        self.hosting_line, self.support_line = self.contract.line_ids

    def quote(self, action):
        return self.env["sale.order"].browse(action["res_id"])

    def rows(self, product):
        rows = self.contract.line_ids.filtered(lambda line: line.product_id == product and line._period())
        return [(row.date_start, row.date_end, row.quantity, row.discount) for row in rows.sorted("date_start")]

    def test_a_renewal_has_the_present_lines_and_goes_on(self):
        order = self.quote(self.contract.action_renewal_quote())
        self.assertEqual(order.order_line.mapped("discount"), [10.0, 0.0])
        self.assertEqual(order.subscription_start_date, date(2027, 3, 10))
        order.order_line[0].product_uom_qty = 3
        order.order_line[1].unlink()
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id, self.contract)
        self.assertEqual(self.contract.search_count([("partner_id", "=", self.customer.id)]), 1)
        self.assertEqual(
            self.rows(self.hosting),
            [
                (date(2026, 3, 10), date(2027, 3, 9), 2.0, 10.0),
                (date(2027, 3, 10), date(2028, 3, 9), 3.0, 10.0),
            ],
        )
        self.assertEqual(self.rows(self.support)[-1][1], date(2027, 3, 9), "what the quotation leaves out ends")
        self.assertEqual(self.contract.anchor_date, date(2026, 3, 10))
        self.assertEqual(order.invoice_status, "invoiced", "nothing is left to Sales")
        self.assertFalse(order._get_invoiceable_lines())
        order._subscription_hand_over()
        self.assertEqual(self.contract.amendment_ids.mapped("kind").count("renew"), 1)

    def test_a_renewal_says_what_its_term_costs(self):
        order = self.quote(self.contract.action_renewal_quote())
        self.assertIn(("Over the term", "$\xa02,520.00 until 03/09/2028, tax excluded"), order._subscription_overview())
        self.contract.write({"renewal_term": 45, "renewal_term_unit": "day"})
        # a month and 14 days of 30, from the 10th of March
        self.assertIn(("Over the term", "$\xa0308.00 until 04/23/2027, tax excluded"), order._subscription_overview())

    def test_a_renewal_without_a_change_changes_no_line(self):
        order = self.quote(self.contract.action_renewal_quote())
        order.action_confirm()
        self.assertEqual([row[2:] for row in self.rows(self.hosting)], [(2.0, 10.0), (2.0, 10.0)])
        self.assertEqual(self.contract.date_end, date(2028, 3, 9))

    def test_a_renewal_that_cannot_be_is_not_quoted(self):
        self.contract._close(self.today, self.reason)
        with self.assertRaisesRegex(UserError, "was ended"):
            self.contract.action_renewal_quote()

    def test_what_a_change_costs_is_shown_and_then_billed(self):
        self._bill(self.contract, self.today)
        self._set_today("2026-03-20")
        for hosting, support in ((5, 1), (1, 1), (1, 0)):
            order = self.quote(self.contract.action_change_quote())
            order.order_line[0].product_uom_qty = hosting
            order.order_line[1].product_uom_qty = support
            shown = order._subscription_first_invoice()
            order.action_confirm()
            moves = self._bill(self.contract, shown.date)
            signed = sum(move.amount_total * (-1 if move.move_type == "out_refund" else 1) for move in moves)
            self.assertAlmostEqual(signed, shown.amount)
            self.assertTrue(moves)
        self.assertFalse(self.support_line.chain_id._is_in_force(self.today))

    def test_a_change_before_the_first_invoice(self):
        order = self.quote(self.contract.action_change_quote())
        order.order_line[0].product_uom_qty = 4
        order.action_confirm()
        self.assertEqual(self._bill(self.contract, self.today).amount_untaxed, 390.0)

    def test_lines_of_a_quotation_may_be_removed_and_those_of_an_order_not(self):
        order = self.quote(self.contract.action_change_quote())
        order.order_line[1].unlink()
        order.action_confirm()
        self.assertTrue(self.support_line._is_in_force(self.today), "what a change does not name stays")
        with self.assertRaises(UserError):
            order.order_line.unlink()
