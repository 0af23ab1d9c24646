from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestSaleOrder(SaleSubscriptionCommon):
    """Confirming an order opens its contract, once; cancelling closes what billed nothing."""

    # what choosing a product or a template brings

    def test_a_recurring_product_brings_its_plan(self):
        other = self.env["subscription.plan"].create({"name": "Yearly", "recurrence_id": self.yearly.id})
        self.hosting.subscription_plan_id = other
        with Form(self.env["sale.order"]) as form:
            form.partner_id = self.customer
            self.assertFalse(form.subscription_plan_id)
            with form.order_line.new() as line:
                line.product_id = self.hosting
            self.assertEqual(form.subscription_plan_id, other)
        order = form.save()
        self.assertEqual(order.order_line.subscription_recurrence_id, self.yearly)

    def test_a_chosen_plan_is_kept(self):
        other = self.env["subscription.plan"].create({"name": "Yearly", "recurrence_id": self.yearly.id})
        self.support.subscription_plan_id = other
        order = self._quote(self.hosting)
        order.order_line = [Command.create({"product_id": self.support.id})]
        self.assertEqual(order.subscription_plan_id, self.plan)

    def test_without_a_plan_of_the_product_the_first_of_its_recurrence(self):
        self.hosting.subscription_recurrence_id = self.yearly
        order = self._quote(self.hosting, subscription_plan_id=False)
        self.assertFalse(order.subscription_plan_id, "An explicit choice is one")
        order = self.env["sale.order"].create(
            {"partner_id": self.customer.id, "order_line": [Command.create({"product_id": self.hosting.id})]}
        )
        self.assertEqual(order.subscription_plan_id.recurrence_id, self.yearly)

    def test_no_plan_without_a_recurring_product(self):
        order = self.env["sale.order"].create(
            {"partner_id": self.customer.id, "order_line": [Command.create({"product_id": self.setup_fee.id})]}
        )
        self.assertFalse(order.subscription_plan_id)

    def test_the_recurrence_of_the_product_comes_before_that_of_the_plan(self):
        self.support.subscription_recurrence_id = self.yearly
        order = self._quote(self.hosting, self.support, self.setup_fee)
        self.assertEqual(order.order_line.mapped("subscription_recurrence_id"), self.monthly | self.yearly)
        self.assertFalse(self._line(order, self.setup_fee).subscription_recurrence_id)

    def test_lines_follow_the_plan_and_keep_their_prices(self):
        order = self._quote({"product_id": self.hosting.id}, {"product_id": self.setup_fee.id, "price_unit": 12.0})
        order.subscription_plan_id = self.env["subscription.plan"].create(
            {"name": "Yearly", "recurrence_id": self.yearly.id}
        )
        self.assertEqual(self._line(order, self.hosting).subscription_recurrence_id, self.yearly)
        self.assertEqual(self._line(order, self.setup_fee).price_unit, 12.0)

    def test_adding_a_recurring_line_changes_no_other_price(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "order_line": [Command.create({"product_id": self.router.id, "price_unit": 12.0})],
            }
        )
        order.order_line = [Command.create({"product_id": self.hosting.id, "price_unit": 42.0})]
        order.order_line = [Command.create({"product_id": self.support.id})]
        self.assertEqual(order.order_line.mapped("price_unit"), [12.0, 42.0, 30.0])

    def test_a_template_brings_its_plan(self):
        plan = self.env["subscription.plan"].create(
            {"name": "Quarterly", "recurrence_id": self.quarterly.id, "note": "<p>Terms <b>in bold</b></p>"}
        )
        mail = self.env["mail.template"].create(
            {"name": "Welcome", "model_id": self.env["ir.model"]._get_id("sale.order"), "subject": "Welcome"}
        )
        template = self.env["sale.order.template"].create(
            {
                "name": "Starter",
                "mail_template_id": mail.id,
                "subscription_plan_id": plan.id,
                "sale_order_template_line_ids": [
                    Command.create({"product_id": self.hosting.id, "product_uom_qty": 2}),
                    Command.create({"product_id": self.setup_fee.id}),
                ],
            }
        )
        self.env.user.group_ids += self.env.ref("sale_management.group_sale_order_template")
        with Form(self.env["sale.order"]) as form:
            form.partner_id = self.customer
            with form.order_line.new() as line:
                line.product_id = self.support
            form.subscription_plan_id = self.plan
            form.sale_order_template_id = template
        order = form.save()
        self.assertEqual(order.subscription_plan_id, plan)
        self.assertEqual(self._line(order, self.hosting).subscription_recurrence_id, self.quarterly)
        self.assertIn("in bold", order.subscription_plan_note)
        order.action_confirm()
        self.assertIn("Welcome", order.message_ids.mapped("subject"))
        self.assertIn("in bold", order.subscription_contract_id.note)

    def test_a_combo_is_not_recurring(self):
        with self.assertRaisesRegex(ValidationError, "combo"):
            self._product("Bundle", 10.0, type="combo")

    # confirming

    def test_confirming_opens_a_running_contract_with_the_lines_of_the_order(self):
        address = self.env["res.partner"].create({"name": "Accounts", "parent_id": self.customer.id, "type": "invoice"})
        term = self.env.ref("account.account_payment_term_30days")
        order = self._quote(
            {"display_type": "line_section", "name": "Servers"},
            {"product_id": self.hosting.id, "product_uom_qty": 3, "price_unit": 80.0, "discount": 10.0, "name": "Rack"},
            {"display_type": "line_note", "name": "A note"},
            {"display_type": "line_section", "name": "Start"},
            {"product_id": self.setup_fee.id},
            {"product_id": self.support.id, "product_uom_qty": 0},
            client_order_ref="PO 7",
            partner_invoice_id=address.id,
            payment_term_id=term.id,
            note="<p>Our terms</p>",
        )
        order.action_confirm()
        contract = order.subscription_contract_id
        self.assertRecordValues(
            contract,
            [
                {
                    "state": "active",
                    "partner_id": self.customer.id,
                    "partner_invoice_id": address.id,
                    "payment_term_id": term.id,
                    "client_order_ref": "PO 7",
                    "plan_id": self.plan.id,
                    "user_id": order.user_id.id,
                    "team_id": order.team_id.id,
                    "date_start": self.today,
                    "fiscal_position_id": False,
                    "currency_id": order.currency_id.id,
                    "next_billing_date": self.today,
                }
            ],
        )
        self.assertIn("Our terms", contract.note)
        hosting, setup = order.order_line[1], order.order_line[4]
        self.assertRecordValues(
            contract.line_ids.sorted("id"),
            [
                {
                    "product_id": self.hosting.id,
                    "name": "Rack",
                    "section": "Servers",
                    "quantity": 3,
                    "price_unit": 80.0,
                    "discount": 10.0,
                    "kind": "recurring",
                    "recurrence_id": self.monthly.id,
                    "tax_ids": [],
                    "sale_line_id": hosting.id,
                },
                {
                    "product_id": self.setup_fee.id,
                    "name": "Setup",
                    "section": "Start",
                    "quantity": 1,
                    "price_unit": 50.0,
                    "discount": 0.0,
                    "kind": "one_off",
                    "recurrence_id": self.monthly.id,
                    "tax_ids": [],
                    "sale_line_id": setup.id,
                },
            ],
        )
        self.assertEqual(hosting.subscription_line_ids, contract.line_ids.filtered("section")[0])
        self.assertEqual(order.order_line.filtered("subscription_line_handed_over"), hosting | setup)

    def test_the_contract_starts_on_the_day_of_the_order(self):
        order = self._order(subscription_start_date="2026-06-15")
        self.assertEqual(str(order.subscription_contract_id.date_start), "2026-06-15")
        self.assertEqual(str(order.subscription_contract_id.next_billing_date), "2026-06-15")

    def test_an_order_without_recurring_line_opens_nothing(self):
        order = self._order(self.setup_fee, self.router)
        option = self._order(self.setup_fee, {"product_id": self.hosting.id, "product_uom_qty": 0})
        self.assertFalse(order.subscription_contract_id or option.subscription_contract_id)
        self.assertFalse((order | option).order_line.filtered("subscription_line_handed_over"))

    def test_confirming_twice_opens_one_contract(self):
        order = self._order()
        contract = order.subscription_contract_id
        with self.assertRaises(UserError):
            order.action_confirm()
        order._action_confirm()
        self.assertEqual(order.subscription_contract_id, contract)
        self.assertEqual(self.env["subscription.line"].search_count([("sale_line_id", "in", order.order_line.ids)]), 1)

    def test_recurring_products_need_a_plan(self):
        order = self._quote(subscription_plan_id=False)
        with self.assertRaisesRegex(UserError, "choose a subscription plan"):
            order.action_confirm()

    def test_one_button_confirms_and_opens_the_contract(self):
        order = self._quote()
        action = order.action_confirm_subscription()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("subscription.contract", order.subscription_contract_id.id)
        )

    def test_a_salesperson_without_rights_on_contracts_confirms(self):
        seller = new_test_user(self.env, "seller", groups="sales_team.group_sale_salesman")
        order = self._quote(user_id=seller.id).with_user(seller)
        self.env.invalidate_all()
        self.assertIs(order.action_confirm_subscription(), True)
        self.assertEqual(order.sudo().subscription_contract_id.state, "active")
        self.assertEqual(order.order_line.qty_to_invoice, 0.0)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_the_lock_holds_for_a_reader_who_may_not_see_the_contract(self):
        order = self._order()
        order.subscription_contract_id.sudo().user_id = self.env.ref("base.user_admin")
        reader = new_test_user(
            self.env,
            "reader",
            groups="sales_team.group_sale_salesman_all_leads,subscription_billing.group_subscription_user",
        )
        self.env.invalidate_all()
        own_view = order.with_user(reader)
        self.assertFalse(own_view.order_line.subscription_line_ids)
        own_view.order_line.product_uom_qty  # noqa: B018
        own_view.order_line.invalidate_recordset(["qty_to_invoice"])
        own_view.env.add_to_compute(order.order_line._fields["qty_to_invoice"], own_view.order_line)
        own_view.env.add_to_compute(order.order_line._fields["subscription_line_handed_over"], own_view.order_line)
        self.assertTrue(own_view.order_line.subscription_line_handed_over)
        self.assertEqual(own_view.order_line.qty_to_invoice, 0.0)

    def test_the_terms_of_the_plan_go_to_the_contract_as_accepted(self):
        self.plan.note = "<p>Sixty days</p>"
        order = self._order()
        self.plan.note = "<p>Ninety days</p>"
        self.assertIn("Sixty", order.subscription_contract_id.note)
        self.assertIn("Sixty", order._subscription_terms_note())
        edited = self._order(subscription_plan_note="<p>Ten days</p>")
        self.assertEqual(str(edited.subscription_contract_id.note), "<p>Ten days</p>")

    def test_each_document_tells_of_the_other(self):
        order = self._order()
        contract = order.subscription_contract_id
        self.assertIn(contract.name, order.message_ids[0].body)
        self.assertTrue(contract.message_ids.filtered(lambda message: order.name in message.body))

    # taxes and prices

    def test_taxes_are_forced_only_where_a_person_changed_them(self):
        order = self._quote(
            self.hosting, {"product_id": self.support.id, "tax_ids": [Command.set(self.tax_sale_b.ids)]}
        )
        order.action_confirm()
        self.assertEqual(
            [line.tax_ids for line in order.subscription_contract_id.line_ids],
            [self.env["account.tax"], self.tax_sale_b],
        )

    def test_a_line_without_the_taxes_of_its_product_is_refused(self):
        order = self._quote({"product_id": self.hosting.id, "tax_ids": [Command.clear()]})
        with self.assertRaisesRegex(UserError, "tax of 0 %"):
            order.action_confirm()

    def test_a_fiscal_position_is_kept_only_when_it_was_chosen(self):
        exempt = self.env["account.tax"].create({"name": "Exempt", "amount": 0.0})
        position = self.env["account.fiscal.position"].create({"name": "Abroad", "tax_ids": [Command.link(exempt.id)]})
        exempt.original_tax_ids = self.tax_20
        self.assertEqual(position.map_tax(self.tax_20), exempt)
        order = self._quote()
        order.fiscal_position_id = position
        order.action_update_taxes()
        order.action_confirm()
        contract = order.subscription_contract_id
        self.assertEqual(contract.fiscal_position_id, position)
        self.assertFalse(contract.line_ids.tax_ids)
        self.assertEqual(self._first_bill(order).amount_tax, 0.0)

    def test_a_price_with_tax_keeps_its_basis_through_a_fiscal_position(self):
        """The order holds 100.00 without tax for a product of 120.00, all included; the contract holds 120.00."""
        included = self.tax_20.copy({"name": "20 included", "amount": 20.0, "price_include_override": "tax_included"})
        exempt = self.env["account.tax"].create({"name": "Exempt", "amount": 0.0})
        position = self.env["account.fiscal.position"].create({"name": "Abroad", "tax_ids": [Command.link(exempt.id)]})
        exempt.original_tax_ids = included
        product = self._product("Included", 120.0, taxes_id=[Command.set(included.ids)])
        order = self._quote(product, fiscal_position_id=position.id)
        self.assertEqual(order.order_line.price_unit, 100.0)
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id.line_ids.price_unit, 120.0)
        self.assertEqual(self._first_bill(order).amount_total, order.amount_total)

    def test_the_customer_moves_and_the_next_invoice_follows(self):
        exempt = self.env["account.tax"].create({"name": "Exempt", "amount": 0.0})
        position = self.env["account.fiscal.position"].create({"name": "Abroad", "tax_ids": [Command.link(exempt.id)]})
        exempt.original_tax_ids = self.tax_20
        order = self._order()
        self.assertGreater(self._first_bill(order).amount_tax, 0.0)
        self.customer.property_account_position_id = position
        self.assertEqual(self._first_bill(order).amount_tax, 0.0)

    def test_an_addon_adds_values_to_the_lines_of_the_contract(self):
        def line_vals(order, order_line):
            return {**original(order, order_line), "minimum_amount": 5.0}

        model = self.env.registry["sale.order"]
        original = model._order_line_to_line_vals
        self.patch(model, "_order_line_to_line_vals", line_vals)
        self.assertEqual(self._order(self.hosting).subscription_contract_id.line_ids.minimum_amount, 5.0)

    # upsell

    def test_an_upsell_quotation_adds_to_the_running_contract(self):
        contract = self._order().subscription_contract_id
        self._bill(contract, "2026-03-10")
        self._set_today("2026-03-21")
        order = self.env["sale.order"].browse(contract.action_upsell_quote()["res_id"])
        self.assertEqual(order.subscription_plan_id, self.plan)
        order.order_line = [
            Command.create({"product_id": self.support.id}),
            Command.create({"product_id": self.setup_fee.id}),
        ]
        expected = order._subscription_first_invoice()
        order.action_confirm()
        order._action_confirm()
        self.assertEqual(order.subscription_contract_id, contract)
        self.assertEqual(len(contract.line_ids), 3)
        self.assertEqual(contract.amendment_ids.sorted("number").mapped("kind"), ["activate", "change"])
        invoice = self._bill(contract, "2026-03-21")
        # 20 days of the 31 from the 10th on, anchored as the contract
        self.assertEqual(sorted(invoice.invoice_line_ids.mapped("price_subtotal")), [19.35, 50.0])
        self.assertEqual(expected.amount, invoice.amount_total)
        self.assertEqual(order.invoice_status, "invoiced")
        with self.assertRaisesRegex(UserError, "Change"):
            order.action_cancel()

    def test_an_upsell_stays_with_the_customer_and_the_currency_of_its_contract(self):
        contract = self._order().subscription_contract_id
        foreign = self.setup_other_currency("CHF", rates=[("2026-03-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "Francs", "currency_id": foreign.id})
        for values in ({"pricelist_id": pricelist.id}, {"partner_id": self.partner_a.id}):
            order = self.env["sale.order"].browse(contract.action_upsell_quote()["res_id"])
            order.order_line = [Command.create({"product_id": self.support.id})]
            order.write(values)
            with self.subTest(values=values), self.assertRaisesRegex(UserError, "contract of its own"):
                order.action_confirm()

    # the running contract is the master

    def test_handed_over_lines_cannot_be_edited(self):
        order = self._order(self.hosting, self.router)
        line = self._line(order, self.hosting)
        for values in (
            {"product_uom_qty": 2},
            {"price_unit": 1.0},
            {"discount": 5.0},
            {"product_id": self.support.id},
            {"tax_ids": [Command.clear()]},
            {"subscription_recurrence_id": self.yearly.id},
        ):
            with self.subTest(values=values), self.assertRaises(UserError), self.cr.savepoint():
                line.write(values)
        with self.assertRaisesRegex(UserError, "Change button"):
            line.price_unit = 1.0
        line.write({"product_uom_qty": 1, "price_unit": 100.0, "name": "Hosting, said otherwise"})
        self._line(order, self.router).write({"product_uom_qty": 2, "price_unit": 70.0})

    def test_taxes_recomputed_on_a_confirmed_order_leave_the_contract_alone(self):
        order = self._order()
        self.hosting.taxes_id = self.tax_sale_b
        with self.assertRaisesRegex(UserError, "Change button"):
            order._recompute_taxes()

    def test_recurring_lines_cannot_join_a_confirmed_order(self):
        order, plain = (
            self._order(self.hosting, {"product_id": self.support.id, "product_uom_qty": 0}),
            self._order(self.router),
        )
        with self.assertRaisesRegex(UserError, "upsell"):
            order.order_line = [Command.create({"product_id": self.support.id})]
        with self.assertRaisesRegex(UserError, "Change button"):
            self._line(order, self.support).product_uom_qty = 1
        with self.assertRaisesRegex(UserError, "new quotation"):
            plain.order_line = [Command.create({"product_id": self.support.id})]
        with self.assertRaisesRegex(UserError, "new quotation"):
            plain.order_line.product_id = self.support
        order.order_line = [Command.create({"product_id": self.router.id})]

    def test_handed_over_lines_cannot_be_deleted(self):
        order = self._order()
        with self.assertRaisesRegex(UserError, "end it there"):
            order.order_line.with_context(force_unlink=True)._unlink_except_handed_over()
        with self.assertRaises(UserError):
            order.order_line.unlink()

    def test_the_terms_of_a_confirmed_order_are_those_of_its_contract(self):
        order = self._order()
        for values in ({"subscription_plan_id": False}, {"subscription_start_date": "2026-01-01"}):
            with self.assertRaisesRegex(UserError, "change them there"):
                order.write(values)

    def test_the_flag_of_the_product_decides_nothing_afterwards(self):
        order, plain = self._order(self.hosting), self._order(self.support, self.setup_fee)
        self.hosting.subscription_recurring = False
        ordinary = self._order(self.router)
        self.router.subscription_recurring = True
        (order | plain | ordinary).order_line._compute_qty_to_invoice()
        self.assertEqual(order.order_line.qty_to_invoice, 0.0)
        self.assertEqual(order.invoice_status, "invoiced")
        self.assertTrue(order.subscription_recurring)
        self.assertEqual(ordinary.order_line.qty_to_invoice, 1.0)
        self.assertFalse(ordinary.subscription_recurring)
        ordinary.order_line.product_uom_qty = 2
        self.assertEqual(ordinary.invoice_status, "to invoice")

    # cancelling

    def test_cancelling_closes_a_contract_that_billed_nothing(self):
        order = self._order(self.hosting, self.router)
        contract = order.subscription_contract_id
        order.action_cancel()
        self.assertEqual(
            (order.state, contract.state, contract.next_billing_date, contract.mrr), ("cancel", "closed", False, 0)
        )
        self.assertFalse(self.engine._preview(contract, self._day("2030-01-01")))
        self.assertFalse(order.order_line.filtered("subscription_line_handed_over"))
        self.assertIn("closed", order.message_ids[0].body)

    def test_cancelled_reset_and_confirmed_again_is_one_contract(self):
        order = self._order(self.hosting, self.setup_fee)
        contract = order.subscription_contract_id
        number = contract.name
        order.action_cancel()
        order.action_draft()
        self._set_today("2026-04-02")
        self._line(order, self.hosting).product_uom_qty = 4
        order.action_confirm()
        self.assertEqual(order.subscription_contract_id, contract)
        self.assertEqual(self.env["subscription.contract"].search([("partner_id", "=", self.customer.id)]), contract)
        self.assertEqual((contract.name, contract.state, str(contract.date_start)), (number, "active", "2026-04-02"))
        self.assertEqual(contract.line_ids.mapped("quantity"), [4.0, 1.0])
        invoice = self._first_bill(order)
        self.assertEqual(invoice.amount_untaxed, 450.0)
        self.assertFalse(self._bill(contract, "2026-04-02"))

    def test_an_order_whose_contract_has_billed_is_not_cancelled(self):
        order = self._order()
        self._first_bill(order)
        with self.assertRaisesRegex(UserError, "Close button"):
            order.action_cancel()
        self.assertEqual((order.state, order.subscription_contract_id.state), ("sale", "active"))

    def test_once_its_contract_is_closed_an_order_is_cancelled_and_sold_anew(self):
        order = self._order()
        first = order.subscription_contract_id
        self._first_bill(order)
        first._close(self.today, self.reason, credit="full")
        order.action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertNotEqual(order.subscription_contract_id, first)
        self.assertEqual(order.subscription_contract_id.state, "active")
        self.assertEqual(order.order_line.qty_to_invoice, 0.0)

    def test_cancelling_takes_discounts_back(self):
        order = self._quote(self.hosting)
        discount = self._discount(order, discount_type="so_discount", discount_percentage=0.1)
        order.action_confirm()
        order.action_cancel()
        self.assertFalse(discount.subscription_line_discount_taken or discount.subscription_line_handed_over)
