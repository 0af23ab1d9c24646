from hashlib import sha256

from odoo.tests import HttpCase, tagged

from odoo.addons.subscription_billing.tests.sale_common import SaleSubscriptionCommon

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@tagged("post_install", "-at_install")
class TestSignature(SaleSubscriptionCommon, HttpCase):
    """A signature on the portal keeps where it came from and the very document, on the order and on the contract."""

    def setUp(self):
        super().setUp()
        self._set_today(str(self.env.cr.now().date()))

    def _to_sign(self, *lines, **values):
        quote = self._quote(*lines, **{"require_signature": True, "require_payment": False, **values})
        quote.action_quotation_sent()
        return quote

    def _sign(self, quote, **values):
        self.env.flush_all()
        answer = self.make_jsonrpc_request(
            f"/my/orders/{quote.id}/accept",
            {"access_token": quote._portal_ensure_token(), "name": "Signer", "signature": PICTURE, **values},
        )
        self.env.invalidate_all()
        return answer

    def _attached(self, contract):
        return self.env["ir.attachment"].search(
            [("res_model", "=", "subscription.contract"), ("res_id", "=", contract.id)]
        )

    def assertProven(self, order):
        """The order and its contract keep one document, and its hash is that of these bytes."""
        signed = order.subscription_contract_signed_pdf_id
        self.assertTrue(signed.raw)
        self.assertIn(signed, order.message_ids.attachment_ids, "the very document that Odoo has kept")
        self.assertEqual(order.subscription_contract_signed_hash, sha256(signed.raw).hexdigest())
        self.assertEqual(order.subscription_contract_signed_from, "127.0.0.1")
        return signed.raw

    def test_what_is_kept(self):
        order = self._to_sign(self.hosting)
        self._sign(order)
        contract = order.subscription_contract_id
        self.assertEqual((order.state, order.signed_by, contract.state), ("sale", "Signer", "active"))
        self.assertTrue(order.signature and order.signed_on)
        self.assertEqual(self._attached(contract).mapped("raw"), [self.assertProven(order)])
        self.assertEqual(contract.signed_order_ids, order)

    def test_a_signature_that_must_be_paid_counts_once_it_is(self):
        order = self._to_sign(self.hosting, require_payment=True, prepayment_percent=1.0)
        self._sign(order)
        self.assertFalse(order.subscription_contract_id)
        signed = self.assertProven(order)
        order.action_confirm()
        self.assertEqual(self._attached(order.subscription_contract_id).mapped("raw"), [signed])

    def test_an_upsell_amends_by_its_signature(self):
        contract = self._order(self.hosting).subscription_contract_id
        upsell = self._to_sign(self.support, subscription_contract_id=contract.id, subscription_intent="upsell")
        self.assertFalse(self._attached(contract), "confirmed without a signature")
        self._sign(upsell)
        self.assertEqual(contract.amendment_ids.order_id, upsell)
        self.assertEqual(contract.current_line_ids.product_id, self.hosting | self.support)
        self.assertEqual(self._attached(contract).mapped("raw"), [self.assertProven(upsell)])
        self.assertEqual(contract.signed_order_ids, upsell)

    def test_a_renewal_renews_by_its_signature(self):
        contract = self._order(self.hosting).subscription_contract_id
        contract.write({"commitment": 12, "renewal": "accept"})
        contract.write({"term_start": contract.date_start, "term_end": contract._today()})
        quote = self.env["sale.order"].browse(contract.action_renewal_quote()["res_id"])
        quote.write({"require_signature": True, "require_payment": False})
        quote.action_quotation_sent()
        self._sign(quote)
        self.assertIn("renew", contract.amendment_ids.mapped("kind"))
        self.assertEqual(self._attached(contract).mapped("raw"), [self.assertProven(quote)])

    def test_what_is_not_signed_proves_nothing(self):
        order = self._to_sign(self.hosting)
        self.assertIn("error", self._sign(order, signature=False))
        self.assertIn("error", self._sign(order, access_token="wrong"))
        self.assertFalse(order.subscription_contract_signed_hash or order.subscription_contract_signed_from)
        order.action_confirm()
        self.assertFalse(self._attached(order.subscription_contract_id))

    def test_an_ordinary_order_is_signed_as_before(self):
        order = self._to_sign(self.router, subscription_plan_id=False)
        self._sign(order)
        self.assertEqual((order.state, order.subscription_contract_signed_hash), ("sale", False))

    def test_a_quotation_that_is_taken_back_has_to_be_signed_again(self):
        order = self._to_sign(self.hosting)
        self._sign(order)
        first = order.subscription_contract_id
        order._action_cancel()
        order.action_draft()
        self.assertFalse(order.subscription_contract_signed_hash or order.subscription_contract_signed_pdf_id)
        order.action_confirm()
        self.assertEqual(len(self._attached(first)), 1, "what was signed the first time, and nothing more")
        self.assertFalse(order.signed_on)
