import os
from datetime import date
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings

from odoo import Command, fields

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

# each example is a savepoint on a real database: few of them, never timed, never shrunk
orm_examples = settings(
    database=None,
    deadline=None,
    derandomize=not os.environ.get("LONG"),
    max_examples=500 if os.environ.get("LONG") else 20,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


class SubscriptionCommon(AccountTestInvoicingCommon):
    """A company with a chart of accounts, three products and two plans, on an armed database."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.env.ref("subscription_billing.group_subscription_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine = cls.env["subscription.engine"]
        cls.engine._arm()
        cls.env.company.subscription_tz = "Europe/Paris"
        cls.tax_20 = cls.company_data["default_tax_sale"]
        cls.hosting = cls._product("Hosting", 100.0)
        cls.support = cls._product("Support", 30.0)
        cls.setup_fee = cls._product("Setup", 50.0, subscription_recurring=False)
        cls.traffic = cls._product("Traffic", 2.0, subscription_line_kind="usage")
        cls.monthly = cls.env.ref("subscription_billing.recurrence_monthly")
        cls.quarterly = cls.env.ref("subscription_billing.recurrence_quarterly")
        cls.yearly = cls.env.ref("subscription_billing.recurrence_yearly")
        cls.plan = cls.env["subscription.plan"].create({"name": "Monthly", "recurrence_id": cls.monthly.id})
        cls.customer = cls.env["res.partner"].create({"name": "A customer"})
        cls.reason = cls.env.ref("subscription_billing.close_reason_other")

    @classmethod
    def _follow_frozen_clock(cls):
        """The clock of the transaction, which decides what day it is, follows ``freeze_time``."""
        cls.enterClassContext(patch.object(type(cls.env.cr), "now", lambda cursor: fields.Datetime.now()))

    @classmethod
    def _product(cls, name, price, **values):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "list_price": price,
                "invoice_policy": "order",
                "subscription_recurring": True,
                "taxes_id": [Command.set(cls.tax_20.ids)],
                **values,
            }
        )

    @classmethod
    def _contract(cls, *lines, activate=True, **values):
        """A contract of ``lines``, each a dict or a product."""
        commands = [
            Command.create(line if isinstance(line, dict) else {"product_id": line.id})
            for line in lines or [cls.hosting]
        ]
        contract = cls.env["subscription.contract"].create(
            {
                "partner_id": cls.customer.id,
                "plan_id": cls.plan.id,
                "date_start": "2026-01-01",
                "line_ids": commands,
                **values,
            }
        )
        if activate:
            contract.action_activate()
        return contract

    def _bill(self, contracts, until):
        return self.engine._bill(contracts, fields.Date.to_date(until))

    def _day(self, text) -> date:
        return fields.Date.to_date(text)

    def assertLedger(self, contract, expected):
        """The ledger of ``contract``: start, end, amount and state of each row, by date."""
        rows = self.env["subscription.period"].search([("contract_id", "=", contract.id)], order="date_start, id")
        self.assertEqual(
            [(str(row.date_start), str(row.date_end), row.amount_invoiced, row.state) for row in rows], expected
        )
