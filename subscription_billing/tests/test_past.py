from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from .common import orm_examples
from .test_life import LifeCommon

LINE = dict.fromkeys(("product_id", "quantity", "price_unit", "discount", "price_subtotal", "mrr", "date_start"), {})
FORM = {
    **dict.fromkeys(
        ("state", "mrr", "recurring_summary", "notice", "term_start", "term_end", "notice_deadline", "date_end"), {}
    ),
    **dict.fromkeys(("paused_from", "resumes_on", "as_of"), {}),
    **{name: {"fields": {"display_name": {}}} for name in ("plan_id", "partner_id", "user_id", "close_reason_id")},
    "current_line_ids": {"fields": LINE},
}

# how many days pass, what happens then, how long after, and two choices
LIVES = st.lists(
    st.tuples(
        st.integers(0, 45),
        st.sampled_from(
            ["look", "change", "stop", "plan", "pause", "resume", "close", "reopen", "renew", "party", "terms", "undo"]
        ),
        st.integers(0, 40),
        st.integers(1, 40),
        st.booleans(),
    ),
    min_size=3,
    max_size=12,
)


class PastCommon(LifeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.silver = cls.env["subscription.plan"].create(
            {
                "name": "Silver",
                "recurrence_id": cls.monthly.id,
                "notice": 2,
                "line_ids": [Command.create({"product_id": cls._product("Silver hosting", 62.0).id})],
            }
        )
        cls.plan.line_ids = [Command.create({"product_id": cls.hosting.id})]
        cls.other = cls.env["res.partner"].create({"name": "Another customer"})

    def read(self, contract, day=None):
        """What the form shows, today or as of ``day``; the day itself left out."""
        self.env.invalidate_all()
        values = contract.with_context(subscription_as_of=day and str(day)).web_read(FORM)[0]
        self.assertEqual(values.pop("as_of"), day or False)
        if values["state"] == "closed":
            del values["paused_from"], values["resumes_on"]  # whether a pause outlives the end says nothing
        return values


@tagged("post_install", "-at_install")
@freeze_time("2026-01-01")
class TestPast(PastCommon):
    """The contract as of a past day."""

    def live(self, contract, today, verb, ahead, length, flag):
        """One thing that a person does today, and that takes effect today or later."""
        day = today + timedelta(days=ahead)
        chain = contract.line_ids.chain_id[0]
        if verb == "change":
            opened = [(None, {"product_id": self.support.id})] if flag else []
            contract._amend(day, [(chain, {"quantity": float(length), "discount": float(ahead)}), *opened])
        elif verb == "stop":
            contract._amend(day, [(chain, None)])
        elif verb == "plan":
            contract._change_plan(self.silver if contract.plan_id == self.plan else self.plan, day)
        elif verb == "pause":
            contract._pause(day, day + timedelta(days=length) if flag else None, "extend" if flag else "prorata")
        elif verb == "resume":
            contract._resume(max(day, contract.paused_from or day))
        elif verb == "close":
            contract._close(day, self.reason, credit="prorata" if flag else "none")
        elif verb == "reopen":
            contract._reopen_from(max(day, contract.date_stop or day))
        elif verb == "renew":
            if contract._term_stop() >= today:
                contract._renew()
        elif verb == "party":
            contract.partner_id = self.other if flag else self.customer
        elif verb == "terms":
            self.plan.notice = length
            contract._take_terms(contract.plan_id)
        elif verb == "undo":
            planned = contract.amendment_ids.filtered(lambda row: row.is_undoable and row.date_effective >= today)
            planned.sorted("number")[-1:].action_undo()

    def is_renewed_late(self, contract, day):
        """Whether a renewal made after ``day`` counts from before it, as a contract reopened after its term has it."""
        return any(
            amendment.kind == "renew" and amendment.date_effective <= day < amendment.create_date.date()
            for amendment in contract.amendment_ids
        )

    @orm_examples
    @given(LIVES, st.sampled_from(["tacit", "accept", "none"]))
    def test_each_day_reads_as_it_was_read(self, lives, renewal):
        with self.env.cr.savepoint() as savepoint:
            contract = self._contract(
                {"product_id": self.hosting.id, "discount": 50.0, "discount_occurrences": 2},
                commitment=3,
                notice=1,
                renewal=renewal,
            )
            today, was = date(2026, 1, 1), {}
            for days, verb, ahead, length, flag in lives:
                today += timedelta(days=days)
                with self.on(today):
                    try:
                        with self.env.cr.savepoint():
                            self.live(contract, today, verb, ahead, length, flag)
                    except UserError:
                        self.env.invalidate_all()
                with self.on(today):
                    was[today] = self.read(contract)
            for late in (0, 100):
                with self.on(today + timedelta(days=late)):
                    for day, values in was.items():
                        if not self.is_renewed_late(contract, day):
                            self.assertEqual(self.read(contract, day), values, f"{day} read on {today} + {late} days")
            savepoint.rollback()
        self.env.invalidate_all()

    def test_what_is_backdated_counts_from_its_day(self):
        contract = self._contract()
        with self.on("2026-06-10"):
            contract._amend(self._day("2026-03-01"), [(contract.line_ids, {"quantity": 2.0})])
            mrr = [self.read(contract, self._day(day))["mrr"] for day in ("2026-02-28", "2026-03-01", "2026-06-09")]
        self.assertEqual(mrr, [100.0, 200.0, 200.0])

    def test_changes_in_another_order_than_they_were_made(self):
        contract = self._contract(plan_id=self.plan.id)
        contract._change_plan(self.silver, self._day("2026-05-01"))
        with self.on("2026-02-01"):
            self.plan.notice = 3
            contract._take_terms(self.plan)
        with self.on("2026-06-01"):
            days = ("2026-01-31", "2026-02-01", "2026-04-30", "2026-05-01")
            self.assertEqual([self.read(contract, self._day(day))["notice"] for day in days], [0, 3, 3, 2])

    def test_nothing_is_written_from_the_past(self):
        contract = self._contract()
        past = contract.with_context(subscription_as_of="2026-01-01")
        with self.assertRaisesRegex(UserError, "go back to today"):
            past.client_order_ref = "PO 1"
        with self.assertRaisesRegex(UserError, "go back to today"):
            past._amend(self._day("2026-02-01"), [(contract.line_ids, {"quantity": 2.0})])

    def test_reading_the_past_changes_nothing_of_today(self):
        contract = self._contract()
        with self.on("2026-03-10"):
            contract._amend(self._day("2026-03-01"), [(contract.line_ids, {"quantity": 2.0})])
            self.read(contract, self._day("2026-02-01"))
            contract.with_context(subscription_as_of="2026-02-01").modified(["state"])
            self.env.flush_all()
            self.assertEqual(self.read(contract)["mrr"], 200.0)

    def test_rights(self):
        contract = self._contract(user_id=self.env.user.id)
        seller = new_test_user(self.env, "past_seller", groups="subscription_billing.group_subscription_user")
        with self.assertRaises(AccessError):
            contract.with_user(seller).with_context(subscription_as_of="2026-01-01").web_read(FORM)

    def test_the_same_form_to_read_only(self):
        contract = self._contract()
        with self.on("2026-03-10"):
            wizard = Form(self.env["subscription.past"].with_context(active_id=contract.id))
            wizard.date = "2026-02-01"
            action = wizard.save().action_open()
            self.assertEqual((action["res_id"], action["context"]), (contract.id, {"subscription_as_of": "2026-02-01"}))
            for day in ("2025-12-31", "2026-03-11"):
                with self.assertRaisesRegex(ValidationError, "any day from"):
                    self.env["subscription.past"].create({"contract_id": contract.id, "date": day})
        views = self.env["subscription.contract"].get_views(action["views"])["views"]
        form = etree.fromstring(views["form"]["arch"])
        self.assertEqual((form.get("edit"), form.get("create"), form.get("delete")), ("0", "0", "0"))
        self.assertEqual(form.xpath("//button/@name"), ["action_open_today"])
        self.assertFalse(form.xpath("//field[starts-with(@name, 'health')]"), "it is judged today")
        alerts = {name for alert in form.xpath("/form/div[@role='alert']") for name in alert.xpath(".//field/@name")}
        self.assertEqual(
            alerts & {"as_of", "paused_from", "date_end", "held_count", "billing_error"},
            {"as_of", "paused_from", "date_end"},
        )
        today = contract.with_context(subscription_as_of="2026-01-01").action_open_today()
        self.assertEqual((today["res_id"], today.get("context")), (contract.id, None))
