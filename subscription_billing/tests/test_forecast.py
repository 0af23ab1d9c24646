from odoo import Command
from odoo.tests import freeze_time, new_test_user, tagged

from .common import SubscriptionCommon


@freeze_time("2026-06-15")
@tagged("post_install", "-at_install")
class TestForecast(SubscriptionCommon):
    """Twelve months of invoices to come."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def _forecast(self, user=None):
        lines = self.env["subscription.forecast.line"].with_user(user or self.env.user).with_company(self.env.company)
        action = lines.action_open()
        self.assertEqual(action["res_model"], lines._name)
        return lines.search([])

    def test_by_day(self):
        contract = self._contract(self.hosting, {"product_id": self.support.id, "recurrence_id": self.quarterly.id},
                                  self.setup_fee, date_start="2026-07-10")  # fmt: skip
        rows = self._forecast()
        self.assertEqual(rows.contract_id, contract)
        by_kind = rows.grouped("kind")
        self.assertEqual([(str(row.date), row.amount) for row in by_kind["one_off"]], [("2026-07-10", 50.0)])
        recurring = by_kind["recurring"]
        self.assertEqual([row.date.month for row in recurring], [7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6])
        self.assertEqual(recurring.mapped("amount")[:4], [130.0, 100.0, 100.0, 130.0])
        self.assertRecordValues(
            recurring[:1],
            [
                {
                    "partner_id": self.customer.id,
                    "plan_id": self.plan.id,
                    "user_id": self.env.user.id,
                    "company_id": self.env.company.id,
                    "currency_id": self.env.company.currency_id.id,
                }
            ],
        )

    def test_twelve_months_and_no_day_more(self):
        self._contract(date_start="2026-06-16")
        self.assertEqual(len(self._forecast()), 12)

    def test_it_is_what_will_be_billed(self):
        contract = self._contract(self.hosting, self.setup_fee, date_start="2026-03-20", catch_up="summary")
        total = sum(self._forecast().mapped("amount"))
        with freeze_time("2027-06-14"):
            moves = self._bill(contract, "2027-06-14")
        self.assertEqual(total, sum(moves.mapped("amount_untaxed")))

    def test_what_is_overdue_stands_at_today(self):
        self._contract(date_start="2026-04-01")
        self.assertEqual([str(day) for day in self._forecast().mapped("date")[:2]], ["2026-06-15", "2026-07-01"])
        self.assertEqual(self._forecast()[0].amount, 300.0)

    def test_included_taxes_are_taken_off(self):
        tax = self.env["account.tax"].create(
            {"name": "Included", "amount": 20.0, "type_tax_use": "sale", "price_include_override": "tax_included"}
        )
        product = self._product("Box", 120.0, taxes_id=[Command.set(tax.ids)])
        self._contract(product, date_start="2026-06-16")
        self.assertEqual(set(self._forecast().mapped("amount")), {100.0})

    def test_company_currency(self):
        currency = self.setup_other_currency("CHF", rates=[("2026-06-01", 0.5)])
        pricelist = self.env["product.pricelist"].create({"name": "CHF", "currency_id": currency.id})
        contract = self._contract(date_start="2026-06-16", pricelist_id=pricelist.id)
        self.assertEqual(self._forecast()[0].amount, contract.line_ids.price_unit * 2)

    def test_ended_and_draft_contracts_are_not_billed(self):
        self._contract(date_start="2026-07-01", activate=False)
        ended = self._contract(date_start="2026-06-16")
        ended._close(self._day("2026-08-16"))
        self.assertEqual(len(self._forecast()), 2)

    def test_rows_belong_to_who_asked(self):
        sales = new_test_user(self.env, "forecast_sales", groups="subscription_billing.group_subscription_user")
        sales.write({"company_ids": [Command.set(self.env.company.ids)], "company_id": self.env.company.id})
        own = self._contract(date_start="2026-06-16", user_id=sales.id)
        other = self._contract(date_start="2026-06-16")
        self.assertEqual(self._forecast().contract_id, own | other)
        self.assertEqual(self._forecast(sales).contract_id, own)
        self.assertEqual(self._forecast().contract_id, own | other)
