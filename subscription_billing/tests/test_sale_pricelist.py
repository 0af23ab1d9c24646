from odoo import Command
from odoo.tests import tagged

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSalePricelist(SaleSubscriptionCommon):
    """A price list holds a price per recurrence, for orders and for contracts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("product.group_product_pricelist")
        rules = [
            {"fixed_price": 90.0},
            {"fixed_price": 79.0, "subscription_recurrence_id": cls.monthly.id},
            {"fixed_price": 790.0, "subscription_recurrence_id": cls.yearly.id},
        ]
        cls.pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Per recurrence",
                "item_ids": [
                    Command.create(
                        {
                            "applied_on": "1_product",
                            "product_tmpl_id": cls.hosting.product_tmpl_id.id,
                            "compute_price": "fixed",
                            **rule,
                        }
                    )
                    for rule in rules
                ],
            }
        )

    def _price(self, product, recurrence=None, **kwargs):
        return self.pricelist._get_product_price(product, 1.0, subscription_recurrence=recurrence, **kwargs)

    def test_a_rule_applies_to_its_recurrence_only(self):
        self.assertEqual(self._price(self.hosting, self.monthly), 79.0)
        self.assertEqual(self._price(self.hosting, self.yearly), 790.0)
        self.assertEqual(self._price(self.hosting, self.quarterly), 90.0)
        self.assertEqual(self._price(self.hosting), 90.0)
        self.assertEqual(self.pricelist._get_product_price(self.hosting, 1.0), 90.0)

    def test_no_rule_for_a_recurrence_leaves_the_ordinary_price(self):
        self.assertEqual(self._price(self.support, self.monthly), 30.0)

    def test_a_rule_of_the_recurrence_comes_before_a_closer_one_without(self):
        self.pricelist.item_ids = [
            Command.create(
                {
                    "applied_on": "3_global",
                    "compute_price": "percentage",
                    "percent_price": 50.0,
                    "subscription_recurrence_id": self.quarterly.id,
                }
            )
        ]
        self.assertEqual(self._price(self.hosting, self.quarterly), 50.0)
        self.assertEqual(self._price(self.hosting), 90.0)

    def test_a_list_based_on_another_asks_it_for_the_same_recurrence(self):
        derived = self.env["product.pricelist"].create(
            {
                "name": "Minus ten percent",
                "item_ids": [
                    Command.create(
                        {
                            "applied_on": "3_global",
                            "compute_price": "formula",
                            "base": "pricelist",
                            "base_pricelist_id": self.pricelist.id,
                            "price_discount": 10.0,
                        }
                    )
                ],
            }
        )
        price = derived._get_product_price(self.hosting, 1.0, subscription_recurrence=self.yearly)
        self.assertAlmostEqual(price, 711.0)

    def test_lines_of_an_order_take_the_price_of_their_recurrence(self):
        self.support.subscription_recurring = False
        order = self._quote(self.hosting, self.support, pricelist_id=self.pricelist.id)
        line = self._line(order, self.hosting)
        self.assertEqual(line.price_unit, 79.0)
        line.subscription_recurrence_id = self.yearly
        self.assertEqual(line.price_unit, 790.0)
        line.subscription_recurrence_id = self.quarterly
        self.assertEqual(line.price_unit, 90.0)
        self.assertEqual(self._line(order, self.support).price_unit, 30.0)

    def test_the_contract_bills_the_price_of_its_recurrence_in_its_currency_and_unit(self):
        foreign = self.setup_other_currency("CHF", rates=[("2026-03-01", 2.0)])
        dozen = self.env.ref("uom.product_uom_dozen")
        self.pricelist.currency_id = foreign
        order = self._order(
            {"product_id": self.hosting.id, "product_uom_id": dozen.id, "product_uom_qty": 2},
            pricelist_id=self.pricelist.id,
        )
        contract = order.subscription_contract_id
        self.assertEqual(contract.currency_id, foreign)
        self.assertEqual(contract.line_ids.product_uom_id, dozen)
        invoice = self._first_bill(order)
        self.assertEqual((invoice.currency_id, invoice.amount_untaxed), (foreign, 2 * 12 * 79.0))

    def test_a_contract_typed_by_hand_takes_the_same_price(self):
        contract = self._contract(self.hosting, activate=False, pricelist_id=self.pricelist.id)
        self.assertEqual(contract.line_ids.price_unit, 79.0)
