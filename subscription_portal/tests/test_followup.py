from ast import literal_eval
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.account_payment.tests.common import AccountPaymentCommon
from odoo.addons.subscription_billing.tests.sale_common import SaleSubscriptionCommon

FOLLOW_UP = "subscription_portal.mail_activity_type_quotation"


@tagged("post_install", "-at_install")
class TestFollowup(AccountPaymentCommon, SaleSubscriptionCommon, HttpCase):
    """The salesperson reads what became of a quotation, and is told once of what needs him."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "sales_team.group_sale_salesman,subscription_billing.group_subscription_user"
        company = {"company_id": cls.env.company.id, "company_ids": [Command.set(cls.env.company.ids)]}
        cls.seller = new_test_user(cls.env, "followup_seller", groups=groups, **company)
        cls.other = new_test_user(cls.env, "followup_other", groups=groups, **company)

    def setUp(self):
        super().setUp()
        self._set_today(str(fields.Date.today()))

    def _sent(self, *lines, **values):
        quote = self._quote(*lines or [self.hosting], user_id=self.seller.id, **values)
        quote.action_quotation_sent()
        return quote

    def _open(self, quote):
        """As a visitor of its link, with a session of his own."""
        self.authenticate(None, None)
        self.env.flush_all()
        self.assertEqual(self.url_open(quote.get_portal_url()).status_code, 200)
        quote.invalidate_recordset()

    def _told(self, quote):
        return quote.activity_search([FOLLOW_UP])

    # what is read

    def test_sent_and_opened(self):
        quote = self._quote(self.hosting, user_id=self.seller.id)
        self.assertEqual((quote.subscription_contract_progress, quote.subscription_contract_sent_on), ("draft", False))
        quote.with_context(mark_so_as_sent=True).message_post(body="The quotation")
        self.assertTrue(quote.subscription_contract_sent_on)
        self.assertEqual(quote.subscription_contract_progress, "sent")
        self._open(quote)
        first = quote.subscription_contract_opened_on
        self.assertEqual((quote.subscription_contract_progress, bool(first)), ("opened", True))
        quote.subscription_contract_opened_on = first - timedelta(days=1)
        self._open(quote)
        self.assertEqual(quote.subscription_contract_opened_on, first - timedelta(days=1))
        self.assertGreaterEqual(quote.subscription_contract_opened_last_on, first)

    def test_signed_and_paid(self):
        quote = self._sent(require_payment=True, prepayment_percent=1.0)
        quote.signed_on = fields.Datetime.now()
        self.assertEqual(quote.subscription_contract_progress, "signed")
        self.assertFalse(quote.subscription_contract_paid_on)
        payment = self._create_transaction(
            flow="direct",
            amount=quote._get_prepayment_required_amount(),
            currency_id=quote.currency_id.id,
            partner_id=self.customer.id,
            sale_order_ids=[Command.set(quote.ids)],
            reference=quote.name,
        )
        payment._set_done()
        payment._post_process()
        self.assertEqual(quote.subscription_contract_paid_on, payment.last_state_change)
        self.assertEqual(
            (quote.subscription_contract_progress, quote.subscription_contract_acceptance), ("accepted", 1)
        )

    def test_refused_by_the_customer_or_cancelled_by_us(self):
        refused, cancelled = self._sent(require_signature=True), self._sent()
        self.authenticate(None, None)
        page = self.url_open(refused.get_portal_url()).text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        self.url_open(
            f"/my/orders/{refused.id}/decline?access_token={refused.access_token}",
            data={"csrf_token": token, "decline_message": "Too dear"},
        )
        refused.invalidate_recordset()
        cancelled._action_cancel()
        self.assertEqual(refused.subscription_contract_progress, "refused")
        self.assertTrue(refused.subscription_contract_refused_on)
        self.assertEqual(cancelled.subscription_contract_progress, "cancelled")
        self.assertEqual((refused | cancelled).mapped("subscription_contract_acceptance"), [0.0, 0.0])
        refused.action_draft()
        self.assertEqual(
            (refused.subscription_contract_progress, refused.subscription_contract_refused_on), ("draft", False)
        )

    def test_acceptance_by_template_and_salesperson(self):
        template = self.env["sale.order.template"].create({"name": "Template"})
        quotes = self.env["sale.order"]
        for seller, is_accepted in ((self.seller, True), (self.seller, False), (self.other, True)):
            quote = self._sent()
            quote.write({"user_id": seller.id, "sale_order_template_id": template.id})
            if is_accepted:
                quote.action_confirm()
            quotes |= quote
        rows = self.env["sale.order"]._read_group(
            [("id", "in", quotes.ids)],
            ["sale_order_template_id", "user_id"],
            ["subscription_contract_acceptance:avg"],
        )
        self.assertEqual(rows, [(template, self.seller, 0.5), (template, self.other, 1.0)])

    def test_a_salesperson_reads_his_own(self):
        own, others = self._sent(), self._sent()
        others.user_id = self.other
        action = self.env.ref("subscription_portal.action_subscription_quotation")
        domain = [*literal_eval(action.domain), ("id", "in", (own | others).ids)]
        found = self.env["sale.order"].with_user(self.seller).search(domain)
        self.assertEqual(found, own)
        menu = self.env.ref("subscription_portal.menu_subscription_quotation")
        accountant = new_test_user(
            self.env, "followup_accountant", groups="base.group_user,account.group_account_invoice"
        )
        menus = self.env["ir.ui.menu"]
        self.assertIn(menu.id, menus.with_user(self.seller)._visible_menu_ids())
        self.assertNotIn(menu.id, menus.with_user(accountant)._visible_menu_ids())

    # what is told

    def test_told_of_the_first_time_it_is_opened(self):
        quote = self._sent()
        self._open(quote)
        self.assertEqual(self._told(quote).user_id, self.seller)
        self._open(quote)
        self.assertEqual(len(self._told(quote)), 1)
        quote.action_confirm()
        self.assertFalse(self._told(quote), "nothing is left to do")

    def test_an_ordinary_quotation_tells_nothing(self):
        quote = self._sent(self.router, subscription_plan_id=False)
        self._open(quote)
        self.assertFalse(quote.subscription_contract_opened_on or self._told(quote))

    def _near_the_end(self):
        self.env["sale.order"]._cron_subscription_quotations()

    def test_told_once_when_it_nears_its_end(self):
        today = self.today
        self.env.company.subscription_contract_quotation_days = 3
        near = self._sent(validity_date=today + timedelta(days=3))
        far = self._sent(validity_date=today + timedelta(days=4))
        over = self._sent(validity_date=today - timedelta(days=1))
        draft = self._quote(self.hosting, user_id=self.seller.id, validity_date=today)
        accepted = self._sent(validity_date=today)
        accepted.action_confirm()
        for _time in range(2):
            self._near_the_end()
        told = {quote: len(self._told(quote)) for quote in (near, far, over, draft, accepted)}
        self.assertEqual(told, {near: 1, far: 0, over: 0, draft: 0, accepted: 0})
        self.assertEqual(self._told(near).user_id, self.seller)
        near.validity_date = today + timedelta(days=1)
        self._near_the_end()
        self.assertEqual(len(self._told(near)), 2, "another day is another end")

    def test_a_copy_tells_nobody(self):
        quote = self._sent(validity_date=self.today)
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "another database")
        self._near_the_end()
        self.assertFalse(self._told(quote))

    def test_told_in_the_language_of_the_salesperson(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.seller.lang = "fr_FR"
        quote = self._sent(validity_date=self.today)
        self.assertEqual(quote._subscription_for_salesperson().env.lang, "fr_FR")
