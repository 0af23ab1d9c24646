from unittest.mock import patch

import requests

from odoo import Command
from odoo.tests import freeze_time

from odoo.addons.subscription_billing.tests.test_outbox import OutboxCommon

from ..bank import Bank, Dropped

REQUEST = "odoo.addons.payment.models.payment_provider.requests.request"


@freeze_time("2026-06-15 10:00:00")
class ChargeCommon(OutboxCommon):
    """A contract with a stored card, and the bank that the card belongs to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.env["payment.provider"]._make_bank(cls.env.company)
        cls.card = cls.provider._make_card(cls.customer)
        # no mail here: what leaves is tested elsewhere
        cls.customer.with_company(cls.env.company).invoice_sending_method = "manual"

    def setUp(self):
        super().setUp()
        self.bank = Bank()
        self.startPatcher(patch(REQUEST, self._request))

    def _request(self, method, url, json=None, **options):
        try:
            status, text = self.bank.handle(method, url, json)
        except Dropped:
            raise requests.exceptions.ConnectionError from None
        response = requests.Response()
        response.status_code, response._content, response.url = status, text.encode(), url
        return response

    def _charged(self, **values):
        """An invoice that is charged by itself, posted and not charged yet."""
        contract = self._contract(**{"invoicing_mode": "post_charge", "payment_token_id": self.card.id, **values})
        return self._bill(contract, "2026-01-01")

    def _steps(self, *steps):
        """What the plan does after a failure."""
        self.plan.retry_step_ids = [
            Command.clear(),
            *(Command.create({"days": days, "action": action}) for days, action in steps),
        ]

    def _notice(self, attempt, status, **values):
        """The provider says by itself what became of a charge, as its webhook does."""
        data = {"reference": attempt.reference, "status": status, "amount": attempt.amount, "currency": "USD"}
        self.env["payment.transaction"].sudo()._process("bank", {**data, **values})

    def assertPaid(self, move, times=1):
        """Paid, posted and reconciled, and the bank took it that often."""
        self.assertEqual((move.amount_residual, move.payment_state), (0.0, "paid"))
        [attempt] = move.subscription_contract_attempt_ids.filtered(lambda attempt: attempt.state == "done")
        self.assertEqual(attempt.transaction_id.payment_id.state, "paid")
        self.assertEqual(len(self.bank.taken), times)
        self.assertEqual(self.bank.taken[0][1], move.amount_total)

    def assertAttempts(self, move, *states):
        self.assertEqual(move.subscription_contract_attempt_ids.sorted("number").mapped("state"), list(states))
