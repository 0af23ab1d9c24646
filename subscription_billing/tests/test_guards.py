import math
from contextlib import contextmanager

import psycopg2

from odoo import SUPERUSER_ID, Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import format_date, mute_logger

from .common import SubscriptionCommon

CRON_LOGGER = "odoo.addons.subscription_billing.models.subscription_engine_cron"


USAGE_LOGGER = "odoo.addons.subscription_billing.models.subscription_usage_record"
# PostgreSQL takes a hundred rows at once
EVENT_QUERIES, REPEATED_QUERIES = 150, 8


class GuardCommon(SubscriptionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()

    @contextmanager
    def assertRefused(self, *words):
        """What happens inside is refused with these words, as its user reads them, and leaves no trace."""
        before, message = self._written(), ""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                yield
                self.env.flush_all()
        except UserError as error:
            message = str(error)
        except psycopg2.IntegrityError as error:
            message = self._as_read(error)
        self.assertTrue(message, "it was accepted")
        for word in words:
            self.assertIn(word, message)
        self.env.invalidate_all()
        self.assertEqual(self._written(), before, "something half-written stays")

    def _as_read(self, error):
        """What a client shows of a constraint of the database."""
        model = next(name for name, model in self.registry.items() if model._table == error.diag.table_name)
        return str(self.env[model]._sql_error_to_message(error))

    def _written(self):
        names = (
            "account.move",
            "account.move.line",
            "subscription.period",
            "subscription.amendment",
            "subscription.usage",
        )
        return {name: self.env[name].sudo().search_count([]) for name in names}


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestBadInput(GuardCommon):
    """What people and programs type wrong is told where they type it."""

    def test_recurrence(self):
        for interval in (0, -1, 1201):
            with self.subTest(interval=interval), self.assertRefused("Never", "1 to 1200"):
                self.env["subscription.recurrence"].create({"name": "Never", "unit": "month", "interval": interval})
        recurrence = self.env["subscription.recurrence"].create({"name": "Mine", "unit": "month", "interval": 1})
        with self.assertRefused("Mine", "1 to 1200"):
            recurrence.interval = 0

    def test_used_recurrence_keeps_its_length(self):
        self._contract()
        with self.assertRefused("Monthly", "create another one"):
            self.monthly.interval = 2
        with self.assertRefused("Monthly", "archive it"):
            self.monthly.unlink()

    def test_terms(self):
        for values, words in (
            ({"lead_days": -1}, "Days ahead: -1 is not from 0 to 366"),
            ({"lead_days": 367}, "Days ahead: 367 is not from 0 to 366"),
            ({"alignment_day": 0}, "0 is not from 1 to 31"),
            ({"alignment_day": 32}, "32 is not from 1 to 31"),
            ({"alignment_month": 13}, "13 is not from 1 to 12"),
            ({"commitment": -1}, "Commitment: -1 is not from 0"),
            ({"notice": -1}, "Notice period: -1 is not from 0"),
        ):
            with self.subTest(values=values):
                with self.assertRefused(words):
                    self.plan.write(values)
                with self.assertRefused(words):
                    self._contract(activate=False, **values)

    def test_R28_the_anchor_of_what_runs_is_fixed(self):
        running = self._contract()
        with self.assertRefused("Buttons of the contract change"):
            running.anchor_date = "2026-01-15"

    def test_end_before_start(self):
        draft, running = self._contract(activate=False), self._contract()
        with self.assertRefused("Hosting", "before it starts"):
            draft.line_ids.date_end = "2025-12-30"
        with self.assertRefused(running.name, "before it starts"):
            running._close(self._day("2025-12-31"))
        with self.assertRefused(draft.name, "before its start"):
            draft.billed_until = "2025-12-01"
        with self.assertRefused(running.name, "between its start and its end"):
            running._amend(self._day("2025-12-31"), [(running.line_ids, {"quantity": 2})])

    def test_R37_numbers(self):
        draft, running = self._contract(activate=False), self._contract()
        for name, value in (
            *(("quantity", value) for value in (-1, math.inf, -math.inf, math.nan, 1e12, 1e15, 1e300)),
            *(("price_unit", value) for value in (math.inf, -math.inf, math.nan, 1e12, -1e12)),
            *(("discount", value) for value in (-0.01, 100.01, math.nan, math.inf)),
            *(("included_quantity", value) for value in (-1, math.nan)),
            *(("minimum_amount", value) for value in (-1, math.nan)),
        ):
            with self.subTest(name=name, value=value):
                with self.assertRefused("Hosting"):
                    self._contract({"product_id": self.hosting.id, name: value}, activate=False)
                with self.assertRefused("Hosting"):
                    draft.line_ids.write({name: value})
                with self.assertRefused("Hosting"):
                    running._amend(self._day("2026-07-01"), [(running.line_ids, {name: value})])
        with self.assertRefused("Hosting"):
            draft.line_ids.occurrences = -1

    def test_missing_product(self):
        with self.assertRefused("Product"):
            self._contract({"quantity": 1.0}, activate=False)
        running = self._contract()
        with self.assertRefused("Product"):
            running._amend(self._day("2026-07-01"), [(None, {"quantity": 1.0})])

    def test_empty_contract(self):
        draft = self._contract(activate=False)
        draft.line_ids.unlink()
        with self.assertRefused(draft.name, "add what is sold"):
            draft.action_activate()

    def test_unknown_field_in_a_change(self):
        running = self._contract()
        with self.assertRefused("quantiti"):
            running._amend(self._day("2026-07-01"), [(running.line_ids, {"quantiti": 2})])

    def test_line_of_another_contract(self):
        running, other = self._contract(), self._contract()
        with self.assertRefused(running.name, "no such line"):
            running._amend(self._day("2026-07-01"), [(other.line_ids, {"quantity": 2})])

    def test_overlapping_rows(self):
        contract = self._contract()
        verb = contract._locked()
        with self.assertRefused(contract.name, "hold on the same day"):
            contract.line_ids.with_env(verb.env).copy({"chain_id": contract.line_ids.id, "date_start": "2026-03-01"})

    def test_period_billed_twice(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        with self.assertRefused(contract.name, "billed already"):
            contract.period_ids.sudo().copy({"date_start": "2026-01-15", "date_stop": "2026-02-15"})
        with self.assertRefused(contract.name, "billed already"):
            contract.period_ids.sudo().copy({"date_start": "2026-01-01", "date_stop": "2026-01-02"})

    def test_empty_period(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        with self.assertRefused("at least one day"):
            contract.period_ids.sudo().copy({"date_start": "2026-03-01", "date_stop": "2026-03-01"})

    def test_external_reference_twice(self):
        self._contract(external_id="A-1")
        with self.assertRefused("external reference"):
            self._contract(external_id="A-1")

    def test_R38_characters_that_no_database_stores(self):
        contract = self._contract(self.traffic, client_order_ref="PO 1")
        with self.assertRefused(contract.name, "Customer reference", "NUL"):
            contract.client_order_ref = "PO\0 2"
        with self.assertRefused("Traffic", "Description", "NUL"):
            contract.line_ids.name = "Traffic\0"
        with self.assertRefused("NUL"):
            self._contract({"product_id": self.hosting.id, "section": "A\0B"})
        with self.assertRefused("NUL"):
            self._contract(external_id="A\0")
        [answer] = self.env["subscription.usage"].record(
            [{"contract": contract.name, "date": "2026-01-05", "quantity": 1, "external_id": "e\0"}]
        )
        self.assertEqual(answer["result"], "refused")
        self.assertIn("NUL", answer["reason"])

    def test_R38_texts_of_any_script_and_length(self):
        text = "Ünïcödé عربى 🚀 " * 400
        contract = self._contract({"product_id": self.hosting.id, "name": text})
        self.assertIn(text.strip(), self._bill(contract, "2026-01-01").invoice_line_ids.name)


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestBadUsage(GuardCommon):
    """Events of other programs: each is answered, a repeated one counts once, a wrong one stops no other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.traffic.default_code = "TRAFFIC"
        cls.contract = cls._contract(cls.traffic, external_id="A-1")
        cls.usage = cls.env["subscription.usage"]

    def _event(self, **values):
        return {"contract": "A-1", "date": "2026-03-05", "quantity": 3, "external_id": "e1", **values}

    def _record(self, **values):
        [answer] = self.usage.record([self._event(**values)])
        return answer

    def assertRecorded(self, answer, result="recorded"):
        self.assertEqual((answer["result"], answer["reason"]), (result, ""))
        self.assertTrue(self.usage.browse(answer["id"]).exists())

    def assertEventRefused(self, answer, *words):
        self.assertEqual(answer["result"], "refused")
        for word in words:
            self.assertIn(word, answer["reason"])

    def test_R49_repeated_event_counts_once(self):
        first = self._record()
        self.assertRecorded(first)
        for values in ({}, {"quantity": "3.0", "date": self._day("2026-03-05")}, {"product": "TRAFFIC"}):
            again = self._record(**values)
            self.assertRecorded(again, "repeated")
            self.assertEqual(again["id"], first["id"])
        both = self.usage.record([self._event(external_id="e2"), self._event(external_id="e2")])
        self.assertEqual([answer["result"] for answer in both], ["recorded", "repeated"])
        self.assertEqual(len(self.usage.search([("contract_id", "=", self.contract.id)])), 2)

    def test_R49_same_reference_with_another_payload(self):
        first = self._record()
        for values in ({"quantity": 4}, {"date": "2026-03-06"}, {"product": "OTHER"}):
            with self.subTest(values=values), mute_logger(USAGE_LOGGER):
                self.usage.search([("external_id", "=", "e2")]).unlink()
                other, wrong = self.usage.record([self._event(external_id="e2"), self._event(**values)])
                self.assertRecorded(other)
                self.assertEventRefused(wrong, "other values")
                self.assertEqual(wrong["id"], first["id"])
        self.assertEqual(self.usage.browse(first["id"]).quantity, 3)

    def test_refused_events_are_logged(self):
        with self.assertLogs(USAGE_LOGGER, "WARNING") as logs:
            self.usage.record([self._event(), self._event(external_id="e2", quantity="many")])
        self.assertIn("1 of 2 usage events refused", logs.output[0])
        self.assertIn("e2", logs.output[0])

    @mute_logger(USAGE_LOGGER)
    def test_wrong_events(self):
        self.contract._close(self._day("2026-06-01"))
        for values, word in (
            ({"date": "31/12/2025"}, "31/12/2025"),
            ({"date": None}, "date"),
            ({"contract": "nobody"}, "no contract nobody"),
            ({"contract": None}, "contract"),
            ({"product": "OTHER"}, "0 lines"),
            ({"line": "l9"}, "0 lines"),
            ({"quantity": "many"}, "many"),
            ({"quantity": None}, "quantity"),
            ({"quantity": math.nan}, "ordinary number"),
            ({"quantity": math.inf}, "ordinary number"),
            ({"quantity": 1e13}, "is not from"),
            ({"external_id": None}, "external_id"),
            ({"external_id": ""}, "external_id"),
        ):
            with self.subTest(values=values):
                self.assertEventRefused(self._record(**values), word)
        for missing in ("contract", "date", "quantity", "external_id"):
            event = self._event()
            del event[missing]
            with self.subTest(missing=missing):
                self.assertEventRefused(self.usage.record([event])[0], missing)
        self.assertFalse(self.usage.search([("contract_id", "=", self.contract.id)]))

    @mute_logger(USAGE_LOGGER)
    def test_event_that_is_no_event(self):
        for event in (None, "e1", 3, ["e1"]):
            with self.subTest(event=event):
                self.assertEventRefused(self.usage.record([event])[0], "external_id")

    @mute_logger(USAGE_LOGGER)
    def test_R50_events_outside_the_service(self):
        self.contract._close(self._day("2026-06-01"))
        for day in ("2026-06-01", "2025-12-31"):
            with self.subTest(day=day):
                self.assertEventRefused(self._record(date=day), "0 lines", day)

    @mute_logger(USAGE_LOGGER)
    def test_R51_events_of_the_future(self):
        self.assertRecorded(self._record(date="2026-06-16", external_id="ahead"))
        self.assertEventRefused(self._record(date="2026-06-17"), "2026-06-17", "future")

    @mute_logger(USAGE_LOGGER)
    def test_R51_correction_takes_back_what_its_window_holds(self):
        first, too_much, other_window, correction = self.usage.record(
            [
                self._event(),
                self._event(external_id="e2", quantity=-4),
                self._event(external_id="e3", quantity=-1, date="2026-04-05"),
                self._event(external_id="e4", quantity=-3, date="2026-03-31"),
            ]
        )
        self.assertRecorded(first)
        self.assertEventRefused(too_much, "-4.0", "3.0", "2026-03-01", "2026-03-31")
        self.assertEventRefused(other_window, "2026-04-01")
        self.assertRecorded(correction)
        self.assertEventRefused(self._record(external_id="e5", quantity=-1), "0.0")

    @mute_logger(USAGE_LOGGER)
    def test_event_of_a_contract_one_may_not_see(self):
        own = new_test_user(self.env, "meter", groups="subscription_billing.group_subscription_user")
        others = self.usage.with_user(own).record([self._event()])
        self.assertEventRefused(others[0], "no contract A-1")
        self.contract.user_id = own
        self.assertRecorded(self.usage.with_user(own).record([self._event()])[0])

    @mute_logger(USAGE_LOGGER)
    def test_event_that_may_mean_two(self):
        second = self._contract(self.traffic, external_id=self.contract.name)
        self.assertEventRefused(self._record(contract=self.contract.name), "several contracts")
        self.assertRecorded(self._record(contract=second.name))
        two = self._contract({"product_id": self.traffic.id, "external_id": "in"}, self.traffic)
        self.assertEventRefused(self._record(contract=two.name), "2 lines")
        answer = self._record(contract=two.name, line="in")
        self.assertEqual(self.usage.browse(answer["id"]).line_id, two.line_ids[0])

    def test_more_events_than_a_call_may_hold(self):
        for events in ([{}] * 10_001, {"contract": "A-1"}, None):
            with self.assertRefused("at most 10"):
                self.usage.record(events)

    @mute_logger(USAGE_LOGGER)
    def test_R51_ten_thousand_events_in_few_queries(self):
        others = [self._contract(self.traffic, external_id=f"B-{number}") for number in range(9)]
        events = [
            self._event(contract=f"B-{number % 9}", external_id=f"n{number}", date=f"2026-03-{number % 31 + 1:02}")
            for number in range(10_000)
        ]
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(EVENT_QUERIES):
            answers = self.usage.record(events)
            self.env.flush_all()
        self.assertEqual({answer["result"] for answer in answers}, {"recorded"})
        self.env.invalidate_all()
        with self.assertQueryCount(REPEATED_QUERIES):
            again = self.usage.record(events)
        self.assertEqual({answer["result"] for answer in again}, {"repeated"})
        billed = sum(self._bill(contract, "2026-04-01").amount_untaxed for contract in others)
        self.assertEqual(billed, 2.0 * 3 * 10_000)

    def test_event_by_hand_outside_the_service(self):
        with self.assertRefused(self.contract.name, "Traffic", "correct the date"):
            self.usage.create(
                {
                    "contract_id": self.contract.id,
                    "line_id": self.contract.line_ids.id,
                    "date": "2025-12-31",
                    "quantity": 1,
                }
            )

    def test_billed_event_stays(self):
        event = self.usage.browse(self._record()["id"])
        self._bill(self.contract, "2026-04-01")
        with self.assertRefused("record a correction"):
            event.quantity = 9
        with self.assertRefused("record a correction"):
            event.unlink()

    def test_R50_late_event_goes_on_the_next_invoice(self):
        self._record(external_id="e0")
        first = self._bill(self.contract, "2026-04-01")
        self.assertRecorded(self._record(), "late")
        self.assertRecorded(self._record(external_id="e2", date="2026-05-05"))
        self.assertEqual(self._bill(self.contract, "2026-05-01").amount_untaxed, 6.0)
        self.assertEqual(first.state, "posted")

    def test_R50_late_event_inside_the_service_goes_on_a_last_invoice(self):
        self.contract._close(self._day("2026-06-01"))
        self._bill(self.contract, "2026-06-15")
        self.assertRecorded(self._record(), "late")
        self.assertEqual(self._bill(self.contract, "2026-06-15").amount_untaxed, 6.0)
        self.assertFalse(self._bill(self.contract, "2026-06-15"))


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestPreflight(GuardCommon):
    """What Odoo would accept silently and wrongly stops the invoice, with the name of the record."""

    def setUp(self):
        super().setUp()
        self.contract = self._contract(self.hosting, date_start="2026-06-01")

    def assertNotBilled(self, *words):
        """Neither a person nor the unattended run bills the contract; both say why."""
        with self.assertRefused(self.contract.name, *words):
            self._bill(self.contract, "2026-06-15")
        with self.enter_registry_test_mode(), self.registry.cursor() as cr, mute_logger(CRON_LOGGER):
            self.env(cr=cr, user=SUPERUSER_ID)["subscription.engine"]._cron_bill()
        self.assertFalse(self.contract.period_ids or self.contract.invoice_ids)
        for word in words:
            self.assertIn(word, self.contract.billing_error)

    def test_good_day(self):
        self.assertEqual(self._bill(self.contract, "2026-06-15").state, "posted")

    def test_R33_archived_journal(self):
        journal = self.company_data["default_journal_sale"].copy({"code": "CTR"})
        self.contract.journal_id = journal
        journal.active = False
        self.assertNotBilled(journal.display_name, "archived", "choose another one")

    def test_no_journal(self):
        self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.env.company.id)]
        ).active = False
        self.assertNotBilled("no sales journal", "create one")

    def test_R33_archived_product(self):
        self.hosting.active = False
        self.assertNotBilled("Hosting", "archived", "restore it or change the line")

    def test_R33_archived_tax_of_the_product(self):
        self.tax_20.active = False
        self.assertNotBilled(self.tax_20.name, "archived", "choose another one")

    def test_archived_forced_tax(self):
        forced = self.tax_20.copy({"name": "Forced"})
        contract = self.contract = self._contract(
            {"product_id": self.hosting.id, "tax_ids": [Command.set(forced.ids)]}, date_start="2026-06-01"
        )
        forced.active = False
        self.assertNotBilled("Forced", "archived", contract.name)

    def test_archived_tax_of_the_fiscal_position(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        mapped = self.tax_20.copy({"name": "Abroad 0 %", "fiscal_position_ids": [Command.set(position.ids)]})
        mapped.original_tax_ids = self.tax_20
        self.contract.fiscal_position_id = position
        self.assertEqual(self.engine._taxes(self.contract.line_ids), mapped)
        mapped.active = False
        self.assertNotBilled("Abroad 0 %", "archived")

    def test_R34_archived_contacts(self):
        for name in ("partner_id", "partner_invoice_id", "partner_shipping_id"):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                partner = self.env["res.partner"].create({"name": f"Gone {name}"})
                self.contract[name] = partner
                partner.active = False
                self.assertNotBilled(f"Gone {name}", "archived", "restore it")
                savepoint.rollback()

    def test_R33_archived_payment_terms(self):
        self.contract.payment_term_id = self.env["account.payment.term"].create({"name": "In 90 days"})
        self.contract.payment_term_id.active = False
        self.assertNotBilled("In 90 days", "archived", "choose other ones")

    def test_archived_fiscal_position(self):
        self.contract.fiscal_position_id = self.env["account.fiscal.position"].create({"name": "Abroad"})
        self.contract.fiscal_position_id.active = False
        self.assertNotBilled("Abroad", "archived", "choose another one")

    def test_R40_no_income_account(self):
        self.hosting.property_account_income_id = False
        self.hosting.categ_id.property_account_income_categ_id = False
        self.company_data["default_journal_sale"].default_account_id = False
        self.env.company.income_account_id = False
        self.assertNotBilled("Hosting", "no income account")

    def test_R33_archived_income_account(self):
        account = self.company_data["default_account_revenue"].copy({"name": "Former sales", "code": "709999"})
        self.hosting.property_account_income_id = account
        account.active = False
        self.assertNotBilled("Hosting", "no income account in use")

    def test_R41_currency_without_rate(self):
        currency = self.env.ref("base.CHF")
        currency.active = True
        currency.rate_ids.unlink()
        self.contract = self._in_currency(currency)
        self.assertNotBilled("CHF", "no rate")
        rate = self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2026-04-30", "rate": 2.0, "company_id": self.env.company.id}
        )
        self.assertRefusesToBill("CHF", "no rate")
        rate.name = "2026-06-16"
        self.assertRefusesToBill("CHF", "no rate")
        rate.name = "2026-06-15"
        self.contract._unpark()
        move = self._bill(self.contract, "2026-06-15")
        self.assertEqual((move.currency_id, move.amount_untaxed_signed), (currency, move.amount_untaxed / 2))

    def assertRefusesToBill(self, *words):
        with self.assertRefused(*words):
            self._bill(self.contract, "2026-06-15")

    def test_R41_inactive_currency(self):
        currency = self.env.ref("base.CHF")
        currency.active = True
        self.contract = self._in_currency(currency)
        currency.active = False
        self.assertNotBilled("CHF", "not active")

    def _in_currency(self, currency):
        pricelist = self.env["product.pricelist"].create({"name": "Abroad", "currency_id": currency.id})
        return self._contract(
            {"product_id": self.hosting.id, "price_unit": 100.0}, date_start="2026-06-01", pricelist_id=pricelist.id
        )

    def test_R39_lock_dates(self):
        self.contract = self._contract(date_start="2026-05-10", invoice_date_policy="due")
        for name in ("fiscalyear_lock_date", "sale_lock_date", "tax_lock_date", "hard_lock_date"):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.env.company[name] = "2026-05-31"
                self.assertNotBilled(format_date(self.env, "2026-05-31"), "later day", "Day of billing")
                self.contract.invoice_date_policy = "run"
                self.contract._unpark()
                moves = self._bill(self.contract, "2026-06-15")
                self.assertEqual({str(move.date) for move in moves}, {"2026-06-15"})
                savepoint.rollback()

    def test_every_reason_at_once(self):
        self.hosting.active = False
        self.customer.active = False
        self.assertNotBilled("Hosting", "A customer")

    def test_one_of_several_is_named(self):
        other = self._contract(self.support, date_start="2026-06-01")
        self.support.active = False
        with self.assertRefused(other.name, "Support") as _:
            self._bill(self.contract | other, "2026-06-15")

    def test_amount_that_is_no_ordinary_number(self):
        self.contract = self._contract(
            {"product_id": self.hosting.id, "quantity": 9e11, "price_unit": 9e11}, date_start="2026-06-01"
        )
        self.assertNotBilled("Hosting", "not an ordinary number")

    def test_R35_negative_total_becomes_a_credit_note(self):
        contract = self._contract({"product_id": self.hosting.id, "price_unit": -20.0}, date_start="2026-06-01")
        move = self._bill(contract, "2026-06-15")
        self.assertEqual((move.move_type, move.amount_untaxed, move.state), ("out_refund", 20.0, "posted"))

    def test_R36_price_too_small_to_bill_is_settled(self):
        contract = self._contract({"product_id": self.hosting.id, "price_unit": 0.001}, date_start="2026-06-01")
        self.assertFalse(self._bill(contract, "2026-06-15"))
        self.assertEqual(contract.period_ids.mapped("state"), ["waived"])
        self.assertFalse(self.env["subscription.gap"].search([("contract_id", "=", contract.id)]))


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestConstraints(GuardCommon):
    """The engine looks whether the database really refuses a second billing."""

    def test_all_are_there(self):
        self.assertEqual(self.engine._guard_errors(), [])

    def test_without_one_nothing_is_billed(self):
        contract = self._contract(date_start="2026-06-01")
        for statement, name in (
            ("ALTER TABLE subscription_period DROP CONSTRAINT subscription_period_billed_once", "period_billed_once"),
            ("DROP INDEX subscription_period_billed_once_start", "billed_once_start"),
            ("ALTER TABLE subscription_line DROP CONSTRAINT subscription_line_chain_disjoint", "chain_disjoint"),
        ):
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                self.env.flush_all()
                self.env.cr.execute(statement)
                with self.assertRefused(name, "upgrade the module"):
                    self._bill(contract, "2026-06-15")
                savepoint.rollback()
        self.assertTrue(self._bill(contract, "2026-06-15"))

    def test_rows_that_contradict_each_other_are_listed(self):
        contract = self._contract(date_start="2026-05-01")
        self._bill(contract, "2026-06-15")
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE subscription_period DROP CONSTRAINT subscription_period_billed_once")
        may = contract.period_ids.sorted("date_start")[0]
        twin = may.sudo().copy({"date_start": "2026-05-15", "date_stop": "2026-05-20"})
        message = "\n".join(self.engine._guard_errors())
        for word in (contract.name, str(may.id), str(twin.id), "2026-05-15"):
            self.assertIn(word, message)
        twin.sudo().state = "void"
        self.env.flush_all()
        self.assertEqual(len(self.engine._guard_errors()), 1, "no row stands in the way of the upgrade any more")
