from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from .sale_common import SaleSubscriptionCommon

# what two equal documents never share
OWN = {"id", "create_date", "write_date"}
LINKS = ("tax_ids", "tax_tag_ids", "sale_line_ids")


@tagged("post_install", "-at_install")
@freeze_time("2026-01-15")
class TestEntry(SaleSubscriptionCommon):
    """The hot path writes to the last column what Odoo writes the ordinary way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # as users have it: chatter on
        cls.env = cls.env(context={"lang": "en_US"})
        cls.engine = cls.engine.with_env(cls.env)
        cls.company = cls.env.company
        cls.customer.country_id = cls.company.country_id
        cls.follower = cls.env["res.partner"].create({"name": "Follows the team", "email": "follower@example.com"})
        cls.team = cls.env["crm.team"].sudo().create({"name": "A team", "invoiced_target": 0})
        subtypes = cls.env["mail.message.subtype"].search([("res_model", "in", [False, "crm.team"])])
        cls.team.message_subscribe(cls.follower.ids, subtypes.ids)
        # a group of an included tax with two accounts and of one that is not due on payment here
        cls.tax_armageddon.children_tax_ids.tax_exigibility = "on_invoice"
        cls.instalments = cls.env["account.payment.term"].create(
            {
                "name": "30 % at once, the rest later",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 30, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 33.33, "nb_days": 30}),
                    Command.create({"value": "percent", "value_amount": 36.67, "nb_days": 60}),
                ],
            }
        )

    def setUp(self):
        super().setUp()
        self._set_today("2026-01-15")

    # both ways

    def vals_of(self, contract, until="2026-01-01"):
        engine, contract = self.engine, contract.with_env(self.env)
        charges = engine._preview(contract, fields.Date.to_date(until))
        return [engine._invoice_vals(group) for group in engine._groups(charges)]

    @contextmanager
    def way(self, is_fast):
        """Take the hot path, or never; what it handed over."""
        model, handed_over = type(self.engine), []
        create_entries, is_proven = model._create_entries, model._is_proven

        def counting(engine, entries):
            handed_over.extend(entries)
            return create_entries(engine, entries)

        with (
            patch.object(model, "_create_entries", counting),
            patch.object(model, "_is_proven", lambda engine, vals: is_fast and is_proven(engine, vals)),
        ):
            yield handed_over

    def assertSame(self, write, expected_fast=None):
        """``write`` makes documents: the same ones both ways, and takes the hot path where it should."""
        results = []
        for is_fast in (True, False):
            with self.env.cr.savepoint() as savepoint, self.way(is_fast) as handed_over:
                moves = write()
                self.env.flush_all()
                self.env.cr.precommit.run()
                results.append((self.snapshot(moves), len(handed_over), len(moves)))
                savepoint.rollback()
        (fast, count, total), (ordinary, none, _total) = results
        self.assertTrue(total)
        self.assertEqual((count, none), (total if expected_fast is None else expected_fast, 0))
        for one, other in zip(fast, ordinary, strict=True):
            if isinstance(one, dict):
                differing = {name for name in one if one[name] != other[name]}
                one, other = ({name: row[name] for name in differing} for row in (one, other))
            self.assertEqual(one, other)

    def assertSameContract(self, contract, until="2026-02-01", **options):
        contract = contract.with_env(self.env)
        self.assertSame(lambda: self.engine._bill(contract, fields.Date.to_date(until)), **options)

    def snapshot(self, moves):
        """What the database holds of documents: rows, links, ledger, analytics, followers and messages."""
        self.env.invalidate_all()
        documents = []
        for move in moves:
            lines = move.line_ids.sorted("id")
            numbers = {line.id: index for index, line in enumerate(lines)}
            periods = (lines.subscription_line_period_ids | lines.subscription_line_credit_period_ids).sorted("id")
            messages = move.message_ids.sorted("id")
            line_rows = self.rows(lines, "move_id", "matching_number", "full_reconcile_id")
            documents += [
                *self.rows(move),
                *(
                    {**row, **{name: sorted(line[name].ids) for name in LINKS}}
                    for row, line in zip(line_rows, lines, strict=True)
                ),
                [{**row, "move_line_id": numbers[row["move_line_id"]]} for row in self.rows(lines.analytic_line_ids)],
                [(row.date_start, row.state, row.amount_invoiced, numbers.get(row.move_line_id.id)) for row in periods],
                sorted((row.partner_id.id, sorted(row.subtype_ids.ids)) for row in move.message_follower_ids),
                *self.rows(messages, "res_id", "message_id", "parent_id", "date"),
                messages.sudo().tracking_value_ids.mapped(lambda row: (row.field_id.name, row.new_value_char)),
                messages.notification_ids.res_partner_id.ids,
            ]
        return documents

    def rows(self, records, *ids):
        """Rows of a table; of ``ids``, and what is named after one, only whether there is one."""
        if not records:
            return []
        query = SQL("SELECT * FROM %s WHERE id IN %s ORDER BY id", SQL.identifier(records._table), records._ids)
        self.env.cr.execute(query)
        return [
            {name: bool(value) if name in ids else value for name, value in row.items() if name not in OWN}
            for row in self.env.cr.dictfetchall()
        ]

    # contracts of every sort

    def tax(self, name, **values):
        return self.tax_20.copy({"name": name, **values})

    def line(self, product=None, **values):
        return {"product_id": (product or self.hosting).id, "quantity": 3, "price_unit": 33.33, **values}

    def taxed(self, *taxes, **values):
        product = self._product("Taxed", 33.33, taxes_id=[Command.set([tax.id for tax in taxes])])
        return self.line(product, **values)

    def test_plain(self):
        self.assertSameContract(self._contract(self.line(), self.line(self.support), team_id=self.team.id))

    def test_followers_and_message(self):
        contract = self._contract(self.line(), team_id=self.team.id, user_id=self.env.ref("base.user_admin").id)
        move = self.engine._bill(contract.with_env(self.env), fields.Date.to_date("2026-01-01"))
        self.assertIn(self.follower, move.message_partner_ids)
        self.assertIn("Invoice Created", "".join(move.message_ids.mapped("body")))
        self.assertSameContract(contract)

    def test_taxes(self):
        levy = self.tax("Levy", amount_type="fixed", amount=0.15, sequence=1, include_base_amount=True)
        ten = self.tax("Ten", amount=10)
        cases = {
            "several": [self.taxed(self.tax_20, ten), self.taxed(ten, quantity=7, price_unit=0.07)],
            "fixed": [self.taxed(levy), self.taxed(levy, self.tax_20)],
            "included": [self.taxed(self.tax("In", amount=21, price_include_override="tax_included"), quantity=7)],
            "division": [self.taxed(self.tax("Div", amount=10, amount_type="division"))],
            "group": [
                self.taxed(
                    self.tax("Group", amount_type="group", children_tax_ids=[Command.set((ten | levy).ids)]),
                    self.tax_20,
                )
            ],
            "zero": [self.taxed(self.tax("Zero", amount=0)), self.line()],
            "none": [self.taxed(), self.line()],
            "all at once": [self.taxed(self.tax_armageddon), self.taxed(self.tax_armageddon, price_unit=0.01)],
            "analytic": [
                self.taxed(self.tax("Analytic", analytic=True), analytic_distribution=self.distribution(100)),
                self.taxed(self.tax_20, analytic_distribution=self.distribution(60, 40)),
            ],
        }
        for method in ("round_per_line", "round_globally"):
            self.company.tax_calculation_rounding_method = method
            for name, lines in cases.items():
                with self.subTest(method=method, taxes=name):
                    self.assertSameContract(self._contract(*lines, payment_term_id=self.instalments.id))

    def test_reverse_charge(self):
        account = self.company_data["default_account_tax_sale"]
        tax = self.tax("Reverse")
        for lines in (tax.invoice_repartition_line_ids, tax.refund_repartition_line_ids):
            lines.filtered(lambda line: line.repartition_type == "tax").account_id = account
            lines.copy({"factor_percent": -100, "tax_id": tax.id}).filtered(
                lambda line: line.repartition_type == "base"
            ).unlink()
        self.assertSameContract(self._contract(self.taxed(tax)))

    def distribution(self, *shares):
        plan = self.env["account.analytic.plan"].search([], limit=1)
        accounts = self.env["account.analytic.account"].create(
            [{"name": f"Account {share}", "plan_id": plan.id} for share in shares]
        )
        return {str(account.id): share for account, share in zip(accounts, shares, strict=True)}

    def test_payment_terms(self):
        def term(*lines, **values):
            return self.env["account.payment.term"].create(
                {"name": "Terms", "line_ids": [Command.clear(), *map(Command.create, lines)], **values}
            )

        def percent(share, **values):
            return {"value": "percent", "value_amount": share, **values}

        discount = {"early_discount": True, "discount_percentage": 2, "discount_days": 8}
        cases = {
            "none": self.env["account.payment.term"],
            "immediate": self.pay_terms_a,
            "instalments": self.instalments,
            "fixed first": term({"value": "fixed", "value_amount": 10.01}, percent(100, nb_days=45)),
            "twice the same day": term(percent(50, nb_days=30), percent(50, nb_days=30)),
            "end of month": term(percent(100, delay_type="days_after_end_of_month", nb_days=10)),
            "discount, tax included": term(
                percent(100, nb_days=30), **discount, early_pay_discount_computation="included"
            ),
            "discount, tax excluded": term(
                percent(100, nb_days=30), **discount, early_pay_discount_computation="excluded"
            ),
        }
        for name, terms in cases.items():
            with self.subTest(name):
                contract = self._contract(self.line(), self.taxed(self.tax_armageddon), payment_term_id=terms.id)
                contract.payment_term_id = terms
                self.assertSameContract(contract)

    def test_drafts(self):
        contract = self._contract(self.line(), payment_term_id=self.instalments.id, invoicing_mode="draft")
        self.assertSameContract(contract)

    def test_currencies(self):
        six = self.tax("Six", amount=6)
        for code, rate in (("USD", 1.2345678), ("JPY", 163.79), ("KWD", 0.33)):
            currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
            currency.active = True
            self.env["res.currency.rate"].create({"currency_id": currency.id, "name": "2026-01-01", "rate": rate})
            pricelist = self.env["product.pricelist"].create({"name": code, "currency_id": currency.id})
            for method in ("round_per_line", "round_globally"):
                self.company.tax_calculation_rounding_method = method
                with self.subTest(currency=code, method=method):
                    contract = self._contract(
                        self.line(price_unit=7.77),
                        self.taxed(self.tax_armageddon, six, price_unit=1.11),
                        pricelist_id=pricelist.id,
                        payment_term_id=self.instalments.id,
                    )
                    self.assertSameContract(contract)

    def test_fiscal_position(self):
        contract = self._contract(
            self.line(), fiscal_position_id=self.fiscal_pos_a.id, payment_term_id=self.instalments.id
        )
        receivable = self.customer.property_account_receivable_id
        self.fiscal_pos_a.account_ids = [
            Command.create({"account_src_id": receivable.id, "account_dest_id": receivable.copy().id})
        ]
        self.assertSameContract(contract)

    def test_customers(self):
        parent = self.env["res.partner"].create(
            {
                "name": "A company",
                "is_company": True,
                "property_account_receivable_id": self.company_data["default_account_receivable"].copy().id,
            }
        )
        contact = self.env["res.partner"].create({"name": "A contact", "parent_id": parent.id})
        contracts = self._contract(self.line(), partner_id=contact.id, client_order_ref="PO 1")
        contracts |= self._contract(self.line(), partner_id=contact.id, invoice_grouping="customer")
        self.assertSameContract(contracts)

    def test_discount_share_and_sections(self):
        contract = self._contract(
            self.line(section="Hosting", discount=12.5),
            self.line(self.support, section="Support"),
            self.setup_fee,
            date_start="2026-01-20",
            alignment="calendar",
        )
        self.assertSameContract(contract)

    def test_usage(self):
        contract = self._contract(self.line(), self.traffic, billing_timing="arrears")
        usage = contract.line_ids.filtered(lambda line: line.kind == "usage")
        self.env["subscription.usage"].create(
            {"contract_id": contract.id, "line_id": usage.id, "date": "2026-01-05", "quantity": 12.345}
        )
        self.assertSameContract(contract)

    def test_orders(self):
        order = self._order(self.hosting, self.setup_fee, payment_term_id=self.instalments.id)
        self.assertSameContract(order.subscription_contract_id)

    def test_what_companies_set_up(self):
        tag = self.env["account.account.tag"].create({"name": "Services", "applicability": "products"})
        self.hosting.account_tag_ids = tag
        self.company.sudo().write(
            {
                "invoice_terms": "<p>Pay in time</p>",
                "bank_ids": [Command.create({"acc_number": "FR7630006000011234567890189", "allow_out_payment": True})],
            }
        )
        self.env["ir.config_parameter"].sudo().set_param("account.use_invoice_terms", True)
        shares = self.distribution(30, 70)
        both = {",".join(shares): 100}
        self.assertSameContract(
            self._contract(self.line(analytic_distribution=both), self.line(self.support, analytic_distribution=shares))
        )

    def test_credit_notes(self):
        lines = self.line(), self.taxed(self.tax_armageddon), self.taxed(self.tax_20, quantity=1)
        contract = self._contract(*lines, payment_term_id=self.instalments.id).with_env(self.env)
        self.engine._bill(contract, fields.Date.to_date("2026-01-01"))
        day = fields.Date.to_date("2026-01-17")
        self.assertSame(lambda: contract._close(day, self.reason, credit="prorata"))
        self.assertSame(lambda: contract._close(day, self.reason, credit="full"))

    def test_deductions_on_the_next_invoice(self):
        contract = self._contract(
            self.line(price_unit=100), self.line(self.support), credit_mode="next", payment_term_id=self.instalments.id
        ).with_env(self.env)
        self.engine._bill(contract, fields.Date.to_date("2026-01-01"))
        contract._amend(fields.Date.to_date("2026-01-11"), [(contract.line_ids[0], {"quantity": 1})])
        self.assertSameContract(contract)

    def test_many_documents_are_numbered_alike(self):
        contracts = self.env["subscription.contract"].union(
            *(self._contract(self.line(quantity=number), client_order_ref=f"PO {9 - number}") for number in range(1, 7))
        )
        contracts[2].payment_term_id = self.mixed_discount()
        contracts[4].payment_term_id = self.instalments
        self.assertSameContract(contracts, "2026-03-01", expected_fast=15)

    def test_order_of_documents(self):
        contracts = self._contract(self.line()) | self._contract(self.line()) | self._contract(self.line())
        contracts[1].payment_term_id = self.mixed_discount()
        moves = self.engine._bill(contracts.with_env(self.env), fields.Date.to_date("2026-01-01"))
        self.assertEqual(moves.mapped("invoice_origin"), contracts.mapped("name"))

    # values that a hook may add

    def test_values_of_hooks(self):
        [vals] = self.vals_of(self._contract(self.line(), self.line(self.support)))
        lines = [line for _command, _id, line in vals["invoice_line_ids"]]
        self.company.account_discount_expense_allocation_id = False
        cases = {
            "a discount": {**lines[0], "discount": 33.33},
            "a negative line": {**lines[0], "quantity": -1, "price_unit": 12.34},
            "many decimals": {**lines[0], "quantity": 1.23456, "price_unit": 9.87654321},
            "a note": {"display_type": "line_note", "name": "A note", "sequence": 9},
        }
        for name, line in cases.items():
            with self.subTest(name):
                commands = [*vals["invoice_line_ids"], Command.create(line)]

                def write(commands=commands):
                    own = [Command.create(dict(line)) for _command, _id, line in commands]
                    moves = self.engine._create_moves([{**vals, "invoice_line_ids": own, "narration": "<p>Hello</p>"}])
                    moves._post(soft=False)
                    return moves

                self.assertSame(write)

    # the ordinary way where nothing is proven

    def mixed_discount(self):
        return self.env["account.payment.term"].create(
            {
                "name": "2 % less, tax too",
                "early_discount": True,
                "early_pay_discount_computation": "mixed",
                "discount_percentage": 2,
                "discount_days": 8,
                "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})],
            }
        )

    def assertOrdinary(self, contract):
        self.assertSameContract(contract, "2026-01-01", expected_fast=0)

    def test_discount_that_lowers_the_tax(self):
        self.assertOrdinary(self._contract(self.line(), payment_term_id=self.mixed_discount().id))

    def test_cash_basis(self):
        self.company.tax_exigibility = True
        account = self.company_data["default_account_tax_sale"].copy({"reconcile": True})
        tax = self.tax("On payment", tax_exigibility="on_payment", cash_basis_transition_account_id=account.id)
        self.assertOrdinary(self._contract(self.taxed(tax)))

    def test_storno(self):
        self.company.account_storno = True
        self.assertOrdinary(self._contract(self.line()))

    def test_discount_account(self):
        self.company.account_discount_expense_allocation_id = self.company_data["default_account_expense"]
        self.assertOrdinary(self._contract(self.line()))

    def test_default_cash_rounding(self):
        self.env["ir.default"].set("account.move", "invoice_cash_rounding_id", self.cash_rounding_a.id)
        self.assertOrdinary(self._contract(self.line(price_unit=33.33)))

    def test_missing_accounts(self):
        contract = self._contract(self.line())
        self.hosting.categ_id.property_account_income_categ_id = False
        self.company.income_account_id = False
        self.assertOrdinary(contract)

    def test_receivable_of_the_company(self):
        self.customer.property_account_receivable_id = False
        self.env["ir.default"].search([("field_id.name", "=", "property_account_receivable_id")]).unlink()
        self.assertOrdinary(self._contract(self.line()))

    def test_unknown_values(self):
        engine, [vals] = self.engine, self.vals_of(self._contract(self.line()))
        [[_command, _id, line]] = vals["invoice_line_ids"]
        self.assertTrue(engine._is_proven(vals))
        self.assertFalse(engine._is_proven({**vals, "invoice_cash_rounding_id": self.cash_rounding_a.id}))
        self.assertFalse(engine.with_context(default_invoice_cash_rounding_id=1)._is_proven(vals))
        for extra in ({"deductible_amount": 50}, {"product_id": False}, {"extra_tax_data": {"price_unit": 1}}):
            unknown = Command.create({**line, **extra})
            self.assertFalse(engine._is_proven({**vals, "invoice_line_ids": [unknown]}))

    def test_unknown_override(self):
        contract = self._contract(self.line(), team_id=self.team.id)
        moves = type(self.env["account.move"])
        for name in ("_sync_dynamic_lines", "_message_auto_subscribe_followers"):
            with self.subTest(name), patch.object(moves, name, getattr(moves, name)):
                self.env.registry.clear_cache()
                self.addCleanup(self.env.registry.clear_cache)
                if name == "_sync_dynamic_lines":
                    self.assertOrdinary(contract)
                else:
                    self.assertSameContract(contract)
            self.env.registry.clear_cache()

    def test_silence_is_kept(self):
        contract = self._contract(self.line(), team_id=self.team.id)
        for key in ("tracking_disable", "mail_create_nolog"):
            engine = self.engine.with_context(**{key: True})
            bill = partial(engine._bill, contract.with_env(engine.env), self._day("2026-01-01"))
            with self.subTest(key):
                self.assertSame(bill)

    def test_context_from_outside(self):
        """A client cannot switch off what Odoo computes."""
        lines = self.env["account.move.line"].with_context(subscription_complete=True)
        self.assertFalse(lines._is_complete())

    def test_company_of_complete_lines(self):
        """Checked once for all lines is checked all the same."""
        contract = self._contract(self.line())
        other = self.setup_other_company()["company"]
        [vals] = self.vals_of(contract)
        foreign = self.env["product.product"].create({"name": "Of another company", "company_id": other.id})
        vals["invoice_line_ids"][0][2]["product_id"] = foreign.id
        with self.assertRaisesRegex(Exception, "company inconsistencies"):
            self.engine._create_moves([vals])
