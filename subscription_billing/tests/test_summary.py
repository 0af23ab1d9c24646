from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestSummary(SubscriptionCommon, HttpCase):
    """What another site shows of a contract, and to whom it stays closed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._contract(cls.hosting, client_order_ref="Internal 7", note="Between us")
        cls.contract.action_embed()

    def _open(self, contract=None, token=None):
        contract = contract or self.contract
        token = contract._summary_token() if token is None else token
        return self.url_open(f"/subscription/{contract.id}/summary?access_token={token}")

    def test_snippet_opens_the_summary(self):
        [frame] = html.fragments_fromstring(self.contract.summary_snippet)
        address = frame.get("src").removeprefix(self.contract.get_base_url())
        response = self.url_open(address)
        self.assertEqual(response.status_code, 200)
        page = html.fromstring(response.content)
        terms = dict(zip(page.xpath("//dt/text()"), [dd.text_content() for dd in page.xpath("//dd")], strict=True))
        self.assertEqual(terms["With"], self.env.company.name)
        self.assertEqual(terms["Plan"], "Monthly")
        self.assertIn("100.00", terms["Amount"])
        self.assertEqual(list(terms), ["With", "Plan", "Amount", "Since", "Next invoice"])
        for secret in ("A customer", "Internal 7", "Between us", self.contract.access_token):
            self.assertNotIn(secret, response.text)

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self.assertIn('lang="fr"', self._open().text)

    def test_any_site_may_frame_it_and_nothing_else(self):
        headers = self._open().headers
        self.assertIn("frame-ancestors *", headers["Content-Security-Policy"])
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertNotIn("X-Frame-Options", headers)
        self.assertNotIn("Set-Cookie", headers)
        self.assertEqual(headers["Cache-Control"], "no-store")
        login = self.url_open("/web/login").headers
        self.assertEqual(login["Content-Security-Policy"], "frame-ancestors 'self'")

    def test_who_may_not_open_it(self):
        other = self._contract(self.support)
        other.action_embed()
        draft = self._contract(activate=False)
        draft._portal_ensure_token()
        closed_to_all = self._contract(self.support)
        for name, contract, token in (
            ("no token", self.contract, ""),
            ("a wrong token", self.contract, "0" * 64),
            ("another contract's token", self.contract, other._summary_token()),
            ("the token of the portal", self.contract, self.contract.access_token),
            ("a token with other letters", self.contract, "é"),
            ("a draft", draft, None),
            ("a contract that was never shown", closed_to_all, None),
            ("no contract at all", self.contract.browse(2**30), self.contract._summary_token()),
        ):
            with self.subTest(name):
                self.assertEqual(self._open(contract, token).status_code, 404)

    def test_withdrawn(self):
        token = self.contract._summary_token()
        self.contract.action_withdraw_summary()
        self.contract.action_embed()
        self.assertEqual(self._open(token=token).status_code, 404)
        self.assertEqual(self._open().status_code, 200)

    def test_who_may_give_it_away(self):
        with self.assertRaises(UserError):
            self._contract(activate=False).action_embed()
        for groups in ("subscription_billing.group_subscription_user", "account.group_account_invoice"):
            user = new_test_user(self.env, f"summary_{groups}", groups=f"base.group_user,{groups}")
            for method in ("action_embed", "action_withdraw_summary"):
                with self.subTest(groups=groups, method=method), self.assertRaises(AccessError):
                    getattr(self.contract.with_user(user), method)()
