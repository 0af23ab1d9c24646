from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..core import charges
from .common import SubscriptionCommon, orm_examples

DAYS = st.dates(date(2026, 1, 1), date(2026, 8, 31))
LIVES = st.lists(
    st.one_of(
        st.tuples(st.just("quantity"), DAYS, st.integers(0, 7)),
        st.tuples(st.just("price_unit"), DAYS, st.integers(1, 40000).map(lambda cents: cents / 100)),
        st.tuples(st.just("discount"), DAYS, st.sampled_from([0.0, 10.0, 33.33, 50.0])),
        st.tuples(st.just("run"), DAYS, st.none()),
    ),
    min_size=1,
    max_size=8,
)


@tagged("post_install", "-at_install")
@freeze_time("2026-09-15")
class TestAmend(SubscriptionCommon):
    """A change closes a row and opens its successor; the ledger gives back and bills again."""

    def rows(self, contract):
        return [
            (str(line.date_start), str(line.date_end or ""), line.quantity, line.price_unit, line.discount)
            for line in contract.line_ids.sorted("date_start")
            if line._period()
        ]

    def test_upgrade_in_mid_period_bills_the_difference_on_one_line(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        contract._amend(self._day("2026-01-17"), [(contract.line_ids, {"quantity": 2.0})])
        move = self._bill(contract, "2026-01-17")
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_invoice", 48.38))
        self.assertEqual(len(move.invoice_line_ids), 1)
        self.assertLedger(
            contract,
            [
                ("2026-01-01", "2026-01-16", 51.61, "billed"),
                ("2026-01-17", "2026-01-31", 48.39, "credited"),
                ("2026-01-17", "2026-01-31", 96.77, "billed"),
            ],
        )

    def test_downgrade_gives_a_credit_note_that_pays_its_invoice(self):
        contract = self._contract({"product_id": self.hosting.id, "quantity": 2.0})
        invoice = self._bill(contract, "2026-01-01")
        contract._amend(self._day("2026-01-17"), [(contract.line_ids, {"quantity": 1.0})])
        note = self._bill(contract, "2026-01-17")
        self.assertEqual((note.move_type, note.reversed_entry_id), ("out_refund", invoice))
        self.assertEqual(note.invoice_line_ids.tax_ids, invoice.invoice_line_ids.tax_ids)
        self.assertEqual(invoice.amount_residual, invoice.amount_total - note.amount_total)

    def test_a_change_during_a_promotion_keeps_the_promotion(self):
        contract = self._contract({"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 3})
        contract._amend(self._day("2026-02-01"), [(contract.line_ids[0], {"quantity": 2.0})])
        self.assertEqual(
            self.rows(contract),
            [
                ("2026-01-01", "2026-01-31", 1.0, 100.0, 50.0),
                ("2026-02-01", "2026-03-31", 2.0, 100.0, 50.0),
                ("2026-04-01", "", 2.0, 100.0, 0.0),
            ],
        )

    def test_backdated_before_a_later_change(self):
        contract = self._contract()
        line = contract.line_ids
        contract._amend(self._day("2026-04-01"), [(line, {"price_unit": 110.0})])
        contract._amend(self._day("2026-02-01"), [(line, {"quantity": 3.0})])
        self.assertEqual([row[2:4] for row in self.rows(contract)], [(1.0, 100.0), (3.0, 100.0), (3.0, 110.0)])

    def test_equal_values_write_nothing(self):
        contract = self._contract()
        before = contract.amendment_ids
        amendment = contract._amend(self._day("2026-02-01"), [(contract.line_ids, {"quantity": 1.0})])
        self.assertFalse(amendment)
        self.assertEqual(contract.amendment_ids, before)

    def test_new_text_gives_nothing_back(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        contract._amend(self._day("2026-01-10"), [(contract.line_ids, {"name": "Hosting, second server room"})])
        self.assertEqual(contract.period_ids.mapped("state"), ["billed"])

    def test_open_and_stop_a_line(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        contract._amend(self._day("2026-01-17"), [(None, {"product_id": self.support.id, "price_unit": 31.0})])
        self.assertEqual(self._bill(contract, "2026-02-01").mapped("amount_untaxed"), [15.0, 131.0])
        support = contract.current_line_ids.filtered(lambda line: line.product_id == self.support)
        contract._amend(self._day("2026-03-01"), [(support.chain_id, None)])
        self.assertEqual(self._bill(contract, "2026-03-01").amount_untaxed, 100.0)

    def test_closing_keeps_gives_back_or_refunds_the_period(self):
        for credit, expected in (("none", None), ("prorata", 48.39), ("full", 100.0)):
            with self.subTest(credit=credit):
                contract = self._contract()
                self._bill(contract, "2026-01-01")
                note = contract._close(self._day("2026-01-17"), self.reason, credit=credit)
                self.assertEqual(note.amount_untaxed if note else None, expected)
                self.assertEqual(contract.state, "closed")
                self.assertFalse(self._bill(contract, "2026-12-31"), "nothing more is billed")

    def test_closing_in_arrears_bills_what_was_served(self):
        contract = self._contract(billing_timing="arrears")
        contract._close(self._day("2026-01-17"), self.reason, credit="prorata")
        self.assertEqual(self._bill(contract, "2026-01-17").amount_untaxed, 51.61)

    def test_a_started_period_is_due_whole(self):
        contract = self._contract(proration_policy="full_period")
        self._bill(contract, "2026-01-01")
        self.assertFalse(contract._close(self._day("2026-01-17"), self.reason, credit="prorata"))

    def test_a_part_of_a_period_is_free(self):
        contract = self._contract(proration_policy="free")
        self._bill(contract, "2026-01-01")
        note = contract._close(self._day("2026-01-17"), self.reason, credit="prorata")
        self.assertEqual(note.amount_untaxed, 100.0)
        self.assertFalse(self._bill(contract, "2026-12-31"))

    def test_a_change_that_is_taken_back_leaves_what_was_billed_to_be_credited(self):
        contract = self._contract()
        invoice = self._bill(contract, "2026-01-01")
        for quantity in (2.0, 1.0):
            contract._amend(self._day("2026-01-17"), [(contract.line_ids.chain_id, {"quantity": quantity})])
        self.assertFalse(self._bill(contract, "2026-01-17"), "nothing changed in the end")
        note = contract._close(self._day("2026-01-20"), self.reason, credit="prorata")
        self.assertEqual((note.amount_untaxed, note.reversed_entry_id), (38.71, invoice))

    def test_a_draft_invoice_must_be_settled_first(self):
        contract = self._contract(invoicing_mode="draft")
        self._bill(contract, "2026-01-01")
        with self.assertRaisesRegex(UserError, "draft invoice"):
            contract._amend(self._day("2026-01-10"), [(contract.line_ids, {"quantity": 2.0})])

    def test_billed_rows_are_never_edited(self):
        contract = self._contract()
        with self.assertRaisesRegex(UserError, "Change button"):
            contract.line_ids.quantity = 2.0
        with self.assertRaisesRegex(UserError, "Change button"):
            contract.line_ids.with_context(subscription_verb=True).quantity = 2.0

    def net_billed(self, contract):
        """What each day of service was billed in the end: live rows less nothing, by stretch."""
        periods = contract.period_ids.filtered(lambda period: period.state in ("billed", "kept", "waived"))
        return sum((Decimal(str(period.amount_invoiced)) for period in periods), Decimal(0))

    def fresh(self, contract, until):
        """What the rows as they are now would bill from scratch."""
        total = Decimal(0)
        for rows in contract.line_ids.filtered(lambda line: line._period()).grouped("chain_id").values():
            values = [replace(row._row(), covered_until=row.date_start) for row in rows]
            total += sum(charge.amount for charge in charges.propose(values, [], contract._billing_terms(), until))
        return total

    @orm_examples
    @given(LIVES, st.sampled_from(["exact_days", "months_then_days", "thirty_360", "full_period"]), st.booleans())
    def test_any_life_bills_what_its_lines_say(self, life, policy, in_arrears):
        """No overlap (the database says so), a second run writes nothing, net billed = the final lines."""
        until = date(2026, 9, 1)
        with self.env.cr.savepoint() as savepoint:
            contract = self._contract(
                {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 2},
                proration_policy=policy,
                billing_timing="arrears" if in_arrears else "advance",
                invoicing_mode="post",
            )
            for verb, day, value in life:
                if verb == "run":
                    self.engine._bill(contract, day)
                else:
                    contract._amend(day, [(contract.line_ids.chain_id, {verb: value})])
            self.engine._bill(contract, until)
            self.assertFalse(self.engine._bill(contract, until), "a second run writes nothing")
            self.assertFalse(contract.period_ids.filtered(lambda period: period.state == "released"))
            self.assertEqual(self.net_billed(contract), self.fresh(contract, until))
            documents = sum(
                (
                    Decimal(str(move.amount_untaxed)) * (-1 if move.move_type == "out_refund" else 1)
                    for move in contract.invoice_ids
                ),
                Decimal(0),
            )
            self.assertEqual(documents, self.net_billed(contract), "the documents sum to the ledger")
            savepoint.rollback()
        self.env.invalidate_all()

    @orm_examples
    @given(DAYS, DAYS, st.integers(0, 7), st.integers(1, 40000))
    def test_quantity_then_price_is_price_then_quantity(self, one, other, quantity, cents):
        changes = [(one, {"quantity": quantity}), (other, {"price_unit": cents / 100})]
        with self.env.cr.savepoint() as savepoint:
            contracts = self._contract() | self._contract()
            for contract, order in zip(contracts, (changes, changes[::-1]), strict=True):
                for day, values in order:
                    contract._amend(day, [(contract.line_ids.chain_id, values)])
            self.assertEqual(self.rows(contracts[0]), self.rows(contracts[1]))
            savepoint.rollback()
        self.env.invalidate_all()
