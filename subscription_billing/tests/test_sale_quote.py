from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import HttpCase, tagged

from .common import orm_examples
from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSaleQuote(SaleSubscriptionCommon):
    """What a quotation says is what the contract does."""

    def _texts(self, order):
        return [text.replace("\xa0", " ") for text in order._subscription_amount_texts()]

    def test_the_price_of_each_recurrence_and_what_is_paid_once(self):
        self.support.subscription_recurrence_id = self.yearly
        order = self._quote(self.hosting, self.support, self.setup_fee, self.router)
        self.assertEqual(self._texts(order), ["$ 100.00 per month", "$ 30.00 per year", "$ 130.00 once"])
        self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        self.assertEqual(self._texts(order), ["$ 90.00 per month", "$ 27.00 per year", "$ 117.00 once"])
        order.action_confirm()
        self.assertEqual(self._texts(order), ["$ 90.00 per month", "$ 27.00 per year", "$ 117.00 once"])

    def test_usage_is_announced_without_an_amount(self):
        order = self._quote(self.hosting, self.traffic)
        self.assertEqual(self._texts(order), ["$ 100.00 per month", "and what is used"])

    def test_an_ordinary_order_says_nothing_of_it(self):
        order = self._quote(self.router, subscription_plan_id=False)
        self.assertFalse(order.subscription_recurring or order.subscription_recurring_summary)
        self.assertFalse(order.subscription_contract_first_date or order.subscription_contract_overview)

    def test_amounts_read_as_the_lines_do(self):
        self.env.company.account_price_include = "tax_included"
        order = self._quote(self.hosting)
        self.assertEqual(self._texts(order)[0], f"$ {order.amount_total:.2f} per month")

    def test_the_overview_tells_what_binds_the_customer(self):
        self.plan.write({"commitment": 12, "renewal_term": 1, "renewal_term_unit": "year", "notice": 3})
        order = self._quote(self.hosting, subscription_start_date="2026-04-01")
        self.assertEqual(
            [(label, text.replace("\xa0", " ")) for label, text in order._subscription_overview()],
            [
                ("Price", "$ 100.00 per month, tax excluded"),
                ("Start", "04/01/2026"),
                ("Billed", "In advance"),
                ("First invoice", f"$ {order.amount_total:.2f} on 04/01/2026, tax included"),
                ("Commitment", "12 months"),
                ("Renewal", "Tacit renewal, for 1 year each time"),
                ("Notice", "3 months before the end of a term"),
            ],
        )
        self.plan.write({"commitment": 0, "notice": 0})
        self.assertEqual(dict(order._subscription_overview())["Commitment"], "None")
        self.assertNotIn("Renewal", dict(order._subscription_overview()))

    def test_a_confirmed_order_tells_the_terms_of_its_contract(self):
        order = self._order(self.hosting)
        self.plan.write({"commitment": 24})
        self.assertEqual(dict(order._subscription_overview())["Commitment"], "None")
        self.assertEqual(dict(order._subscription_overview())["Start"], "03/10/2026")

    def test_the_first_invoice_of_a_billed_contract_is_the_one_issued(self):
        order = self._order(self.hosting)
        invoice = self._first_bill(order)
        self._bill(order.subscription_contract_id, "2026-06-10")
        self.assertEqual(order._subscription_first_invoice(), (invoice.invoice_date, invoice.amount_total))

    def test_a_free_stub_is_no_first_invoice(self):
        self.plan.write({"alignment": "calendar", "alignment_day": 1, "proration_policy": "free"})
        order = self._quote(self.hosting)
        expected = (self._day("2026-04-01"), order.amount_total)
        self.assertEqual(order._subscription_first_invoice(), expected)
        order.action_confirm()
        self.assertEqual(order._subscription_first_invoice(), expected)
        self.assertFalse(self._bill(order.subscription_contract_id, self.today))
        self.assertEqual(order._subscription_first_invoice(), expected)
        self.assertEqual(self._first_bill(order).amount_total, order.amount_total)

    def test_previewing_writes_nothing(self):
        order = self._quote(self.hosting, self.setup_fee)
        self.env.flush_all()
        sequence = self.env["ir.sequence"].search([("code", "=", "subscription.contract")])
        number = sequence.number_next_actual
        before = self.env["subscription.contract"].search_count([])
        order._subscription_first_invoice()
        self.env.flush_all()
        self.assertEqual(sequence.number_next_actual, number)
        self.assertEqual(self.env["subscription.contract"].search_count([]), before)

    @orm_examples
    @given(
        timing=st.sampled_from(["advance", "arrears"]),
        alignment=st.sampled_from(["anniversary", "calendar"]),
        policy=st.sampled_from(["exact_days", "months_then_days", "thirty_360", "full_period", "free"]),
        catch_up=st.sampled_from(["each", "summary"]),
        start=st.dates(date(2026, 1, 1), date(2026, 6, 30)),
        lines=st.lists(
            st.tuples(
                st.sampled_from(["hosting", "support", "setup_fee"]),
                st.integers(1, 5),
                st.decimals(1, 200, places=2),
                st.sampled_from([0.0, 7.5, 33.33]),
            ),
            min_size=1,
            max_size=4,
        ),
        discount=st.sampled_from([0.0, 0.05, 0.125]),
    )
    def test_the_announced_first_invoice_is_the_one_that_comes(
        self, timing, alignment, policy, catch_up, start, lines, discount
    ):
        with self.env.cr.savepoint() as savepoint:
            self.plan.write(
                {
                    "billing_timing": timing,
                    "alignment": alignment,
                    "alignment_day": 1,
                    "proration_policy": policy,
                    "catch_up": catch_up,
                }
            )
            order = self._quote(
                self.hosting,
                *(
                    {
                        "product_id": getattr(self, name).id,
                        "product_uom_qty": quantity,
                        "price_unit": float(price),
                        "discount": off,
                    }
                    for name, quantity, price, off in lines
                ),
                subscription_start_date=start,
            )
            if discount:
                self._discount(order, discount_type="so_discount", discount_percentage=discount)
            announced = order._subscription_first_invoice()
            order.action_confirm()
            confirmed = order._subscription_first_invoice()
            invoice = self._first_bill(order)
            self.assertEqual(announced, confirmed)
            self.assertTrue(invoice)
            self.assertEqual(announced.amount, invoice.amount_total)
            savepoint.rollback()


@tagged("post_install", "-at_install")
class TestSaleQuotePage(SaleSubscriptionCommon, HttpCase):
    """The form, the print and the customer's page say the same."""

    def test_print_and_page_show_the_offer(self):
        self.plan.write({"note": "<p>Terms <b>in bold</b></p>", "commitment": 12})
        order = self._quote(self.hosting, self.setup_fee, require_signature=True)
        order.action_quotation_sent()
        html = self.env["ir.actions.report"]._render_qweb_html("sale.action_report_saleorder", order.ids)[0].decode()
        page = self.url_open(order.get_portal_url()).text
        for text in (html, page):
            text = text.replace("\xa0", " ")
            self.assertIn("$ 100.00 per month, $ 50.00 once", text)
            self.assertIn("<b>in bold</b>", text)
            self.assertIn("12 months", text)
            self.assertIn("per month", text)
            self.assertIn("tax included", text)

    def test_an_ordinary_quotation_shows_none_of_it(self):
        order = self._quote(self.router, subscription_plan_id=False)
        order.action_quotation_sent()
        html = self.env["ir.actions.report"]._render_qweb_html("sale.action_report_saleorder", order.ids)[0].decode()
        page = self.url_open(order.get_portal_url()).text
        self.assertNotIn('name="subscription"', html)
        self.assertNotIn('id="subscription"', page)

    def test_a_customer_takes_an_option_and_accepts(self):
        order = self._quote(
            self.hosting,
            {"display_type": "line_section", "name": "Options", "is_optional": True},
            {"product_id": self.support.id, "product_uom_qty": 0},
            require_signature=True,
        )
        order.action_quotation_sent()
        option = self._line(order, self.support)
        self.make_jsonrpc_request(
            f"/my/orders/{order.id}/update_line_dict",
            {"line_id": option.id, "access_token": order._portal_ensure_token(), "input_quantity": 2},
        )
        self.make_jsonrpc_request(
            f"/my/orders/{order.id}/accept",
            {
                "access_token": order.access_token,
                "name": "A customer",
                "signature": "R0lGODlhAQABAAD/ACwAAAAAAQABAAACADs=",
            },
        )
        contract = order.subscription_contract_id
        self.assertEqual((order.state, contract.state), ("sale", "active"))
        self.assertEqual(contract.line_ids.mapped("quantity"), [1.0, 2.0])
        self.assertEqual(contract.signed_on, order.signed_on.date())
