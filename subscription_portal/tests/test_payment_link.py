from odoo import Command, fields
from odoo.tests import JsonRpcException, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.account_payment.tests.common import AccountPaymentCommon
from odoo.addons.payment.tests.http_common import PaymentHttpCommon
from odoo.addons.subscription_billing.tests.sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestPaymentLink(PaymentHttpCommon, AccountPaymentCommon, SaleSubscriptionCommon):
    """Whoever holds a link to a document of a contract pays with a card of his own, and with no other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, "link_customer", groups="base.group_portal")
        cls.customer = cls.user.partner_id.commercial_partner_id
        cls.card = cls.env["payment.token"].create(
            {
                "provider_id": cls.provider.id,
                "payment_method_id": cls.payment_method_id,
                "payment_details": "4242",
                "partner_id": cls.customer.id,
                "provider_ref": "stored before",
            }
        )

    def setUp(self):
        super().setUp()
        self._set_today(str(fields.Date.today()))

    # documents

    def _quote(self, *lines, **values):
        values = {"require_payment": True, "require_signature": False, "prepayment_percent": 1.0, **values}
        quote = super()._quote(*lines, **values)
        quote.action_quotation_sent()
        return quote

    def _invoice(self):
        order = self._order(self.hosting)
        return self._first_bill(order)

    def _plain_invoice(self):
        order = super()._quote(self.router, subscription_plan_id=False)
        order.action_confirm()
        self._line(order, self.router).qty_delivered = 1.0
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice

    # requests

    def _page(self, document):
        """The payment form that the link of ``document`` opens: its cards, and where it offers to store one."""
        self.env.flush_all()
        return self._form(self.url_open(document.get_portal_url()))

    def _form(self, response):
        self.assertEqual(response.status_code, 200)
        self.assertIn("o_payment_form", response.text, "the page asks for money")
        offers = 'name="o_payment_tokenize_checkbox"' in response.text
        return self._get_payment_context(response)["token_ids"], offers

    def _post(self, document, flow="direct", token=None, tokenize=False, route=None, **values):
        """Pay ``document`` through the route of its page; returns the transaction."""
        self.env.flush_all()
        routes = {"sale.order": "/my/orders/%s/transaction", "account.move": "/invoice/transaction/%s"}
        processing = self._get_processing_values(
            tx_route=route or routes[document._name] % document.id,
            **{
                "provider_id": self.provider.id,
                "payment_method_id": self.payment_method_id,
                "token_id": token and token.id,
                "amount": document.amount_total,
                "flow": flow,
                "tokenization_requested": tokenize,
                "landing_route": "/my",
                "access_token": document._portal_ensure_token(),
                **values,
            },
        )
        return self._get_tx(processing["reference"])

    def _pay_link(self, amount=50.0, **values):
        currency = self.env.company.currency_id
        return {
            "amount": amount,
            "currency_id": currency.id,
            "partner_id": self.customer.id,
            "access_token": self._generate_test_access_token(self.customer.id, amount, currency.id),
            **values,
        }

    def assertRefused(self, document, token, **values):
        known = self.env["payment.transaction"].sudo().search_count([])
        with (
            self.assertRaises(JsonRpcException, msg="a card that was stored before is refused"),
            mute_logger("odoo.http"),
        ):
            self._post(document, flow="token", token=token, **values)
        self.assertEqual(self.env["payment.transaction"].sudo().search_count([]), known)

    # nobody is logged in

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_a_link_shows_and_charges_no_stored_card(self):
        for document in (self._quote(self.hosting), self._invoice()):
            with self.subTest(document=document._name):
                self.assertEqual(self._page(document)[0], [])
                self.assertRefused(document, self.card)
                self.assertEqual(self._post(document).operation, "online_direct", "a card typed there pays")

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_a_card_is_stored_where_a_new_contract_is_accepted(self):
        quote = self._quote(self.hosting)
        self.assertTrue(self._page(quote)[1])
        self.assertTrue(self._post(quote, tokenize=True).tokenize)

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_a_link_stores_no_card_on_what_runs(self):
        contract = self._order(self.hosting).subscription_contract_id
        upsell = self.env["sale.order"].browse(contract.action_upsell_quote()["res_id"])
        upsell.write(
            {
                "require_payment": True,
                "require_signature": False,
                "order_line": [Command.create({"product_id": self.support.id})],
            }
        )
        for document in (upsell, self._invoice()):
            with self.subTest(document=document._name):
                self.assertFalse(self._page(document)[1], "it is not offered")
                self.assertFalse(self._post(document, tokenize=True).tokenize, "nor taken")
        confirmed = self._order(self.hosting)
        self.assertFalse(self._post(confirmed, tokenize=True).tokenize)
        expired = self._quote(self.hosting, validity_date="2020-01-01")
        self.assertFalse(self._post(expired, tokenize=True).tokenize)

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_a_payment_link_is_no_way_around(self):
        invoice = self._invoice()
        link = self._pay_link(invoice.amount_total)
        with_invoice = self._form(self._portal_pay(**link, invoice_id=invoice.id))
        without = self._form(self._portal_pay(**link, company_id=self.env.company.id))
        self.assertEqual((with_invoice, without), (([], False), ([], False)))
        values = {**link, "reference_prefix": "S", "is_validation": False}
        self.assertRefused(invoice, self.card, route="/payment/transaction", **values)
        self.assertFalse(self._post(invoice, tokenize=True, route="/payment/transaction", **values).tokenize)
        values["is_validation"] = True
        self.assertFalse(self._post(invoice, tokenize=True, route="/payment/transaction", **values).tokenize)

    @mute_logger("odoo.http")
    def test_overdue_invoices_are_for_those_who_log_in(self):
        invoice = self._invoice()
        self.assertNotIn("o_payment_form", self.url_open("/my/invoices/overdue").text)
        with self.assertRaises(JsonRpcException):
            self._post(
                invoice,
                flow="token",
                token=self.card,
                route="/invoice/transaction/overdue",
                payment_reference=invoice.name,
            )

    # ordinary documents are as Odoo has them

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_ordinary_documents_are_as_before(self):
        order = self._quote(self.router, subscription_plan_id=False)
        for document in (order, self._plain_invoice()):
            with self.subTest(document=document._name):
                self.assertEqual(self._page(document), (self.card.ids, True))
                self.assertEqual(self._post(document, flow="token", token=self.card).token_id, self.card)
                self.assertTrue(self._post(document, tokenize=True).tokenize)

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_a_customer_without_contract_pays_by_link_as_before(self):
        page = self._portal_pay(**self._pay_link(), company_id=self.env.company.id)
        self.assertEqual(self._form(page), (self.card.ids, True))

    # logged in

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_the_customer_uses_his_own_cards(self):
        self.authenticate(self.user.login, self.user.login)
        for document in (self._quote(self.hosting), self._invoice()):
            with self.subTest(document=document._name):
                self.assertEqual(self._page(document), (self.card.ids, True))
                self.assertEqual(self._post(document, flow="token", token=self.card).token_id, self.card)
                self.assertTrue(self._post(document, tokenize=True).tokenize)

    @mute_logger("odoo.addons.payment.models.payment_transaction")
    def test_no_card_of_somebody_else(self):
        """Neither that of another contact of the company, nor, by the link of a customer, his."""
        colleague = self.env["res.partner"].create({"name": "A colleague", "parent_id": self.customer.id})
        other_card = self.card.copy({"partner_id": colleague.id})
        invoice = self._invoice()
        self.authenticate(self.user.login, self.user.login)
        self.assertRefused(invoice, other_card)
        stranger = new_test_user(self.env, "link_stranger", groups="base.group_portal")
        self.authenticate(stranger.login, stranger.login)
        self.assertEqual(self._page(invoice)[0], [])
        self.assertRefused(invoice, self.card)
        values = {**self._pay_link(), "reference_prefix": "S", "is_validation": False}
        self.assertRefused(invoice, self.card, route="/payment/transaction", **values)
