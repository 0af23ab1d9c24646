import json
from importlib.resources import files

from lxml import html

from odoo import http
from odoo.tests import HttpCase, tagged

from .common import PortalCommon

# each page in a frame as wide as a phone, and what axe-core finds there
JUDGE = """
(async () => {
    const found = [];
    for (const url of %(urls)s) {
        const frame = document.createElement("iframe");
        frame.style = "width: 390px; height: 844px; border: 0";
        document.body.replaceChildren(frame);
        await new Promise((resolve) => { frame.onload = resolve; frame.src = url; });
        const page = frame.contentDocument;
        if (!page.querySelector("#wrap h1, #wrap table, #wrap .alert, .o_portal_my_home")) {
            found.push(url + ": an empty page");
        }
        if (page.documentElement.scrollWidth > 390) {
            found.push(url + ": scrolls to " + page.documentElement.scrollWidth + " pixels");
        }
        frame.contentWindow.eval(%(axe)s);
        const { violations } = await frame.contentWindow.axe.run("#wrap", { resultTypes: ["violations"] });
        for (const violation of violations.filter((one) => ["serious", "critical"].includes(one.impact))) {
            found.push(`${url}: ${violation.id} ${violation.nodes.map((node) => node.html).join(" ")}`);
        }
    }
    if (found.length) {
        console.error(found.join("\\n"));
    } else {
        console.log("test successful");
    }
})();
"""


@tagged("post_install", "-at_install")
class TestPortalPages(PortalCommon, HttpCase):
    """The pages as a browser without JavaScript gets them, and as a phone shows them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"street": "1 Example Street", "city": "Exampleville"})
        cls.silver.note = "<p>Terms of the offer</p>"
        cls.contract = cls._contract(
            cls.silver.line_ids.product_id,
            {"product_id": cls.mailbox.id, "quantity": 3, "price_unit": 5.0},
            plan_id=cls.silver.id,
            commitment=12,
            notice=1,
            date_start=cls.env.company._subscription_today().replace(day=1),
        )
        cls.engine._bill(cls.contract, cls.env.company._subscription_today())
        cls.url = f"/my/subscriptions/{cls.contract.id}"

    def _page(self, url, **params):
        answer = self.url_open(url, params=params)
        self.assertEqual(answer.status_code, 200)
        return html.fromstring(answer.text)

    def _text(self, page) -> str:
        for script in page.xpath("//script|//style"):
            script.drop_tree()
        return " ".join(page.text_content().split())

    def _send(self, url, **data):
        return self.url_open(url, data={"csrf_token": http.Request.csrf_token(self), **data}, method="POST")

    def test_six_facts_without_javascript(self):
        """F52: billing address, next invoice, recurrence, plan, options and payment; and how to change and to end."""
        self.authenticate("portal_a", "portal_a")
        page = self._page(self.url)
        text = self._text(page)
        upcoming = self.engine._upcoming(self.contract)[self.contract]
        for fact in (
            "1 Example Street",
            "Next invoice",
            f"{upcoming.amount:.2f}",
            upcoming.date.strftime("%m/%d/%Y"),
            "Monthly",
            "Silver",
            "3 × Mailbox",
            "By you, for each invoice",
            "Last day to refuse the renewal",
            "Terms of the offer",
        ):
            self.assertIn(fact, text)
        links = page.xpath("//nav[@aria-label='What you can do']/a/@href")
        self.assertEqual(links[0], f"{self.url}/change")
        self.assertEqual(links[-1], f"{self.url}/end")

    def test_list_is_searched_filtered_and_sorted(self):
        self.authenticate("portal_a", "portal_a")
        number = self.contract.name
        for found, parameters in (
            (True, {"search": "silv"}),
            (True, {"search": number}),
            (False, {"search": "bronze"}),
            (True, {"filterby": "running", "sortby": "start"}),
            (False, {"filterby": "closed"}),
            (True, {"filterby": "<script>", "sortby": "partner_id"}),
        ):
            with self.subTest(parameters):
                text = self._text(self._page("/my/subscriptions", **parameters))
                self.assertEqual(number in text, found)

    def test_a_link_reads_and_does_nothing(self):
        self.authenticate(None, None)
        page = self._page(self.url, access_token=self.contract._portal_ensure_token())
        text = self._text(page)
        self.assertIn("Next invoice", text)
        self.assertIn("Log in to change, pay or end it", text)
        self.assertFalse(page.xpath("//div[@id='wrap']//form"))
        self.assertFalse(
            page.xpath("//div[@id='wrap']//a[contains(@href, '/my/invoices') or contains(@href, '/my/orders')]")
        )
        self.assertFalse(page.xpath("//div[@id='wrap']//*[contains(@class, 'o_portal_chatter')]"))

    def test_shown_confirmed_and_invoiced_without_javascript(self):
        self.authenticate("portal_a", "portal_a")
        form = self._page(f"{self.url}/change")
        name = form.xpath("//input[@type='number']/@name")[0]
        shown = html.fromstring(self._send(f"{self.url}/change", **{name: "5"}).text)
        amount = shown.xpath("string(//strong[@name='amount_now'])").split()
        seal = shown.xpath("//input[@name='seal']/@value")[0]
        self.assertFalse(self.contract.request_ids)
        done = self._send(f"{self.url}/change", **{name: "5", "seal": seal})
        self.assertIn("Done", self._text(html.fromstring(done.text)))
        billed = self._billed(self.contract, self.env.company._subscription_today())
        self.assertIn(f"{billed:.2f}", "".join(amount))

    def test_a_price_that_changed_is_asked_again(self):
        self.authenticate("portal_a", "portal_a")
        name = f"quantity_{self.silver.option_ids.id}"
        shown = html.fromstring(self._send(f"{self.url}/change", **{name: "5"}).text)
        seal = shown.xpath("//input[@name='seal']/@value")[0]
        self.contract._amend(self.env.company._subscription_today(), [(None, {"product_id": self.support.id})])
        self.env.flush_all()
        again = html.fromstring(self._send(f"{self.url}/change", **{name: "5", "seal": seal}).text)
        self.assertIn("changed since you opened the page", self._text(again))
        self.assertFalse(self.contract.request_ids)
        seal = again.xpath("//input[@name='seal']/@value")[0]
        self._send(f"{self.url}/change", **{name: "5", "seal": seal})
        self.assertEqual(self.contract.request_ids.state, "done")

    def test_a_refusal_says_why_and_keeps_what_was_typed(self):
        self.authenticate("portal_a", "portal_a")
        name = f"quantity_{self.silver.option_ids.id}"
        refused = html.fromstring(self._send(f"{self.url}/change", **{name: "51"}).text)
        self.assertIn("from 0 to 50", self._text(refused))
        self.assertEqual(refused.xpath(f"//input[@name='{name}']/@value"), ["51"])

    def test_a_card_of_somebody_else(self):
        """R76: only the customer's own stored cards are taken."""
        method = self.env["payment.method"].search([], limit=1)
        provider = self.env["payment.provider"].search([("company_id", "=", self.env.company.id)], limit=1)
        provider.allow_tokenization = True
        cards = {
            user: self.env["payment.token"].create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": method.id,
                    "partner_id": user.partner_id.id,
                    "provider_ref": user.login,
                    "payment_details": "1234",
                }
            )
            for user in (self.user_a, self.user_b)
        }
        self.authenticate("portal_a", "portal_a")
        self._send(f"{self.url}/card", token=str(cards[self.user_b].id))
        self.assertFalse(self.contract.payment_token_id)
        self._send(f"{self.url}/card", token=str(cards[self.user_a].id))
        self.assertEqual(self.contract.payment_token_id, cards[self.user_a])

    def test_rating(self):
        self.authenticate("portal_a", "portal_a")
        self._send(f"{self.url}/rate", rating="5", feedback="Thanks")
        rating = self.contract.rating_ids.filtered("consumed")
        self.assertEqual((rating.rating, rating.feedback, rating.partner_id), (5, "Thanks", self.customer))
        self._send(f"{self.url}/rate", rating="4")
        self.assertEqual(len(self.contract.rating_ids.filtered("consumed")), 1)

    def test_r80_what_is_typed_is_text(self):
        """R80: a script in a question, a name or a reason is shown, never run."""
        self.authenticate("portal_a", "portal_a")
        attack = "<script>alert(1)</script>"
        self.contract.client_order_ref = attack
        self._send(f"{self.url}/ask", question=attack)
        for url in (self.url, self.contract.request_ids.access_url):
            self.assertNotIn(attack, self.url_open(url).text)

    def test_queries_do_not_grow_with_contracts(self):
        self.authenticate("portal_a", "portal_a")
        counts = []
        for _turn in range(3):
            self.url_open("/my/subscriptions")
            self.env.invalidate_all()
            counts.append(self._queries("/my/subscriptions"))
            for _copy in range(5):
                contract = self._contract(self.silver.line_ids.product_id, plan_id=self.silver.id)
                self._bill(contract, self.env.company._subscription_today())
        self.assertEqual(len(set(counts)), 1, counts)

    def _queries(self, url) -> int:
        before = self.env.cr.sql_log_count
        self.assertEqual(self.url_open(url).status_code, 200)
        return self.env.cr.sql_log_count - before

    def test_pages_on_a_phone(self):
        """At 390 pixels nothing scrolls sideways, and axe-core finds nothing serious or critical."""
        self._as(self.user_a)._ask_question("How?")
        pages = [f"{self.url}/{form}" for form in ("change", "pause", "end", "card", "ask")]
        urls = ["/my/subscriptions", self.url, *pages, self.contract.request_ids.access_url]
        axe = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
        self.browser_js("/my", JUDGE % {"urls": json.dumps(urls), "axe": json.dumps(axe)}, login="portal_a")
