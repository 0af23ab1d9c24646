import re
import uuid
from typing import NamedTuple
from urllib.parse import unquote

from odoo import http
from odoo.tests import HttpCase, tagged

from .common import PortalCommon

# whoever asks: login, and the token in the address
ROLES = {
    "public": (None, None),
    "customer": ("portal_a", None),
    "colleague": ("portal_a2", None),
    "other customer": ("portal_b", None),
    "other customer, wrong token": ("portal_b", "wrong"),
    "wrong token": (None, "wrong"),
    "rotated token": (None, "rotated"),
    "link": (None, "contract"),
}
OWN = {"customer", "colleague"}
MISSING = 2**30


class Route(NamedTuple):
    """Who reads it; ``any_answer``: what Odoo itself answers for a document that is missing differs."""

    readers: set = frozenset(OWN)
    methods: set = frozenset(("GET",))
    any_answer: bool = False


READ, SENT, BOTH = frozenset(("GET",)), frozenset(("POST",)), frozenset(("GET", "POST"))
# every route that shows or changes a contract, and Odoo's own that show its quotation and its invoice
ROUTES = {
    "/my/subscriptions": Route(readers={*OWN, "other customer", "other customer, wrong token"}),
    "/my/subscriptions/page/<int:page>": Route(readers={*OWN, "other customer", "other customer, wrong token"}),
    "/my/subscriptions/<int:contract_id>": Route(readers={*OWN, "link"}),
    "/my/subscriptions/<int:contract_id>/<any(change,pause,end,card,ask):form>": Route(),
    "/my/subscriptions/<int:contract_id>/<any(change,offer,pause,resume,renew,end):kind>": Route(methods=SENT),
    "/my/subscriptions/<int:contract_id>/card": Route(methods=SENT),
    "/my/subscriptions/<int:contract_id>/ask": Route(methods=SENT),
    "/my/subscriptions/<int:contract_id>/rate": Route(methods=SENT),
    "/my/subscriptions/<int:contract_id>/amendments/<int:number>": Route(),
    "/my/requests/<int:request_id>": Route(),
    "/my/orders/<int:order_id>": Route(methods=BOTH),
    "/my/orders/<int:order_id>/accept": Route(methods=SENT, any_answer=True),
    "/my/orders/<int:order_id>/decline": Route(methods=SENT),
    "/my/orders/<int:order_id>/document/<int:document_id>": Route(readers=set(), any_answer=True),
    "/my/orders/<int:order_id>/download_edi": Route(methods=BOTH, readers=set(), any_answer=True),
    "/my/orders/<int:order_id>/transaction": Route(methods=SENT, any_answer=True),
    "/my/orders/<int:order_id>/update_line_dict": Route(methods=SENT, any_answer=True),
    "/my/invoices/<int:invoice_id>": Route(methods=BOTH),
    "/invoice/transaction/<int:invoice_id>": Route(methods=SENT, any_answer=True),
}
OURS = re.compile(r"/my/subscriptions|/my/requests|/subscription/|/my/orders/<|/my/invoices/<|/invoice/transaction/<")
# a page of the billing addon, with a key of its own, and the pages without an account: each has its own tests
ELSEWHERE = {
    "/subscription/<int:contract_id>/summary",
    "/subscription/<any(end,withdraw):kind>",
    "/subscription/receipt",
    "/subscription/receipt/pdf",
}


def unlisted(rules) -> set:
    """The routes among ``rules`` that are about documents of ours and that the matrix does not know."""
    return {rule for rule in rules if OURS.match(rule)} - ROUTES.keys() - ELSEWHERE


@tagged("post_install", "-at_install")
class TestPortalMatrix(PortalCommon, HttpCase):
    """R72-R75, R82: every route for everybody, with the status and the body of each answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.name = "C-SECRET-1"
        cls.contract._portal_ensure_token()
        cls.rotated = cls.contract.access_token
        cls.contract.action_rotate_link()
        cls.engine._bill(cls.contract, cls.contract.date_start)
        cls.invoice = cls.contract.invoice_ids
        cls.order = cls.env["sale.order"].create(
            {
                **cls.contract._quote_vals(),
                "subscription_intent": "upsell",
                "require_signature": True,
                "order_line": [(0, 0, {"product_id": cls.mailbox.id})],
            }
        )
        cls.order.action_quotation_sent()
        cls.question = cls.contract.with_user(cls.user_a)._as_customer()._ask_question("A secret question")
        cls.tokens = {
            "wrong": str(uuid.uuid4()),
            "rotated": cls.rotated,
            "contract": cls.contract.access_token,
        }
        cls.secrets = ("C-SECRET-1", "A secret question", cls.invoice.name, cls.order.name)
        cls.arguments = {
            "contract_id": [cls.contract.id],
            "order_id": [cls.order.id],
            "invoice_id": [cls.invoice.id],
            "request_id": [cls.question.id],
            "page": [1],
            "number": [1],
            "document_id": [1],
            "form": ["change", "pause", "end", "card", "ask"],
            "kind": ["change", "offer", "pause", "resume", "renew", "end"],
        }

    def _rules(self):
        modules = sorted(self.registry._init_modules)
        return {url for url, _endpoint in http._generate_routing_rules(modules, nodb_only=False)}

    def test_every_route_is_listed(self):
        self.assertEqual(unlisted(self._rules()), set())

    def test_a_new_route_is_seen(self):
        self.assertEqual(
            unlisted({*self._rules(), "/my/subscriptions/<int:contract_id>/spy"}),
            {"/my/subscriptions/<int:contract_id>/spy"},
        )

    def test_every_route_for_everybody(self):
        cells = 0
        for role, (login, token) in ROLES.items():
            self.authenticate(login, login)
            for rule, route in ROUTES.items():
                for url, missing in self._urls(rule):
                    for method in ("GET", "POST"):
                        with self.subTest(role=role, method=method, url=url):
                            self._check_cell(role, route, method, url, missing, self.tokens.get(token))
                        cells += 1
        print(f"security matrix: {cells} cells over {len(ROUTES)} routes and {len(ROLES)} kinds of visitors")
        self.assertGreater(cells, 400)

    def _urls(self, rule):
        """The addresses of a route on our document, and on one that does not exist."""
        urls = [("", "")]
        for text, name in re.findall(r"([^<]*)(?:<[^:>]+:(\w+)>)?", rule):
            urls = [
                (f"{own}{text}{value}", f"{missing}{text}{MISSING if name.endswith('_id') else value}")
                for own, missing in urls
                for value in (self.arguments[name] if name else [""])
            ]
        return urls

    def _check_cell(self, role, route, method, url, missing, token):
        before = self._state()
        answer = self._ask_for(method, url, token)
        if method not in route.methods and answer.status_code in (404, 405, 415):
            pass
        elif method == "GET" and role in route.readers:
            self.assertEqual(answer.status_code, 200, answer.headers.get("Location"))
        elif role in OWN:
            self.assertLess(answer.status_code, 500)
        else:
            self.assertIn(answer.status_code, (200, 303, 400, 403, 404, 405))
            for secret in self.secrets:
                self.assertNotIn(secret, answer.text)
            if not route.any_answer:
                absent = self._ask_for(method, missing, token)
                self.assertEqual(self._seen(answer, url), self._seen(absent, missing))
        if method == "GET" or role not in OWN:
            self.assertEqual(self._state(), before)

    def _ask_for(self, method, url, token):
        params = {"access_token": token or ""} if token or "/document/" in url else {}
        if method == "GET":
            return self.url_open(url, params=params, allow_redirects=False)
        if url.endswith(("/accept", "/transaction", "/update_line_dict")) or "/invoice/transaction/" in url:
            line = {"line_id": self.order.order_line.id} if url.endswith("line_dict") else {}
            call = {"jsonrpc": "2.0", "method": "call", "params": {"access_token": token or "", **line}}
            return self.url_open(url, json=call, allow_redirects=False)
        data = {"csrf_token": http.Request.csrf_token(self), **params}
        return self.url_open(url, data=data, allow_redirects=False, method="POST")

    def _seen(self, answer, url):
        """What a visitor sees of an answer, its own address and what is drawn anew each time left out."""
        drawn = re.compile(r"(csrf_token|[?&]debug|unique)[^\s]*|[0-9a-f]{40}o\d+")
        place, text = (unquote(seen).replace(url, "") for seen in (answer.headers.get("Location") or "", answer.text))
        return answer.status_code, place, drawn.sub("", text)

    def _state(self):
        """What nobody else changes: counted, so that whatever is written shows."""
        self.env.invalidate_all()
        contract = self.contract.sudo()
        return (
            contract.revision,
            contract.state,
            contract.payment_token_id.id,
            len(contract.amendment_ids),
            len(contract.request_ids),
            len(contract.message_ids),
            self.order.state,
            len(self.order.message_ids.filtered(lambda message: message.message_type == "comment")),
            self.env["payment.transaction"].search_count([]),
        )

    def test_r75_without_csrf_nothing_is_written(self):
        """R75: a form that another site sends is refused."""
        self.authenticate("portal_a", "portal_a")
        before = self._state()
        for rule, route in ROUTES.items():
            if "POST" in route.methods and rule.startswith("/my/subscriptions"):
                for url, _missing in self._urls(rule):
                    with self.subTest(url):
                        answer = self.url_open(url, data={"seal": "x"}, allow_redirects=False, method="POST")
                        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self._state(), before)

    def test_r72_a_guessed_number_is_nobody_s(self):
        """R72: whatever number is tried, the answer is the same."""
        self.authenticate("portal_b", "portal_b")
        answers = {
            (answer.status_code, answer.headers.get("Location"))
            for number in (self.contract.id, self.contract.id + 1, 0, MISSING, 2**31, 10**30)
            for answer in [self.url_open(f"/my/subscriptions/{number}", allow_redirects=False)]
        }
        self.assertEqual(len(answers), 1, answers)

    def test_our_people_look_and_do_not_act(self):
        """The page as the customer sees it, without his buttons doing anything."""
        self.authenticate(self.env.user.login, self.env.user.login)
        page = self.url_open(f"/my/subscriptions/{self.contract.id}")
        self.assertIn("C-SECRET-1", page.text)
        before = self._state()
        answer = self._ask_for("POST", f"/my/subscriptions/{self.contract.id}/end", None)
        self.assertIn(answer.status_code, (302, 303))
        self.assertEqual(self._state(), before)
