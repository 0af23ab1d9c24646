from odoo import Command
from odoo.tests import tagged

from odoo.addons.subscription_billing.tests.sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSubscriptionApps(SaleSubscriptionCommon):
    """Two other subscription applications in one database: each bills its own contracts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["product.pricelist"].create({"name": "Theirs asks for one"})
        cls.template = cls.env["sale.subscription.template"].create(
            {"name": "Theirs", "code": "OTHER", "recurring_rule_type": "months", "recurring_interval": 1}
        )
        cls.magazine = cls._product(
            "Magazine",
            7.0,
            subscription_recurring=False,
            subscribable=True,
            subscription_template_id=cls.template.id,
            property_account_income_id=cls.company_data["default_account_revenue"].id,
        )

    def test_no_field_is_defined_twice(self):
        ours = {
            f"{model._name}.{name}": set(field._modules)
            for model in self.env.registry.values()
            for name, field in model._fields.items()
            if "subscription_billing" in field._modules
        }
        self.assertIn("res.partner.subscription_contract_count", ours)
        shared = {name for name, modules in ours.items() if modules & {"contract", "subscription_oca"}}
        self.assertEqual(shared, set())

    def test_an_order_opens_what_each_application_sells(self):
        order = self._order(self.hosting, self.magazine)
        self.assertEqual(order.subscription_contract_id.line_ids.product_id, self.hosting | self.magazine)
        self.assertEqual(order.subscription_contract_id.line_ids.mapped("kind"), ["recurring", "one_off"])
        self.assertEqual(order.subscription_ids.sale_subscription_line_ids.product_id, self.magazine)
        invoice = self._first_bill(order)
        self.assertEqual((invoice.state, invoice.amount_untaxed), ("posted", 107.0))
        self.assertFalse(invoice.subscription_id)

    def test_their_invoices_are_none_of_ours(self):
        order = self._order(self.magazine)
        self.assertFalse(order.subscription_contract_id)
        theirs = order.subscription_ids.create_invoice()
        theirs |= self._oca_contract()._recurring_create_invoice()
        self.assertEqual(len(theirs), 2)
        theirs.action_post()
        self.assertFalse(theirs.subscription_contract_ids)
        self.assertFalse(theirs.line_ids.subscription_line_period_ids)

    def _oca_contract(self):
        line = {
            "product_id": self.hosting.id,
            "name": "Hosting",
            "quantity": 1,
            "price_unit": 12.0,
            "recurring_interval": 1,
            "recurring_rule_type": "monthly",
            "date_start": self.today,
            "recurring_next_date": self.today,
        }
        return self.env["contract.contract"].create(
            {
                "name": "Theirs too",
                "partner_id": self.customer.id,
                "line_recurrence": True,
                "contract_line_ids": [Command.create(line)],
            }
        )
