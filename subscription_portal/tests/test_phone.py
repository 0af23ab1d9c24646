import re
from hashlib import sha256
from urllib.parse import urlsplit

from odoo import SUPERUSER_ID, Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.account_payment.tests.common import AccountPaymentCommon
from odoo.addons.mail.tests.common import MockEmail
from odoo.addons.subscription_billing.tests.sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestPhone(AccountPaymentCommon, SaleSubscriptionCommon, MockEmail, HttpCase):
    """A customer with a link and a phone, and a provider that moves no money."""

    browser_size = "390x844"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls._prepare_provider("demo", update_values={"is_published": True, "allow_tokenization": True})
        cls.dummy_provider.state = "disabled"
        cls.payment_method_id = cls.provider.payment_method_ids[:1].id
        cls.customer.write({"email": "customer@example.com", "country_id": cls.env.ref("base.fr").id})

    def setUp(self):
        super().setUp()
        self._set_today(str(fields.Date.today()))

    def _work(self):
        """The worker of the outbox, on a cursor of its own."""
        self.env.flush_all()
        with self.mock_mail_gateway(), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID)["subscription.outbox"]._cron_work()
        self.env.invalidate_all()

    def _card(self, state, customer=None):
        return self.env["payment.token"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.payment_method_id,
                "payment_details": "0002",
                "partner_id": (customer or self.customer).id,
                "provider_ref": "a card",
                "demo_simulated_state": state,
            }
        )

    def test_sign_and_pay(self):
        stored = self._card("done")
        order = self._quote(
            self.hosting, self.setup_fee, require_signature=True, require_payment=True, prepayment_percent=1.0
        )
        order.action_quotation_sent()
        self.start_tour(order.get_portal_url(), "subscription_phone_sign_and_pay")
        self.env.invalidate_all()
        contract = order.subscription_contract_id
        self.assertEqual((order.state, contract.state, order.signed_by), ("sale", "active", "Mary Phone"))
        self.assertTrue(order.signature)
        signed = self.env["ir.attachment"].search(
            [("res_model", "=", "subscription.contract"), ("res_id", "=", contract.id)]
        )
        self.assertEqual(len(signed), 1)
        self.assertEqual(order.subscription_contract_signed_hash, sha256(signed.raw).hexdigest())
        self.assertEqual(order.subscription_contract_signed_from, "127.0.0.1")
        self.assertTrue(contract.payment_token_id, "the customer ticked it")
        self.assertNotEqual(contract.payment_token_id, stored)
        invoice = self._first_bill(order)
        self.assertEqual((invoice.amount_residual, invoice.transaction_ids), (0.0, order.transaction_ids))
        self.assertEqual(order.subscription_contract_progress, "accepted")
        self.assertTrue(order.subscription_contract_opened_on and order.subscription_contract_paid_on)

    def _failed(self, customer=None):
        """A contract that was reminded and suspended because its card is refused; its invoice and the link it got."""
        self.plan.write(
            {
                "invoicing_mode": "post_charge",
                "retry_step_ids": [
                    Command.create({"days": 0, "sequence": 1, "action": "remind"}),
                    Command.create({"days": 0, "sequence": 2, "action": "suspend"}),
                    Command.create({"days": 5, "action": "retry"}),
                    Command.create({"days": 9, "action": "remind"}),
                ],
            }
        )
        customer = customer or self.customer
        contract = self._contract(
            self.hosting,
            date_start=self.today,
            partner_id=customer.id,
            payment_token_id=self._card("error", customer).id,
            collection_method="token",
            invoicing_mode="post_charge",
        )
        move = self._bill(contract, self.today)
        self.patch(
            self.env.registry["payment.transaction"],
            "_send_payment_request",
            lambda transaction: transaction._set_error("Declined by the bank"),
        )
        links = []
        for _time in range(4):
            self._work()
            bodies = "".join(self._new_mails.mapped("body_html"))
            links += re.findall(rf'href="([^"]*/my/invoices/{move.id}\?[^"]*)"', bodies)
        self.assertEqual(contract.state, "paused", "suspended")
        self.assertTrue(self._planned(move), "and more would follow")
        return contract, move, links

    def _planned(self, move):
        return move.sudo().subscription_contract_outbox_ids.filtered(
            lambda effect: effect.state == "waiting" and effect.kind in ("step", "charge")
        )

    def assertLifted(self, contract, move):
        self.env.invalidate_all()
        self.assertEqual((move.payment_state in ("paid", "in_payment"), move.amount_residual), (True, 0.0))
        for _time in range(2):
            self._work()
        self.assertEqual(contract.state, "active", "it goes on by itself")
        self.assertFalse(self._planned(move), "no more reminders, nor charges")
        self.assertFalse(contract.payment_error)

    def test_pay_now_from_the_mail(self):
        contract, move, links = self._failed()
        stored = contract.payment_token_id
        self.assertTrue(links, "the reminder carries the link")
        address = urlsplit(links[0].replace("&amp;", "&"))
        self.start_tour(f"{address.path}?{address.query}", "subscription_phone_pay_now")
        self.assertLifted(contract, move)
        self.assertEqual(contract.payment_token_id, stored, "whoever has a link changes no card")
        self.assertEqual(self.env["payment.token"].search([("partner_id", "=", self.customer.id)]), stored)

    def test_pay_now_from_the_contract(self):
        user = new_test_user(self.env, "phone_customer", groups="base.group_portal", lang="en_US")
        user.partner_id.write({"email": "user@example.com", "country_id": self.env.ref("base.fr").id})
        contract, move, _links = self._failed(user.partner_id)
        self.start_tour(contract.access_url, "subscription_phone_pay_now_from_contract", login=user.login)
        self.assertLifted(contract, move)
