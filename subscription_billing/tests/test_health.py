from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .common import SubscriptionCommon

LOGGER = "odoo.addons.subscription_billing.models.subscription_engine_health"
JOB = "subscription_billing.ir_cron_health"


@tagged("post_install", "-at_install")
@freeze_time("2026-06-15 10:00:00")
class TestHealth(CronMixinCase, SubscriptionCommon):
    """The badge says how a contract does, why and since when, and follows what happens."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.rules = cls.env["subscription.health.rule"]
        cls.stopped, cls.overdue, cls.ending, cls.good_payer = (
            cls.env.ref(f"subscription_billing.health_rule_{name}")
            for name in ("stopped", "overdue", "ending", "good_payer")
        )
        cls.marks = cls.env["subscription.health.mark"]
        cls.marks._forget(cls.marks._next_ids(100000))

    def _judge(self):
        """The job, on a cursor of its own."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.env(cr=cr, user=SUPERUSER_ID, context={})["subscription.engine"]._cron_health()
        self.env.invalidate_all()

    def _marked(self):
        self.env.flush_all()
        return self.env["subscription.contract"].browse(self.marks._next_ids(1000))

    def _overdue_invoice(self, contract, until="2026-04-01"):
        with freeze_time(until):
            return self._bill(contract, until)

    def _pay(self, invoice, amount=None):
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids)
        return wizard.create({"amount": amount} if amount else {})._create_payments()

    # overdue

    def test_overdue_amount_and_day(self):
        contract = self._contract(date_start="2026-04-01")
        self.assertEqual((contract.overdue_amount, contract.overdue_since), (0.0, False))
        invoice = self._overdue_invoice(contract)
        contract.invalidate_recordset()
        self.assertEqual((contract.overdue_amount, str(contract.overdue_since)), (115.0, "2026-04-01"))
        self._pay(invoice, 50.0)
        contract.invalidate_recordset()
        self.assertEqual(contract.overdue_amount, 65.0)

    def test_what_is_due_today_is_not_overdue(self):
        contract = self._contract(date_start="2026-06-15")
        self._bill(contract, "2026-06-15")
        self.assertFalse(contract.overdue_since)

    def test_invoice_of_two_contracts_counts_once(self):
        values = {"date_start": "2026-04-01", "invoice_grouping": "customer"}
        hosting, support = self._contract(self.hosting, **values), self._contract(self.support, **values)
        invoice = self._overdue_invoice(hosting | support)
        self.assertEqual(len(invoice), 1)
        self.assertAlmostEqual(hosting.overdue_amount, 115.0)
        self.assertAlmostEqual(support.overdue_amount, 34.5)

    def test_overdue_contracts_are_found(self):
        late, paid = self._contract(date_start="2026-04-01"), self._contract(date_start="2026-04-01")
        self._overdue_invoice(late)
        self._pay(self._overdue_invoice(paid))
        both = [("id", "in", (late | paid).ids)]
        for domain, found in (
            ([("overdue_since", "!=", False)], late),
            ([("overdue_since", "=", False)], paid),
            ([("overdue_since", "<", "today -30d")], late),
            ([("overdue_since", "<", "today -80d")], late.browse()),
            ([("overdue_amount", ">", 100)], late),
            ([("overdue_amount", "<", 100)], paid),
            ([("overdue_amount", "=", 0)], paid),
            ([("overdue_days", ">", 74)], late),
            ([("overdue_days", ">", 75)], late.browse()),
            ([("overdue_days", "<", 75)], paid),
            ([("overdue_days", "=", 0)], paid),
            ([("overdue_days", "=", 75)], late),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(self.env["subscription.contract"].search([*both, *domain]), found)

    # what the ready-made rules say

    def test_red_flag_says_why_and_since_when(self):
        contract = self._contract(date_start="2026-04-01")
        self._overdue_invoice(contract)
        self._judge()
        self.assertEqual((contract.health, contract.health_rule_id), ("bad", self.overdue))
        self.assertEqual(contract.health_reason, "An invoice is overdue for more than 30 days")
        self.assertEqual(str(contract.health_since), "2026-06-15")

    def test_history_is_in_the_chatter(self):
        contract = self._contract(date_start="2026-04-01")
        invoice = self._overdue_invoice(contract)
        self._judge()
        self._pay(invoice)
        with freeze_time("2026-06-20 10:00:00"):
            self._judge()
        self.assertEqual((contract.health, contract.health_rule_id), ("neutral", self.rules))
        self.assertEqual(str(contract.health_since), "2026-06-20")
        tracked = contract.message_ids.tracking_value_ids.filtered(lambda value: value.field_id.name == "health")
        self.assertEqual(
            tracked.sorted("id").mapped(lambda value: (value.old_value_char, value.new_value_char)),
            [("Neutral", "Bad"), ("Bad", "Neutral")],
        )

    def test_since_stays_while_the_result_does(self):
        contract = self._contract(date_start="2026-04-01")
        self._overdue_invoice(contract)
        self._judge()
        with freeze_time("2026-06-20 10:00:00"):
            contract._park("No journal", self.env.cr.now())
            self._judge()
        self.assertEqual(contract.health_rule_id, self.stopped, "the first rule decides")
        self.assertEqual(str(contract.health_since), "2026-06-15")

    def test_ending_without_renewal(self):
        ends = self._contract()
        ends._close(self._day("2026-07-31"))
        goes_on = self._contract()
        goes_on.term_end = "2026-07-31"
        goes_on.renewal = "tacit"
        runs_out = self._contract()
        runs_out.term_end = "2026-07-31"
        runs_out.renewal = "none"
        contracts = ends | goes_on | runs_out
        self.assertEqual(self.ending._among(contracts), ends | runs_out)

    def test_days_are_read_and_searched_alike(self):
        leaving, renewed, runs_out = self._contract(), self._contract(), self._contract(renewal="none")
        leaving._close(self._day("2026-07-01"))
        (renewed | runs_out).write({"term_end": "2026-07-31"})
        contracts = leaving | renewed | runs_out
        self.assertEqual(contracts.mapped("days_served"), [165, 165, 165])
        self.assertEqual(contracts.mapped("days_to_end"), [15, 0, 46])
        for domain, found in (
            ([("days_to_end", "<=", 15)], leaving),
            ([("days_to_end", "<", 15)], leaving.browse()),
            ([("days_to_end", ">", 15)], runs_out),
            ([("days_served", ">=", 165)], contracts),
            ([("days_served", ">", 165)], contracts.browse()),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(contracts.search([("id", "in", contracts.ids), *domain]), found)

    def test_good_payer(self):
        pays, late, new = self._contract(), self._contract(), self._contract(date_start="2026-06-01")
        self._pay(self._overdue_invoice(pays))
        self._overdue_invoice(late)
        self._pay(self._bill(new, "2026-06-01"))
        self.assertEqual(self.good_payer._among(pays | late | new), pays)
        self._judge()
        self.assertEqual((pays | late | new).mapped("health"), ["good", "bad", "neutral"])

    def test_rule_of_a_plan(self):
        other = self.plan.copy({"name": "Other"})
        mine, theirs = self._contract(), self._contract(plan_id=other.id)
        draft = self._contract(activate=False)
        rule = self.rules.create(
            {"name": "All", "sequence": 1, "health": "good", "reason": "Because", "plan_ids": [self.plan.id]}
        )
        self.assertEqual(rule._among(mine | theirs | draft), mine)

    def test_company_of_a_rule(self):
        contract = self._contract()
        rule = self.rules.create(
            {
                "name": "Elsewhere",
                "reason": "Elsewhere",
                "company_id": self.setup_other_company(name="Health elsewhere")["company"].id,
            }
        )
        self.assertFalse(rule._among(contract))

    # when it is judged again

    def test_what_marks_a_contract(self):
        contract = self._contract(date_start="2026-04-01")
        self.assertEqual(self._marked(), contract, "activation")

        def marks(what, action):
            self.marks._forget(contract.ids)
            with self.subTest(what):
                result = action()
                self.assertEqual(self._marked(), contract)
            return result

        invoice = marks("an invoice", lambda: self._overdue_invoice(contract))
        marks("a payment", lambda: self._pay(invoice, 10.0))
        marks("a payment taken back", invoice.line_ids.remove_move_reconcile)
        marks("a change", lambda: contract._amend(self._day("2026-06-15"), [(contract.line_ids, {"quantity": 2.0})]))
        marks("a field", lambda: contract.write({"client_order_ref": "A"}))
        marks("parking", lambda: contract._park("No journal", self.env.cr.now()))
        marks("an invoice withdrawn", invoice.button_draft)
        marks("a rule", lambda: self.overdue.write({"domain": "[('overdue_since', '<', 'today -90d')]"}))
        marks("a new day", self.engine._cron_health_of_all)

    def test_what_marks_nothing(self):
        contract = self._contract(date_start="2026-04-01")
        self._judge()
        self.assertFalse(self._marked())
        other = self.init_invoice("out_invoice", products=self.hosting, post=True)
        self._pay(other)
        self.engine._refresh(contract)
        self.assertFalse(self._marked())

    def test_a_mark_wakes_the_job_once_per_statement(self):
        contracts = self._contract() | self._contract()
        with self.capture_triggers(JOB) as triggers:
            self._bill(contracts, "2026-01-01")
        self.assertEqual(len(triggers.records), 1)

    def test_marking_costs_the_same_for_one_invoice_and_for_many(self):
        contracts = self.env["subscription.contract"].union(*(self._contract() for _number in range(5)))
        moves = self._bill(contracts, "2026-01-01")
        self.env.flush_all()
        for some in (moves[0], moves):
            with self.assertQueryCount(3):  # the marks, whether the job is on, and its trigger
                self.marks._add_moves(some)
                self.env.flush_all()

    @mute_logger(LOGGER)
    def test_one_that_cannot_be_judged_stops_no_other(self):
        contracts = self._contract(date_start="2026-04-01") | self._contract(date_start="2026-04-01")
        self._overdue_invoice(contracts)
        take = type(contracts)._take_health

        def fail_on_the_first(records, rule):
            if contracts[0] in records:
                raise UserError("No")
            return take(records, rule)

        with patch.object(type(contracts), "_take_health", fail_on_the_first):
            self._judge()
        self.assertEqual(contracts.mapped("health"), ["neutral", "bad"])
        self.assertFalse(self._marked())

    def test_busy_contract_is_judged_later(self):
        contract = self._contract(date_start="2026-04-01")
        self._overdue_invoice(contract)
        with patch.object(type(contract), "try_lock_for_update", lambda records, **options: records.browse()):
            self._judge()
        self.assertEqual((contract.health, self._marked()), ("neutral", contract))
        self._judge()
        self.assertEqual(contract.health, "bad")

    # who

    def test_health_is_not_typed(self):
        contract = self._contract()
        with self.assertRaisesRegex(UserError, "Rules decide"):
            contract.health = "good"

    def test_a_manager_edits_rules(self):
        manager = new_test_user(self.env, "health_manager", groups="subscription_billing.group_subscription_manager")
        rule = self.overdue.with_user(manager)
        rule.domain = "[('overdue_since', '<', 'today -5d')]"
        for wrong in ("[('nothing', '=', 1)]", "[('health', '=', 'bad'", "[('state', '~', 'x')]", "import os"):
            with self.subTest(wrong), self.assertRaisesRegex(ValidationError, "cannot be read"):
                rule.domain = wrong
