from lxml import etree

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import format_amount
from odoo.tools.safe_eval import safe_eval

from .common import SubscriptionCommon

SCREENS = (
    "subscription.contract",
    "subscription.line",
    "subscription.amendment",
    "subscription.period",
    "subscription.usage",
    "subscription.plan",
    "subscription.recurrence",
    "subscription.stage",
    "subscription.close.reason",
    "subscription.tag",
)


@freeze_time("2026-06-15")
@tagged("post_install", "-at_install")
class TestUiScreen(SubscriptionCommon):
    """What the screens say, and who may press which button."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.seller = new_test_user(cls.env, "screen_seller", groups="subscription_billing.group_subscription_user")
        cls.manager = new_test_user(cls.env, "screen_manager", groups="subscription_billing.group_subscription_manager")
        cls.accountant = new_test_user(
            cls.env, "screen_accountant", groups="base.group_user,account.group_account_invoice"
        )

    def _money(self, amount):
        return format_amount(self.env, amount, self.env.company.currency_id)

    # what is shown

    def test_recurring_amount_by_recurrence(self):
        contract = self._contract(
            {"product_id": self.hosting.id, "quantity": 2, "discount": 10},
            {"product_id": self.support.id, "recurrence_id": self.yearly.id},
            self.setup_fee,
            self.traffic,
        )
        self.assertEqual(contract.recurring_summary, f"{self._money(180)} per month, {self._money(30)} per year")

    def test_lines_over_time_leave_out_rows_that_never_held(self):
        contract = self._contract(date_start="2026-06-01")
        contract._amend(self._day("2026-07-01"), [(contract.line_ids, {"quantity": 2.0})])
        contract._amend(self._day("2026-07-01"), [(contract.line_ids.chain_id, {"quantity": 3.0})])
        self.assertEqual(len(contract.line_ids), 3)
        self.assertEqual(contract.history_line_ids.mapped("quantity"), [1.0, 3.0])
        self.assertEqual(contract.amendment_count, 3)

    def test_name_with_customer_where_a_person_chooses(self):
        contract = self._contract()
        self.assertEqual(contract.display_name, contract.name)
        self.assertEqual(contract.with_context(show_customer=True).display_name, f"A customer · {contract.name}")

    def test_days_in_names_are_written_as_the_reader_writes_them(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        contract = self._contract(self.hosting, self.traffic, date_start="2026-06-01")
        metered = contract.line_ids.filtered(lambda line: line.kind == "usage")
        usage = self.env["subscription.usage"].create(
            {"contract_id": contract.id, "line_id": metered.id, "date": "2026-06-02", "quantity": 1.0}
        )
        gap = self.env["subscription.gap"].search([("contract_id", "=", contract.id)]).with_context(lang="fr_FR")
        self.assertIn(" 01/06/2026 – ", gap.display_name)
        self.assertTrue(usage.with_context(lang="fr_FR").display_name.endswith(" 02/06/2026"))
        self.assertTrue(usage.display_name.endswith(" 06/02/2026"))
        self._bill(contract, "2026-06-15")
        period = contract.period_ids.with_context(lang="fr_FR")
        self.assertTrue(period.display_name.endswith(" 01/06/2026 – 30/06/2026"))

    def test_contract_by_screen(self):
        with Form(self.env["subscription.contract"]) as form:
            form.partner_id = self.customer
            form.plan_id = self.plan
            with form.line_ids.new() as line:
                line.product_id = self.hosting
                self.assertEqual((line.price_unit, line.recurrence_id), (100.0, self.monthly))
                line.quantity = 3.0
        contract = form.record
        self.assertEqual(
            (contract.date_start, contract.recurring_summary),
            (self._day("2026-06-15"), f"{self._money(300)} per month"),
        )
        contract.action_activate()
        self.assertTrue(contract.is_due)
        action = contract.action_bill_now()
        self.assertEqual(self.env["account.move"].browse(action["res_id"]).amount_untaxed, 300.0)
        self.assertFalse(contract.is_due)

    def test_nothing_due_is_said(self):
        contract = self._contract(date_start="2026-06-15")
        contract.action_bill_now()
        action = contract.action_bill_now()
        self.assertIn("Nothing is due", action["params"]["message"])

    def test_several_documents_open_as_a_list(self):
        contract = self._contract(date_start="2026-04-15")
        action = contract.action_bill_now()
        self.assertEqual(self.env["account.move"].search_count(action["domain"]), 3)

    def test_invoice_leads_to_its_contract(self):
        contract = self._contract(date_start="2026-06-15")
        invoice = self._bill(contract, "2026-06-15")
        self.assertEqual(invoice.action_view_subscription_contracts()["res_id"], contract.id)

    def test_partner_counts_contracts_of_all_its_addresses(self):
        address = self.env["res.partner"].create({"name": "Branch", "parent_id": self.customer.id})
        contracts = self._contract() | self._contract(partner_id=address.id)
        self._contract(activate=False)
        self.assertEqual(self.customer.subscription_contract_count, 2)
        action = self.customer.action_view_subscription_contracts()
        self.assertLessEqual(contracts, self.env["subscription.contract"].search(action["domain"]))

    # views

    def test_every_view_opens_for_every_role(self):
        views = [(False, "list"), (False, "form"), (False, "search"), (False, "kanban"), (False, "pivot")]
        for user in (self.seller, self.manager, self.accountant):
            for model in SCREENS:
                with self.subTest(model=model, user=user.login):
                    self.env[model].with_user(user).get_views(views)

    def test_every_filter_finds(self):
        """Each domain and each grouping of a search view is one that the database understands."""
        contract = self._contract(self.hosting, self.traffic)
        self._bill(contract, "2026-06-15")
        for model in SCREENS:
            arch = self.env[model].get_views([(False, "search")])["views"]["search"]["arch"]
            for node in etree.fromstring(arch).iter("filter"):
                with self.subTest(model=model, filter=node.get("name")):
                    if domain := node.get("domain"):
                        self.env[model].search(safe_eval(domain, {"uid": self.env.uid}))
                    group = safe_eval(node.get("context") or "{}").get("group_by")
                    if group and self.env[model]._fields[group.partition(":")[0]].type != "properties":
                        self.env[model].formatted_read_group([], [group], ["__count"])

    def test_no_view_shows_the_excluded_end(self):
        views = self.env["ir.ui.view"].search([("model", "=like", "subscription.%")])
        shown = views.filtered(lambda view: "date_stop" in view.arch_db)
        self.assertFalse(shown.mapped("name"))

    def test_ending_within_sixty_days(self):
        ending, later, endless = (self._contract() for _contract in range(3))
        ending._close(self._day("2026-08-01"), self.reason)
        later._close(self._day("2026-12-01"), self.reason)
        arch = self.env["subscription.contract"].get_views([(False, "search")])["views"]["search"]["arch"]
        node = etree.fromstring(arch).find(".//filter[@name='ending']")
        found = self.env["subscription.contract"].search(safe_eval(node.get("domain")))
        self.assertIn(ending, found)
        self.assertFalse(found & (later | endless))

    # guards

    def test_a_board_does_not_change_the_state(self):
        contract = self._contract()
        with self.assertRaisesRegex(ValidationError, "use the buttons"):
            contract.stage_id = self.env.ref("subscription_billing.stage_closed")
        stage = self.env["subscription.stage"].create({"name": "To watch", "state": "active"})
        contract.stage_id = stage
        self.assertEqual((contract.stage_id, contract.state), (stage, "active"))

    def test_only_who_may_invoice_bills(self):
        contract = self._contract(date_start="2026-06-15", user_id=self.seller.id)
        for user in (self.seller, self.manager):
            with self.assertRaisesRegex(AccessError, "may invoice"):
                contract.with_user(user).action_bill_now()
        contract.with_user(self.accountant).action_bill_now()
        self.assertEqual(contract.invoice_ids.mapped("state"), ["posted"])

    def test_billing_now_ends_the_wait(self):
        contract = self._contract(date_start="2026-06-15")
        contract.write({"billing_error": "No journal", "next_attempt": "2026-06-16 00:00:00"})
        contract.with_user(self.accountant).action_bill_now()
        self.assertFalse(contract.billing_error or contract.next_attempt)

    def test_only_a_manager_lets_a_database_bill(self):
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "another database")
        contract = self._contract(user_id=self.seller.id)
        self.assertFalse(contract.is_armed)
        for user in (self.seller, self.accountant):
            with self.assertRaisesRegex(AccessError, "Only a manager"):
                contract.with_user(user).action_arm_billing()
        with self.assertRaisesRegex(UserError, "never armed"):
            contract.with_user(self.accountant).action_bill_now()
        contract.with_user(self.manager).action_arm_billing()
        self.assertTrue(self.engine._is_armed())

    def test_settings_say_whether_this_database_bills(self):
        settings = self.env["res.config.settings"].create({})
        self.assertTrue(settings.subscription_contract_is_armed)
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "another database")
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.subscription_contract_is_armed)
        settings.action_arm_billing()
        self.assertTrue(self.engine._is_armed())

    def test_who_decides_what_becomes_of_a_held_period(self):
        contract = self._contract(date_start="2026-06-15", user_id=self.seller.id)
        invoice = self._bill(contract, "2026-06-15")
        invoice.button_draft()
        invoice.button_cancel()
        self.assertTrue(invoice.subscription_contract_held)
        self.assertEqual(contract.held_count, 1)
        period = contract.period_ids
        with self.assertRaisesRegex(AccessError, "ask one"):
            period.with_user(self.seller).action_waive()
        self.assertEqual(period.state, "held")
        period.with_user(self.accountant).action_bill_again()
        self.assertEqual(self._bill(contract, "2026-06-15").amount_untaxed, 100.0)

    def test_invoices_a_user_may_not_see_are_not_counted(self):
        contract = self._contract(date_start="2026-06-15", user_id=self.seller.id)
        self._bill(contract, "2026-06-15").invoice_user_id = self.manager
        self.assertEqual(contract.with_user(self.seller).invoice_count, 0)
        self.assertEqual(contract.with_user(self.manager).invoice_count, 1)
