from odoo import http
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import MailCase

from .common import SubscriptionCommon


@tagged("post_install", "-at_install")
class TestStageMail(SubscriptionCommon, MailCase, HttpCase):
    """Entering a stage writes to the customer, and an answer is read on the contract."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={"lang": "en_US"})
        cls.customer.email = "customer@example.com"
        cls.stage = cls.env.ref("subscription_billing.stage_active")
        cls.template = cls.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": cls.env["ir.model"]._get_id("subscription.contract"),
                "subject": "Welcome to {{ object.name }}",
                "partner_to": "{{ object.partner_id.id }}",
                "body_html": "<p>It runs.</p>",
                "auto_delete": False,
            }
        )
        cls.rating = cls.env.ref("subscription_billing.mail_template_rating")
        cls.contract = cls._contract(activate=False)
        cls.flush_tracking(cls())

    def _activate(self, contract=None):
        (contract or self.contract).with_env(self.env).action_activate()
        self.flush_tracking()

    def _written(self, subject):
        return self.env["mail.mail"].sudo().search([("subject", "like", subject)])

    def test_mail_on_entering_a_stage(self):
        self.stage.mail_template_id = self.template
        with self.mock_mail_gateway(mail_unlink_sent=False):
            self._activate()
        mail = self._written(f"Welcome to {self.contract.name}")
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertIn("It runs.", mail.body_html)

    def test_no_mail_without_template(self):
        with self.mock_mail_gateway(mail_unlink_sent=False):
            self._activate()
        self.assertFalse(self._written(self.contract.name) | self._written("how satisfied"))

    def test_a_copy_writes_to_nobody(self):
        self.stage.write({"mail_template_id": self.template.id, "rating_template_id": self.rating.id})
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "another database")
        with self.mock_mail_gateway(mail_unlink_sent=False):
            self._activate()
        self.assertFalse(self._written("Welcome to") | self._written("how satisfied"))

    def test_rating_is_asked_and_its_score_read(self):
        self.stage.rating_template_id = self.rating
        with self.mock_mail_gateway(mail_unlink_sent=False):
            self._activate()
        mail = self._written("how satisfied are you?")
        self.assertEqual(mail.recipient_ids, self.customer)
        token = self.contract.rating_ids.access_token
        self.assertIn(f"/rate/{token}/5", mail.body_html)
        self.assertEqual(self.contract.rating_count, 0)
        self.env.flush_all()
        self.authenticate(None, None)
        self.assertEqual(self.url_open(f"/rate/{token}/5").status_code, 200)
        answer = {"rate": 5, "feedback": "Fine", "csrf_token": http.Request.csrf_token(self)}
        self.assertEqual(self.url_open(f"/rate/{token}/submit_feedback", answer).status_code, 200)
        self.env.invalidate_all()
        self.assertEqual((self.contract.rating_count, self.contract.rating_last_value), (1, 5.0))
        self.assertEqual(self.contract.rating_last_feedback, "Fine")

    def test_moving_within_a_state(self):
        self._activate()
        watched = self.env["subscription.stage"].create(
            {"name": "To watch", "state": "active", "mail_template_id": self.template.id}
        )
        with self.mock_mail_gateway(mail_unlink_sent=False):
            self.contract.with_env(self.env).stage_id = watched
            self.flush_tracking()
        self.assertEqual(len(self._written("Welcome to")), 1)
