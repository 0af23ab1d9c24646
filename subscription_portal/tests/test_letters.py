from datetime import timedelta

from odoo import SUPERUSER_ID
from odoo.tests import tagged

from odoo.addons.mail.tests.common import MailCase

from .common_legal import LegalCommon


@tagged("post_install", "-at_install")
class TestLetters(MailCase, LegalCommon):
    """What customers are written: in their language, with their link, once, and never by a copy of the database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.customer_welcome = True

    def _leave(self):
        """The worker of the outbox; returns the mails that left."""
        with self.mock_mail_gateway(), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID)["subscription.outbox"]._cron_work()
        self.env.invalidate_all()
        return self._mails

    def _link(self, contract=None):
        contract = contract or self.contract
        return f"{contract.access_url}?access_token={contract._portal_ensure_token()}"

    def test_welcome_says_what_is_paid_and_how_to_leave(self):
        contract = self._consumers_contract()
        [mail] = self._leave()
        self.assertIn("Client@Example.com".lower(), str(mail["email_to"]).lower())
        for words in (contract.name, self._link(contract), "What you pay", "172.50", "/subscription/end"):
            self.assertIn(words, mail["body"])
        self.assertFalse(self._leave(), "once is enough")

    def test_welcome_in_french(self):
        self._french()
        self.customer.lang = "fr_FR"
        self._consumers_contract()
        [mail] = self._leave()
        self.assertIn("votre contrat", mail["subject"])
        self.assertIn("Ce que vous payez", mail["body"])

    def test_welcome_is_for_new_contracts_of_plans_that_ask_for_it(self):
        self._consumers_contract(billed_until=self.today + timedelta(days=20))
        self.plan.customer_welcome = False
        self._consumers_contract()
        self.assertFalse(self._leave())

    def test_copy_of_the_database_writes_to_nobody(self):
        self._consumers_contract()
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "elsewhere")
        with self.assertLogs("odoo.addons.subscription_billing.models.subscription_outbox_work", "CRITICAL"):
            self.assertFalse(self._leave())

    def test_end_is_acknowledged_with_its_receipt(self):
        declared = self._declare()
        [mail] = self._leave()
        for words in (self.contract.name, self._link(), "The last day served is", "Europe/Paris"):
            self.assertIn(words, mail["body"])
        [(name, content, _mimetype)] = mail["attachments"]
        self.assertEqual((name, content), (f"{declared.name}.pdf", declared.receipt_id.raw))
        self.assertFalse(self._leave())

    def test_end_by_login_is_acknowledged(self):
        _preview, asked = self._ask(self.user_a, "end", {"date_end": str(self.today)})
        [mail] = self._leave()
        self.assertIn(asked.name, mail["subject"])
        self.assertEqual(len(mail["attachments"]), 1)

    def test_unknown_address_is_answered_without_a_word_of_any_contract(self):
        declared = self._declare(name="Buy my pills", email="stranger@example.com")
        [mail] = [mail for mail in self._leave() if mail["email_to"] == ["stranger@example.com"]]
        self.assertIn(declared.name, mail["subject"])
        self.assertIn("We look at your request", mail["body"])
        for words in ("Buy my pills", self.contract.name, "/my/subscriptions"):
            self.assertNotIn(words, mail["body"])

    def test_acknowledged_again_once_a_person_applied_it(self):
        declared = self._declare(email="stranger@example.com")
        self._leave()
        declared._apply_by_hand(self.contract, self.today)
        [mail] = self._leave()
        self.assertIn("The last day served is", mail["body"])
        self.assertIn("client@example.com", str(mail["email_to"]).lower())

    def test_refusal_and_approval_are_answered(self):
        self.silver.customer_approval = True
        contract = self._contract(self.silver.line_ids.product_id, plan_id=self.silver.id)
        for decide, words in (("action_approve", "is done"), ("action_refuse", "We cannot do")):
            quantity = 3 if decide == "action_approve" else 5
            _preview, asked = self._ask(self.user_a, "change", self._mailboxes(quantity, contract), contract)
            self.assertFalse(self._leave())
            getattr(asked.sudo(False).with_env(self.env), decide)()
            [mail] = self._leave()
            for part in (words, asked.name, self._link(contract), "Mailbox"):
                self.assertIn(part, mail["body"])
            self.assertFalse(mail["attachments"])

    def test_question_is_answered_in_its_conversation(self):
        asked = self._as(self.user_a)._ask_question("How much?")
        asked.sudo(False).with_env(self.env).action_refuse()
        effects = self.env["subscription.outbox"].sudo().search([("request_id", "=", asked.id)])
        self.assertFalse(effects)

    def test_other_mails_of_contracts_carry_the_link(self):
        contract = self._consumers_contract(commitment=12, notice=2, notice_unit="month")
        self.env["subscription.notice"].sudo()._plan()
        for template, record in (
            ("mail_template_trial_end", contract),
            ("mail_template_rating", contract),
            ("mail_template_notice", contract.notice_ids),
        ):
            body = self.env.ref(f"subscription_billing.{template}")._generate_template(record.ids, ("body_html",))
            self.assertIn(self._link(contract), body[record.id]["body_html"], template)

    def test_mails_of_invoices_carry_their_link(self):
        [move] = self._bill(self.contract, self.today)
        link = f"{move.access_url}?access_token={move._portal_ensure_token()}"
        reminder = self.env.ref("subscription_billing.mail_template_payment_failed")
        body = reminder._generate_template(move.ids, ("body_html",))[move.id]["body_html"]
        self.assertIn(move.get_base_url() + link, body)
        with self.mock_mail_gateway():
            self.env["account.move.send"]._generate_and_send_invoices(move, sending_methods=["email"])
        self.assertTrue(self._mails)
        for mail in self._mails:
            self.assertIn("access_token", mail["body"])
            self.assertIn(str(move.access_token), mail["body"])
