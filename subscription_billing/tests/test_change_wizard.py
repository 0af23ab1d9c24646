from collections import Counter
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import format_amount
from odoo.tools.misc import formatLang

from .common import SubscriptionCommon, orm_examples

CHANGES = st.fixed_dictionaries(
    {
        "day": st.dates(date(2026, 4, 20), date(2026, 8, 31)),
        "quantity": st.lists(st.sampled_from([None, 0, 1, 2.5, 7]), min_size=3, max_size=3),
        "price_unit": st.lists(st.sampled_from([None, 0.07, 33.33, 250.0]), min_size=3, max_size=3),
        "discount": st.lists(st.sampled_from([None, 0, 33.33, 100]), min_size=3, max_size=3),
        "stopped": st.lists(st.booleans(), min_size=3, max_size=3),
        "opened": st.lists(st.sampled_from(["hosting", "support", "setup_fee", "traffic"]), max_size=2),
    }
)
TERMS = st.fixed_dictionaries(
    {
        "billing_timing": st.sampled_from(["advance", "arrears"]),
        "lead_days": st.sampled_from([0, 10]),
        "proration_policy": st.sampled_from(["exact_days", "months_then_days", "thirty_360", "full_period", "free"]),
        "credit_mode": st.sampled_from(["note", "next"]),
        "catch_up": st.sampled_from(["each", "summary"]),
    }
)


@freeze_time("2026-06-15")
@tagged("post_install", "-at_install")
class TestChangeWizard(SubscriptionCommon):
    """What the screen shows before a change is confirmed is what the next invoice carries."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    def _wizard(self, contract):
        return Form(self.env["subscription.change"].with_context(default_contract_id=contract.id))

    def _money(self, amount):
        return format_amount(self.env, amount, self.env.company.currency_id)

    def _number(self, value):
        return formatLang(self.env, value, digits=2)

    def _line(self, contract, product):
        return contract.current_line_ids.filtered(lambda line: line.product_id == product)

    def _shown(self, wizard) -> Counter:
        return Counter((charge.name, Decimal(str(charge.amount))) for charge in wizard.charge_ids)

    def _written(self, moves) -> Counter:
        return Counter(
            (line.name, Decimal(str(line.price_subtotal * (-1 if line.move_type == "out_refund" else 1))))
            for line in moves.invoice_line_ids
            if line.display_type == "product"
        )

    # the property

    @orm_examples
    @given(CHANGES, TERMS, st.dates(date(2026, 4, 1), date(2026, 7, 31)))
    def test_any_change_costs_what_was_shown(self, change, terms, billed_until):
        with self.env.cr.savepoint() as savepoint:
            contract = self._contract(
                {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 5},
                {"product_id": self.support.id, "quantity": 3},
                {"product_id": self.hosting.id, "recurrence_id": self.quarterly.id, "price_unit": 240.0},
                {"product_id": self.setup_fee.id},
                invoicing_mode="post",
                **terms,
            )
            self.engine._bill(contract, billed_until)
            wizard = self._filled(contract, change)
            if not wizard._changes():
                with self.assertRaises(UserError):
                    wizard.action_preview()
            else:
                self._assert_costs_what_it_shows(contract, wizard)
            savepoint.rollback()
        self.env.invalidate_all()

    def _filled(self, contract, change):
        wizards = self.env["subscription.change"].with_context(default_contract_id=contract.id)
        wizard = wizards.create(wizards.default_get(["contract_id", "date", "line_date", "line_ids"]))
        wizard.date = change["day"]
        wizard._onchange_date()
        for index, line in enumerate(wizard.line_ids):
            for name in ("quantity", "price_unit", "discount"):
                if change[name][index] is not None:
                    line[name] = change[name][index]
        wizard.line_ids.filtered(lambda line: change["stopped"][wizard.line_ids.ids.index(line.id)]).unlink()
        wizard.line_ids = [Command.create({"product_id": getattr(self, product).id}) for product in change["opened"]]
        return wizard

    def _assert_costs_what_it_shows(self, contract, wizard):
        before = self._history(contract)
        wizard.action_preview()
        self.assertEqual(self._history(contract), before, "looking at the amounts changes nothing")
        shown, day, total = self._shown(wizard), wizard.billing_date, wizard.amount_total
        self.assertEqual(Decimal(str(wizard.amount)), sum(amount * count for (_name, amount), count in shown.items()))
        wizard.action_confirm()
        moves = self.engine._bill(contract, day)
        # what comes to nothing needs no document
        worthless = Counter({key: count for key, count in shown.items() if not key[1]})
        self.assertEqual(self._written(moves) | worthless, shown | worthless)
        self.assertAlmostEqual(sum(moves.mapped("amount_total_in_currency_signed")), total, 2)

    def _history(self, contract):
        names = ("date_start", "date_end", "quantity", "price_unit", "discount")
        return (
            {line.id: [str(line[name]) for name in names] for line in contract.line_ids},
            {period.id: (period.state, period.amount_invoiced) for period in contract.period_ids},
            str(contract.next_billing_date),
            contract.amendment_ids.ids,
        )

    # the screen

    def test_quantity_by_screen(self):
        contract = self._contract(self.hosting, self.support, date_start="2026-06-01")
        self._bill(contract, "2026-06-01")
        with self._wizard(contract) as form:
            self.assertEqual(form.date, self._day("2026-06-15"))
            form.reason = "One more"
            with form.line_ids.edit(0) as line:
                self.assertEqual((line.quantity, line.price_unit), (1.0, 100.0))
                line.quantity = 2.0
        wizard = form.record
        action = wizard.action_preview()
        self.assertEqual(
            (action["res_model"], action["res_id"], wizard.step), ("subscription.change", wizard.id, "confirm")
        )
        self.assertEqual(
            (wizard.amount_credited, wizard.amount_charged, wizard.amount, wizard.amount_total),
            (53.33, 106.67, 53.34, self.tax_20.compute_all(53.34)["total_included"]),
        )
        self.assertEqual(wizard.recurring_before, f"{self._money(130)} per month")
        self.assertEqual(wizard.recurring_after, f"{self._money(230)} per month")
        self.assertEqual(wizard.summary, f"Hosting: Quantity {self._number(1)} → {self._number(2)}")
        wizard.action_confirm()
        self.assertEqual(contract.amendment_ids.sorted("number")[-1].reason, "One more")
        self.assertEqual(self._line(contract, self.hosting).quantity, 2.0)
        self.assertEqual(self._bill(contract, wizard.billing_date).amount_untaxed, 53.34)

    def test_only_what_changed_is_named(self):
        """A planned end of promotion survives a change of quantity."""
        contract = self._contract(
            {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 7}, date_start="2026-06-01"
        )
        with self._wizard(contract) as form, form.line_ids.edit(0) as line:
            line.quantity = 2.0
        form.record.action_confirm()
        rows = contract.history_line_ids.mapped(lambda line: (str(line.date_start), line.quantity, line.discount))
        self.assertEqual(rows, [("2026-06-01", 1.0, 50.0), ("2026-06-15", 2.0, 50.0), ("2027-01-01", 2.0, 0.0)])

    def test_removed_line_stops_and_new_line_opens_at_its_price(self):
        contract = self._contract(self.hosting, self.support, date_start="2026-06-01")
        with self._wizard(contract) as form:
            form.line_ids.remove(0)
            with form.line_ids.new() as line:
                line.product_id = self.hosting
                self.assertEqual((line.price_unit, line.recurrence_id), (100.0, self.monthly))
                line.price_unit = 80.0
        wizard = form.record
        wizard.action_preview()
        self.assertEqual(wizard.summary, f"Hosting: stops\nHosting: new, {self._number(1)} × {self._money(80)}")
        wizard.action_confirm()
        self.assertEqual(self._line(contract, self.hosting).mapped("price_unit"), [80.0])
        self.assertEqual(self._line(contract, self.support).mapped("price_unit"), [30.0])

    def test_another_day_keeps_what_was_typed(self):
        contract = self._contract(self.hosting, self.support, date_start="2026-06-01")
        contract._amend(self._day("2026-07-01"), [(self._line(contract, self.hosting), {"price_unit": 110.0})])
        with self._wizard(contract) as form:
            with form.line_ids.edit(0) as line:
                line.quantity = 4.0
            form.line_ids.remove(1)
            form.date = "2026-07-10"
            self.assertEqual(len(form.line_ids), 1, "a removed line stays removed")
            with form.line_ids.edit(0) as line:
                self.assertEqual((line.quantity, line.price_unit), (4.0, 110.0))
        self.assertEqual(
            form.record._changes(),
            [
                (contract.line_ids.filtered(lambda line: line.price_unit == 110.0), {"quantity": 4.0}),
                (self._line(contract, self.support), None),
            ],
        )

    def test_back_shows_the_same_lines_again(self):
        contract = self._contract(date_start="2026-06-01")
        with self._wizard(contract) as form, form.line_ids.edit(0) as line:
            line.quantity = 3.0
        wizard = form.record
        wizard.action_preview()
        wizard.action_back()
        self.assertEqual((wizard.step, wizard.line_ids.quantity), ("ask", 3.0))

    def test_net_credit_becomes_a_credit_note(self):
        contract = self._contract({"product_id": self.hosting.id, "quantity": 3}, date_start="2026-06-01")
        self._bill(contract, "2026-06-01")
        with self._wizard(contract) as form, form.line_ids.edit(0) as line:
            line.quantity = 1.0
        wizard = form.record
        wizard.action_preview()
        self.assertEqual(wizard.amount, -106.67)
        wizard.action_confirm()
        move = self._bill(contract, wizard.billing_date)
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 106.67))

    def test_change_to_come_shows_the_invoice_of_that_day(self):
        contract = self._contract(date_start="2026-06-01")
        self._bill(contract, "2026-06-01")
        with self._wizard(contract) as form:
            form.date = "2026-07-01"
            with form.line_ids.edit(0) as line:
                line.quantity = 2.0
        wizard = form.record
        wizard.action_preview()
        self.assertEqual((wizard.billing_date, wizard.amount), (self._day("2026-07-01"), 200.0))

    def test_nothing_changed_is_said(self):
        contract = self._contract(date_start="2026-06-01")
        wizard = self._wizard(contract).save()
        with self.assertRaisesRegex(UserError, "Nothing changes yet"):
            wizard.action_preview()

    def test_a_seller_changes_own_contracts_only(self):
        seller = new_test_user(self.env, "change_seller", groups="subscription_billing.group_subscription_user")
        own = self._contract(date_start="2026-06-01", user_id=seller.id)
        other = self._contract(date_start="2026-06-01")
        self._bill(own | other, "2026-06-01")
        wizards = self.env["subscription.change"].with_user(seller)
        with Form(wizards.with_context(default_contract_id=own.id)) as form, form.line_ids.edit(0) as line:
            line.quantity = 2.0
        form.record.action_preview()
        self.assertEqual(form.record.amount, 53.34)
        form.record.action_confirm()
        self.assertEqual(own.current_line_ids.quantity, 2.0)
        with self.assertRaises(AccessError):
            Form(wizards.with_context(default_contract_id=other.id))

    def test_an_accountant_changes_nothing(self):
        accountant = new_test_user(
            self.env, "change_accountant", groups="base.group_user,account.group_account_invoice"
        )
        contract = self._contract(date_start="2026-06-01")
        with self.assertRaises(AccessError):
            self.env["subscription.change"].with_user(accountant).create(
                {"contract_id": contract.id, "date": "2026-06-20"}
            )
        with self.assertRaises(AccessError):
            contract.with_user(accountant)._amend(self._day("2026-06-20"), [(contract.line_ids, {"quantity": 2.0})])
