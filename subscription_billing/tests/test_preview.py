from decimal import Decimal

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import SubscriptionCommon

LINE = (
    "name",
    "quantity",
    "price_unit",
    "product_id",
    "product_uom_id",
    "tax_ids",
    "account_id",
    "analytic_distribution",
    "subscription_line_id",
    "subscription_credited_line_id",
    "deferred_start_date",
    "deferred_end_date",
)
DOCUMENT = (
    "move_type",
    "partner_id",
    "partner_shipping_id",
    "currency_id",
    "journal_id",
    "invoice_date",
    "fiscal_position_id",
    "invoice_payment_term_id",
    "invoice_origin",
    "ref",
    "company_id",
    "invoice_user_id",
    "team_id",
)


@freeze_time("2026-06-15")
@tagged("post_install", "-at_install")
class TestPreview(SubscriptionCommon):
    """What is previewed is what is billed, document by document and line by line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.tax_included = cls.env["account.tax"].create(
            {"name": "20 % included", "amount": 20.0, "type_tax_use": "sale", "price_include_override": "tax_included"}
        )
        cls.tax_10 = cls.env["account.tax"].create({"name": "10 %", "amount": 10.0, "type_tax_use": "sale"})
        cls.consumer_product = cls._product("Box", 120.0, taxes_id=[Command.set(cls.tax_included.ids)])
        cls.french = cls.env["res.partner"].create({"name": "Client", "lang": cls._french()})

    @classmethod
    def _french(cls):
        cls.env["res.lang"]._activate_lang("fr_FR")
        return "fr_FR"

    def _seen(self, group):
        """What a reader of the preview knows of one document."""
        values = self.engine._invoice_vals(group)
        lines = [command[2] for command in values["invoice_line_ids"]]
        products = [line for line in lines if line.get("product_id")]
        return {
            "document": {name: values[name] or False for name in DOCUMENT},
            "sections": [line["name"] for line in lines if line.get("display_type") == "line_section"],
            "lines": [
                {
                    **{name: line.get(name) or False for name in LINE},
                    "quantity": line["quantity"],
                    "price_unit": round(line["price_unit"], 6),
                    "tax_ids": sorted(line["tax_ids"][0][2]),
                    "account_id": line.get("account_id") or self.engine._account(charge).id,
                    "amount": charge.amount if values["move_type"] == "out_invoice" else -charge.amount,
                }
                for line, charge in zip(products, group, strict=True)
            ],
        }

    def _written(self, move):
        """The same of the invoice itself."""

        def plain(record, name):
            value = record[name]
            return (value.id or False) if record._fields[name].type == "many2one" else value or False

        lines = move.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
        return {
            "document": {name: plain(move, name) for name in DOCUMENT},
            "sections": lines.filtered(lambda line: line.display_type == "line_section").mapped("name"),
            "lines": [
                {
                    **{name: plain(line, name) for name in LINE if name != "tax_ids"},
                    "quantity": line.quantity,
                    "price_unit": round(line.price_unit, 6),
                    "tax_ids": sorted(line.tax_ids.ids),
                    "amount": self._amount(line),
                }
                for line in lines.filtered(lambda line: line.display_type == "product")
            ],
        }

    def _amount(self, line) -> Decimal:
        return Decimal(str(line.currency_id.round(line.quantity * line.price_unit)))

    def assertBilledAsPreviewed(self, contracts, until):
        until = self._day(until)
        groups = [
            group
            for group in self.engine._groups(self.engine._preview(contracts, until))
            if any(charge.amount for charge in group)
        ]
        seen = [self._seen(group) for group in groups]
        before = self.env["account.move"].search_count([])
        self.engine._preview(contracts, until)
        self.assertEqual(self.env["account.move"].search_count([]), before)
        run = self.env["subscription.run"].create(
            {"until_date": until, "mode": "simulation", "domain": repr([("id", "in", contracts.ids)])}
        )
        run.action_simulate()
        rows = {row.digest: row for row in run.proposal_ids}
        digests = [self.engine._digest(group) for group in groups]
        moves = self.engine._bill(contracts, until)
        self.assertEqual([self._written(move) for move in moves], seen)
        self.assertFalse(self.engine._preview(contracts, until), "what is billed is not proposed again")
        for move, digest in zip(moves, digests, strict=True):
            row = rows[digest]
            self.assertEqual(row.move_type, move.move_type)
            self.assertEqual(
                (row.amount_untaxed, row.amount_tax, row.amount_total),
                (
                    move.amount_untaxed_in_currency_signed,
                    move.currency_id.round(
                        move.amount_total_in_currency_signed - move.amount_untaxed_in_currency_signed
                    ),
                    move.amount_total_in_currency_signed,
                ),
            )
            products = self.engine._product_lines(move)
            sign = -1 if move.move_type == "out_refund" else 1
            self.assertEqual(row.line_ids.mapped("name"), products.mapped("name"))
            self.assertEqual(row.line_ids.mapped("amount_untaxed"), [sign * line.price_subtotal for line in products])
            self.assertAlmostEqual(row.amount_company, move.amount_untaxed_signed)
        return moves

    def test_kinds_of_lines(self):
        contract = self._contract(
            {"product_id": self.hosting.id, "quantity": 3, "section": "Every month"},
            {"product_id": self.support.id, "discount": 12.5, "section": "Every month"},
            {"product_id": self.setup_fee.id, "section": "Once"},
            {"product_id": self.traffic.id, "included_quantity": 10},
            {"product_id": self.hosting.id, "occurrences": 2, "recurrence_id": self.quarterly.id},
        )
        self.env["subscription.usage"].create(
            {"contract_id": contract.id, "line_id": contract.line_ids[3].id, "date": "2026-01-20", "quantity": 25}
        )
        moves = self.assertBilledAsPreviewed(contract, "2026-06-15")
        self.assertGreater(len(moves), 5)

    def test_shares_and_alignment(self):
        for policy in ("exact_days", "months_then_days", "thirty_360", "full_period", "free"):
            with self.subTest(policy):
                contract = self._contract(
                    self.hosting,
                    self.support,
                    alignment="calendar",
                    alignment_day=1,
                    date_start="2026-01-20",
                    proration_policy=policy,
                )
                contract._close(self._day("2026-04-11"), credit="none")
                self.assertBilledAsPreviewed(contract, "2026-06-15")

    def test_terms(self):
        for terms in (
            {"billing_timing": "arrears"},
            {"lead_days": 20},
            {"catch_up": "summary"},
            {"invoice_date_policy": "due"},
            {"invoicing_mode": "draft"},
            {"client_order_ref": "PO 17", "payment_term_id": self.pay_terms_b.id},
        ):
            with self.subTest(terms):
                self.assertBilledAsPreviewed(self._contract(self.hosting, self.support, **terms), "2026-06-15")

    def test_language_of_the_customer(self):
        contract = self._contract(
            self.hosting, partner_id=self.french.id, date_start="2026-05-20", alignment="calendar", alignment_day=1
        )
        self.assertBilledAsPreviewed(contract, "2026-06-15")

    def test_taxes(self):
        position = self.env["account.fiscal.position"].create({"name": "Reduced"})
        self.tax_10.write(
            {
                "fiscal_position_ids": [Command.link(position.id)],
                "original_tax_ids": [Command.set(self.tax_included.ids)],
            }
        )
        lines = [self.consumer_product, {"product_id": self.hosting.id, "tax_ids": [Command.set(self.tax_10.ids)]}]
        for values in ({}, {"fiscal_position_id": position.id}):
            with self.subTest(values):
                contract = self._contract(*lines, date_start="2026-05-20", **values)
                self.assertBilledAsPreviewed(contract, "2026-06-20")

    def test_foreign_currency(self):
        currency = self.setup_other_currency("CHF", rates=[("2026-06-01", 0.95)])
        pricelist = self.env["product.pricelist"].create({"name": "CHF", "currency_id": currency.id})
        contract = self._contract(self.hosting, pricelist_id=pricelist.id, date_start="2026-06-03")
        self.assertEqual(contract.currency_id, currency)
        self.assertBilledAsPreviewed(contract, "2026-06-15")

    def test_one_invoice_per_customer(self):
        self.plan.invoice_grouping = "customer"
        contracts = self._contract(self.hosting, date_start="2026-06-01") | self._contract(
            self.support, self.setup_fee, date_start="2026-06-01"
        )
        moves = self.assertBilledAsPreviewed(contracts, "2026-06-15")
        self.assertEqual(len(moves), 1)

    def test_changes_and_credits(self):
        for mode in ("note", "next"):
            with self.subTest(mode):
                contract = self._contract(
                    {"product_id": self.hosting.id, "quantity": 4},
                    self.support,
                    credit_mode=mode,
                    date_start="2026-05-01",
                )
                self._bill(contract, "2026-06-15")
                hosting, support = contract.line_ids
                contract._amend(self._day("2026-05-16"), [(hosting, {"quantity": 1}), (support, {"price_unit": 45.0})])
                contract._amend(
                    self._day("2026-06-10"), [(None, {"product_id": self.support.id}), (support.chain_id, None)]
                )
                self.assertTrue(self.assertBilledAsPreviewed(contract, "2026-06-15"))

    def test_many_at_once(self):
        contracts = self.env["subscription.contract"].union(
            *(
                self._contract(
                    {"product_id": self.hosting.id, "quantity": index + 1},
                    self.consumer_product,
                    partner_id=self.french.id if index % 2 else self.customer.id,
                    date_start=f"2026-0{index + 1}-1{index}",
                    billing_timing="arrears" if index % 3 else "advance",
                )
                for index in range(5)
            )
        )
        self.assertBilledAsPreviewed(contracts, "2026-06-15")
