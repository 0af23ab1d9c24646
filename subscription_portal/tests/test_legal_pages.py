import base64
import re
from unittest.mock import patch

from lxml import html

from odoo.tests import HttpCase, tagged

from odoo.addons.http_routing.tests.common import MockRequest
from odoo.addons.subscription_portal.controllers import legal, portal
from odoo.addons.subscription_portal.throttle import Throttle

from .common_legal import PICTURE, LegalCommon

NO_SECRETS = ("Client Exemple SA", "Hosting", "100.00")


@tagged("post_install", "-at_install")
class TestLegalPages(LegalCommon, HttpCase):
    """Three screens without an account, that tell nothing about anybody."""

    def _main(self, response):
        [main] = html.fromstring(response.text).xpath("//main")
        return main

    def _confirm(self, kind="end", **typed):
        return self._send(kind, confirmed="1", **self._typed(**typed))

    def _last(self):
        return self.env["subscription.request"].search([], limit=1)

    def test_three_screens(self):
        form = self._open()
        self.assertEqual(form.status_code, 200)
        self.assertIn("End your contract", form.text)
        summary = self._send(
            files={"document_file": ("proof.png", PICTURE, "image/png")}, **self._typed(reason="I move")
        )
        self.assertFalse(self._last(), "nothing is written before the confirmation")
        self.assertEqual(self.contract.state, "active")
        [hidden] = self._main(summary).xpath(".//form")
        fields = {field.get("name"): field.get("value") or "" for field in hidden.xpath(".//input")}
        self.assertEqual(len(hidden.xpath(".//button[@name='confirmed']")), 1)
        for words in ("Client Exemple", "client@example.com", self.contract.name, "I move", "proof.png"):
            self.assertIn(words, self._main(summary).text_content())
        receipt = self.url_open("/subscription/end", data={**fields, "confirmed": "1"})
        declared = self._last()
        self.assertTrue(receipt.url.endswith("/subscription/receipt"))
        self.assertIn(declared.name, receipt.text)
        self.assertIn("Europe/Paris", receipt.text)
        self.assertEqual((declared.state, declared.document_id.raw), ("done", PICTURE))
        self.assertEqual(self.contract.date_end, self.today)
        pdf = self.url_open("/subscription/receipt/pdf")
        self.assertEqual(pdf.headers["Content-Type"], "application/pdf")
        self.assertIn(declared.name, self._text(pdf.content))

    def test_withdrawal(self):
        self.assertIn("Withdraw from the contract here", self._open("withdraw").text)
        summary = self._send("withdraw", **self._typed())
        self.assertIn("Confirm the withdrawal", summary.text)
        self._confirm("withdraw")
        self.assertEqual(self.contract.state, "closed")

    def test_french_labels(self):
        self._french()
        self.opener.cookies["frontend_lang"] = "fr_FR"
        for kind, title in (("end", "Résilier votre contrat"), ("withdraw", "Renoncer au contrat ici")):
            page = self._open(kind)
            self.assertIn(title, self._main(page).text_content())
            self.assertIn(title, html.fromstring(page.text).xpath("//footer")[0].text_content())
        confirmation = self._send("withdraw", **self._typed())
        self.assertIn("Confirmer la rétractation", confirmation.text)
        self.assertIn("Notification de la résiliation", self._send("end", **self._typed()).text)

    def test_going_back_keeps_what_was_typed(self):
        page = self._main(self._send(back="1", **self._typed(reason="I move")))
        self.assertEqual(page.xpath(".//input[@name='name']/@value"), ["Client Exemple"])
        self.assertFalse(self._last())

    def test_same_answer_whether_the_contract_exists_or_not(self):
        """Byte for byte, but for what was typed, the number of the request, and what each visit has of its own."""
        others = {
            "known": {},
            "unknown contract": {"reference": "C1999-00001"},
            "another's address": {"email": "stranger@example.com"},
            "ended": {"reference": self._consumers_contract().name},
        }
        self.env["subscription.contract"].search([("name", "=", others["ended"]["reference"])])._close(self.today)
        answers = {}
        for name, typed in others.items():
            self.authenticate(None, None)
            summary = self._send(**self._typed(**typed))
            page, number = self._confirm(**typed), self._last().name
            pdf = self.url_open("/subscription/receipt/pdf")
            values = {**self._typed(**typed), "number": number}
            answers[name] = (
                summary.status_code,
                self._plain(summary.text, values),
                page.status_code,
                page.history[0].status_code,
                self._plain(page.text, values),
                self._plain(self._text(pdf.content), values),
            )
        states = self.env["subscription.request"].search([], order="id").mapped("state")
        self.assertEqual(states, ["done", "waiting", "waiting", "waiting"])
        known = answers.pop("known")
        for name, answer in answers.items():
            with self.subTest(name):
                self.assertEqual(answer, known)
        for secret in NO_SECRETS:
            self.assertNotIn(secret, "".join(map(str, known)))

    def _plain(self, text, values):
        for name, value in values.items():
            text = text.replace(value, f"[{name}]")
        text = re.sub(r"\d\d:\d\d:\d\d", "[time]", text)
        return re.sub(r"csrf_token[^,>]*", "[csrf]", text)

    def test_confirmed_twice_is_one_request(self):
        first = self._confirm()
        again = self._confirm()
        self.assertEqual(self.env["subscription.request"].search_count([]), 1)
        self.assertEqual(self._main(first).text_content(), self._main(again).text_content())

    def test_receipt_is_the_visitors_own(self):
        self._confirm()
        self.authenticate(None, None)
        for page in ("/subscription/receipt", "/subscription/receipt/pdf"):
            self.assertEqual(self.url_open(page).status_code, 404)

    def test_get_writes_nothing(self):
        self.url_open(f"/subscription/end?confirmed=1&name=x&email=client@example.com&reference={self.contract.name}")
        self.assertFalse(self._last())
        self.assertEqual(self.contract.state, "active")

    def test_wrong_csrf_is_refused(self):
        self._open()
        for token in ("", "wrong"):
            with self.assertLogs("odoo.http", "WARNING"):
                answer = self.url_open(
                    "/subscription/end", data={**self._typed(), "confirmed": "1", "csrf_token": token}
                )
            self.assertEqual(answer.status_code, 400)
        self.assertFalse(self._last())

    def test_page_that_is_switched_off(self):
        self.env.company.write({"subscription_contract_exit_page": False})
        self.assertEqual(self._open("end").status_code, 404)
        page = self._open("withdraw")
        footer = html.fromstring(page.text).xpath("//footer//a/@href")
        self.assertIn("/subscription/withdraw", footer)
        self.assertNotIn("/subscription/end", footer)
        token = self._token_of(page)
        answer = self.url_open("/subscription/end", data={**self._typed(), "confirmed": "1", "csrf_token": token})
        self.assertEqual((answer.status_code, self.contract.state), (404, "active"))

    def test_one_click_from_every_footer(self):
        for page in ("/web/login", self.contract.get_portal_url()):
            links = html.fromstring(self.url_open(page).text).xpath("//footer//a/@href")
            if page != "/web/login":  # Odoo's page of the login has no footer
                self.assertIn("/subscription/end", links)
                self.assertIn("/subscription/withdraw", links)

    def test_document_that_is_none(self):
        for name, content in (("page.html", b"<html><script>alert(1)</script></html>"), ("big.png", PICTURE * 60_000)):
            with self.subTest(name):
                page = self._send(files={"document_file": (name, content, "image/png")}, **self._typed())
                self.assertIn("at most 3 MB", page.text)
        hidden = base64.b64encode(b"<svg onload='alert(1)'/>").decode()
        self.assertIn("at most 3 MB", self._send(confirmed="1", document=hidden, **self._typed()).text)
        self.assertFalse(self._last())

    def test_hostile_text_is_shown_as_text(self):
        page = self._send(**self._typed(name="<script>alert(1)</script>", reason='"><img src=x onerror=alert(1)>'))
        self.assertNotIn("<script>alert(1)", page.text)
        self.assertFalse(self._main(page).xpath(".//img"))

    def test_mass_assignment_is_inert(self):
        stranger = self._consumers_contract()
        self._confirm(contract_id=str(stranger.id), state="done", partner_id="1", company_id="1", email="x@example.com")
        self.assertEqual(
            (self._last().state, self._last().contract_id.id, stranger.state), ("waiting", False, "active")
        )

    def test_too_many_from_one_address(self):
        with patch.object(legal, "SUBMISSIONS", Throttle(3, seconds=600)):
            statuses = [self._send(**self._typed()).status_code for _try in range(5)]
        self.assertEqual(statuses, [200, 200, 200, 429, 429])

    def test_too_many_for_one_mailbox(self):
        for number in range(7):
            self._confirm(reference=f"C{number}", email="victim@example.com")
        self.assertEqual(self.env["subscription.request"].search_count([]), legal.DECLARATIONS.limit)


@tagged("post_install", "-at_install")
class TestWrongTokens(LegalCommon, HttpCase):
    """Guessing at a secure link comes to nothing."""

    def _open_link(self, token):
        page = self.url_open(
            f"/my/subscriptions/{self.contract.id}", params={"access_token": token}, allow_redirects=False
        )
        return page.status_code, page.headers.get("Location"), self.contract.name in page.text

    def test_right_token_is_refused_after_too_many_wrong_ones(self):
        right = self.contract._portal_ensure_token()
        shown, refused = self._open_link(right), self._open_link("wrong")
        self.assertEqual((shown[0], shown[2], refused[2]), (200, True, False))
        for number in range(portal.WRONG_TOKENS.limit):
            self.assertEqual(self._open_link(f"wrong-{number}"), refused)
        self.assertEqual(self._open_link(right), refused)
        other = self._consumers_contract()
        self.assertEqual(self.url_open(other.get_portal_url()).status_code, 200, "one document at a time")
        portal.WRONG_TOKENS.forget()
        self.assertEqual(self._open_link(right), shown)

    def test_R73_ten_thousand_wrong_tokens(self):
        controller, right = portal.SubscriptionPortal(), self.contract._portal_ensure_token()
        public = self.env.ref("base.public_user")
        opened = 0
        with MockRequest(self.env(user=public)) as request:
            request.httprequest.remote_addr, request.db = "2001:db8::7", self.env.cr.dbname
            for number in range(10_000):
                # an IPv6 customer has more addresses than he could ever use
                request.httprequest.remote_addr = f"2001:db8::{number:x}"
                token = right if number and number % 1000 == 0 else f"{number:036x}"
                try:
                    controller._document_check_access("subscription.contract", self.contract.id, token)
                    opened += 1
                except Exception as refusal:  # noqa: BLE001
                    self.assertEqual(type(refusal).__name__, "AccessError")
            self.assertEqual(opened, 0)
            request.httprequest.remote_addr = "198.51.100.9"
            self.assertTrue(controller._document_check_access("subscription.contract", self.contract.id, right))


@tagged("post_install", "-at_install")
class TestThrottle(LegalCommon):
    def test_window_slides(self):
        now = [0.0]
        throttle = Throttle(3, seconds=10, clock=lambda: now[0])
        for _strike in range(3):
            self.assertFalse(throttle.is_spent("a"))
            throttle.strike("a")
            now[0] += 1
        self.assertTrue(throttle.is_spent("a"))
        self.assertFalse(throttle.is_spent("b"))
        now[0] = 9.9
        self.assertTrue(throttle.is_spent("a"))
        now[0] = 10.0
        self.assertFalse(throttle.is_spent("a"))
        throttle.strike("a")
        self.assertTrue(throttle.is_spent("a"), "the second and the third still count")

    def test_memory_is_bounded(self):
        throttle = Throttle(2, seconds=10, keys=100)
        for number in range(1000):
            throttle.strike(number)
        self.assertEqual(len(throttle._strikes), 100)
