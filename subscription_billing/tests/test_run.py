import base64
from io import BytesIO
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from .common import SubscriptionCommon

TODAY = "2026-06-15"


class RunCommon(SubscriptionCommon):
    """Contracts due in June, and a run that looks at them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.plan.invoicing_mode = "draft"
        cls.other_customer = cls.env["res.partner"].create({"name": "Another customer"})

    def _run(self, simulate=True, **values):
        run = self.env["subscription.run"].create({"until_date": TODAY, "mode": "post", **values})
        if simulate:
            run.action_simulate()
        return run

    def _work(self, run=None):
        """The scheduled action does what the buttons asked for."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("subscription_billing.ir_cron_run").sudo().method_direct_trigger()
        self.env.invalidate_all()
        if run:
            self.assertFalse(run.work)

    def _june(self, *lines, **values):
        """A contract whose first and only due period starts in June."""
        return self._contract(*lines, date_start="2026-06-01", **values)


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestRun(RunCommon):
    # simulate

    def test_simulate_writes_nothing_but_rows(self):
        contract = self._june(self.hosting, self.support)
        run = self._run(mode="simulation")
        self.assertRecordValues(
            run.proposal_ids,
            [
                {
                    "partner_id": self.customer.id,
                    "due_date": self._day("2026-06-01"),
                    "move_type": "out_invoice",
                    "amount_untaxed": 130.0,
                    "amount_tax": 19.5,
                    "amount_total": 149.5,
                    "content": "Hosting, Support",
                    "state": "proposed",
                    "is_compared": False,
                }
            ],
        )
        self.assertEqual(run.proposal_ids.contract_ids, contract)
        self.assertEqual(run.proposal_ids.line_ids.mapped("comparison"), ["first", "first"])
        self.assertEqual((run.state, run.amount_company), ("review", 130.0))
        self.assertFalse(contract.period_ids)
        self.assertFalse(contract.invoice_ids)
        with self.assertRaisesRegex(UserError, "is a simulation"):
            run.action_draft()

    def test_simulate_again_replaces_the_rows(self):
        contract = self._june()
        run = self._run()
        contract._amend(self._day("2026-06-01"), [(contract.line_ids, {"quantity": 2})])
        run.action_simulate()
        self.assertEqual(run.proposal_ids.mapped("amount_untaxed"), [200.0])

    def test_nothing_is_due(self):
        self._contract(date_start="2026-07-01")
        run = self._run()
        self.assertFalse(run.proposal_ids)
        self.assertEqual(run.state, "done")
        with self.assertRaisesRegex(UserError, "nothing to approve"):
            run.action_approve()

    def test_filters(self):
        other_plan = self.plan.copy({"name": "Other"})
        team = self.env["crm.team"].sudo().create({"name": "A team"})
        mine = self._june()
        theirs = self._june(partner_id=self.other_customer.id, plan_id=other_plan.id, team_id=team.id, user_id=False)
        for filters, expected in [
            ({"plan_ids": other_plan.ids}, theirs),
            ({"partner_ids": self.customer.ids}, mine),
            ({"salesperson_ids": self.env.user.ids}, mine),
            ({"team_ids": team.ids}, theirs),
            ({"domain": f"[('id', '=', {mine.id})]"}, mine),
            ({}, mine | theirs),
        ]:
            with self.subTest(filters):
                commands = {name: [Command.set(ids)] if name != "domain" else ids for name, ids in filters.items()}
                self.assertEqual(self._run(**commands).proposal_ids.contract_ids, expected)

    def test_conditions_must_make_sense(self):
        for domain in ("[('no_such_field', '=', 1)]", "not a domain"):
            with self.subTest(domain), self.assertRaises(ValidationError):
                self._run(simulate=False, domain=domain)

    def test_contracts_set_aside_stay_out_unless_asked_for(self):
        contract = self._june()
        contract._park("The customer is on strike", fields.Datetime.to_datetime("2026-06-20"))
        self.assertFalse(self._run().proposal_ids)
        self.assertEqual(self._run(include_set_aside=True).proposal_ids.contract_ids, contract)

    def test_a_contract_that_breaks_hides_no_other(self):
        good, bad = self._june(), self._june(partner_id=self.other_customer.id)
        engine = type(self.engine)
        original = engine._charge

        def _charge(self, contract, *arguments, **options):
            if contract == bad:
                raise ValueError("broken")
            return original(self, contract, *arguments, **options)

        with patch.object(engine, "_charge", _charge):
            run = self._run()
        self.assertRecordValues(
            run.proposal_ids.sorted(lambda row: row.contract_ids.id),
            [
                {"contract_ids": good.ids, "state": "proposed", "reason": False},
                {"contract_ids": bad.ids, "state": "failed", "reason": "broken"},
            ],
        )
        self.assertEqual(run.failed_count, 1)

    def test_simulation_in_batches(self):
        contracts = self.env["subscription.contract"].union(
            *(self._june(partner_id=self.env["res.partner"].create({"name": str(index)}).id) for index in range(5))
        )
        path = "odoo.addons.subscription_billing.models.subscription_run_work"
        with patch(f"{path}.BATCH", 2), patch(f"{path}.AT_ONCE", {}):
            run = self._run()
            self.assertEqual((run.state, run.work, run.progress_total), ("running", "simulate", 5))
            with self.assertRaisesRegex(UserError, "is at work"):
                run.action_simulate()
            self._work(run)
        self.assertEqual(run.proposal_ids.contract_ids, contracts)
        self.assertEqual((run.state, run.progress), ("review", 100))

    def test_a_customer_is_never_cut_between_batches(self):
        self.plan.invoice_grouping = "customer"
        self._june(), self._june(self.support)
        with patch("odoo.addons.subscription_billing.models.subscription_run_work.BATCH", 1):
            run = self._run()
        self.assertEqual(run.proposal_ids.mapped("amount_untaxed"), [130.0])

    # variance and warnings

    def _second_month(self, *lines, **values):
        contract = self._contract(*lines, date_start="2026-05-01", **values)
        self._bill(contract, "2026-05-01")
        contract.invoice_ids.action_post()
        return contract

    def test_variance_with_the_whole_period_before(self):
        contract = self._second_month(self.hosting, self.support)
        draft = self._bill(contract, "2026-06-01")
        draft.invoice_line_ids.filtered(lambda line: line.product_id == self.hosting).price_unit = 50.0
        draft.action_post()
        run = self._run(until_date="2026-07-01")
        [row] = run.proposal_ids
        self.assertTrue(row.is_compared)
        self.assertEqual((row.previous_amount, row.variance), (80.0, 50.0))
        self.assertAlmostEqual(row.variance_rate, 50 / 80)
        self.assertIn("+62 %", row.warning)
        self.assertTrue(row.has_warning)
        quiet = self._run(until_date="2026-07-01", variance_threshold=70)
        self.assertNotIn("+62 %", quiet.proposal_ids.warning or "")

    def test_what_is_never_compared(self):
        line = {"product_id": self.hosting.id}
        amended = self._second_month(line)
        amended._amend(self._day("2026-06-01"), [(amended.line_ids, {"quantity": 3})])
        last = self._second_month({**line, "occurrences": 2})
        stub = self._second_month(line)
        stub._close(self._day("2026-06-11"))
        first = self._june(line, self.setup_fee)
        run = self._run()
        comparisons = {row.contract_ids: row.line_ids.mapped("comparison") for row in run.proposal_ids}
        self.assertEqual(
            comparisons, {amended: ["amended"], last: ["last"], stub: ["stub"], first: ["first", "one_off"]}
        )
        self.assertFalse(any(run.proposal_ids.mapped("is_compared")))

    def test_warnings(self):
        catch_up = self._contract(date_start="2025-01-01", catch_up="summary")
        free = self._june({"product_id": self.hosting.id, "price_unit": 0.0})
        partly = self._june(self.hosting, {"product_id": self.support.id, "price_unit": 0.0})
        ahead = self._contract(date_start="2026-06-20")
        ended = self._contract(date_start="2026-05-01", billing_timing="arrears")
        ended._close(self._day("2026-06-10"))
        run = self._run(until_date="2026-06-30")
        texts = {row.contract_ids: row.warning for row in run.proposal_ids.sorted("due_date")}
        self.assertIn("18 periods of one line at once", texts[catch_up])
        self.assertIn("Nothing to pay", texts[free])
        self.assertIn("Costs nothing: Support", texts[partly])
        self.assertFalse(texts[ahead])
        self.assertTrue(run.is_ahead)
        self.assertIn("ended on 06/09/2026", texts[ended])
        self.assertEqual(run.warning_count, len(run.proposal_ids.filtered("warning")))

    def test_a_sibling_left_out_is_pointed_out(self):
        self.plan.invoice_grouping = "customer"
        contract, sibling = self._june(), self._june()
        run = self._run(domain=f"[('id', '=', {contract.id})]")
        self.assertIn(f"Left out of this run: {sibling.name}", run.proposal_ids.warning)

    def test_warnings_of_the_hook_are_shown(self):
        contract = self._june()
        with patch.object(type(self.engine), "_proposal_warnings", lambda engine, charges: {contract: ["Call them"]}):
            run = self._run()
        self.assertEqual(run.proposal_ids.warning, "Call them")

    def test_what_the_preflight_refuses_is_shown_before_anybody_approves(self):
        contract = self._june()
        self.hosting.active = False
        run = self._run()
        self.assertRecordValues(run.proposal_ids, [{"state": "failed", "is_approved": False}])
        self.assertIn(contract.name, run.proposal_ids.reason)
        self.assertIn("archived", run.proposal_ids.reason)
        with self.assertRaises(UserError):
            run.action_approve()

    # exclude

    def test_exclude(self):
        contract, other = self._june(), self._june(partner_id=self.other_customer.id)
        run = self._run()
        row = run.proposal_ids.filtered(lambda row: row.contract_ids == contract)
        row._exclude(self._day("2026-07-01"), "Waits for a purchase order")
        self.assertRecordValues(row, [{"state": "excluded", "reason": "Waits for a purchase order"}])
        self.assertEqual(str(contract.next_attempt), "2026-06-30 22:00:00", "midnight of the first of July in Paris")
        self.assertIn("Waits for a purchase order", contract.message_ids[0].body)
        self.assertIn(run.name, contract.message_ids[0].body)
        self.assertNotIn(contract, self.env["subscription.contract"].search(self.engine._due_domain()))
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertFalse(contract.invoice_ids)
        self.assertEqual(other.invoice_ids.state, "posted")
        self.assertEqual(run.state, "done")
        with self.assertRaisesRegex(UserError, "not billed yet"):
            run.proposal_ids._exclude(self._day("2026-07-01"), "Too late")

    def test_include_again(self):
        contract = self._june()
        run = self._run()
        run.proposal_ids._exclude(self._day("2026-07-01"), "A mistake")
        run.proposal_ids.action_include()
        self.assertRecordValues(run.proposal_ids, [{"state": "proposed", "reason": False}])
        self.assertFalse(contract.next_attempt)

    def test_the_dialog_excludes(self):
        self._june()
        run = self._run()
        action = run.proposal_ids.action_exclude()
        dialog = self.env[action["res_model"]].with_context(action["context"]).create({"reason": "Later"})
        self.assertEqual(str(dialog.until_date), "2026-07-15")
        dialog.action_exclude()
        self.assertEqual(run.excluded_count, 1)

    # approve and bill

    def test_nothing_is_posted_before_it_is_approved(self):
        contract = self._june()
        run = self._run()
        with self.assertRaisesRegex(UserError, "approve it first"):
            run.action_post()
        run.action_approve()
        self.assertEqual((run.state, run.approved_by_id), ("approved", self.env.user))
        run.action_post()
        self.assertEqual(run.state, "running")
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "posted")
        self.assertRecordValues(run.proposal_ids, [{"state": "posted", "move_id": contract.invoice_ids.id}])
        self.assertEqual((run.state, run.move_count, run.posted_count), ("done", 1, 1))

    def test_a_plan_that_posts_by_itself_waits_for_approval_too(self):
        contract = self._june(invoicing_mode="post")
        run = self._run(mode="draft")
        run.action_draft()
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "draft")

    def test_draft_then_approve_then_post(self):
        contract = self._june()
        run = self._run(mode="draft")
        run.action_draft()
        self._work(run)
        self.assertRecordValues(run.proposal_ids, [{"state": "drafted", "is_approved": False}])
        self.assertEqual(contract.invoice_ids.state, "draft")
        self.assertEqual(run.state, "review")
        with self.assertRaisesRegex(UserError, "approve it first"):
            run.action_post()
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "posted")
        self.assertEqual(run.proposal_ids.state, "posted")

    def test_a_draft_edited_after_the_approval_comes_back(self):
        contract = self._june()
        run = self._run(mode="draft")
        run.action_draft()
        self._work(run)
        run.action_approve()
        contract.invoice_ids.invoice_line_ids.price_unit = 90.0
        run.action_post()
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "draft")
        self.assertRecordValues(
            run.proposal_ids,
            [
                {
                    "state": "drafted",
                    "is_approved": False,
                    "is_changed": True,
                    "simulated_total": 115.0,
                    "amount_total": 103.5,
                }
            ],
        )
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "posted")

    def test_a_draft_posted_by_hand_is_posted_in_the_run(self):
        contract = self._june()
        run = self._run(mode="draft")
        run.action_draft()
        self._work(run)
        contract.invoice_ids.action_post()
        self.assertEqual((run.proposal_ids.state, run.state), ("posted", "done"))

    def test_a_draft_deleted_by_hand_is_no_longer_there(self):
        contract = self._june()
        run = self._run(mode="draft")
        run.action_draft()
        self._work(run)
        run.action_approve()
        contract.invoice_ids.unlink()
        run.action_post()
        self._work(run)
        self.assertEqual(run.proposal_ids.state, "gone")
        self.assertFalse(contract.invoice_ids)

    def test_a_draft_of_closed_books_is_not_moved_to_another_day(self):
        contract = self._june()
        run = self._run(mode="draft")
        run.action_draft()
        self._work(run)
        run.action_approve()
        self.env.company.sale_lock_date = "2026-06-30"
        run.action_post()
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "draft")
        self.assertIn("books are closed", run.proposal_ids.reason)

    def test_nothing_to_pay_is_settled(self):
        contract = self._june({"product_id": self.hosting.id, "price_unit": 0.0})
        run = self._run()
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertEqual(run.proposal_ids.state, "settled")
        self.assertFalse(contract.invoice_ids)
        self.assertEqual(contract.period_ids.state, "waived")

    # what changed meanwhile

    def test_what_changed_since_is_not_billed(self):
        changed, same = self._june(), self._june(partner_id=self.other_customer.id)
        run = self._run()
        run.action_approve()
        changed._amend(self._day("2026-06-01"), [(changed.line_ids, {"quantity": 2})])
        run.action_post()
        self._work(run)
        self.assertFalse(changed.invoice_ids)
        self.assertEqual(same.invoice_ids.state, "posted")
        row = run.proposal_ids.filtered(lambda row: row.contract_ids == changed)
        self.assertRecordValues(
            row,
            [
                {
                    "state": "proposed",
                    "is_changed": True,
                    "is_approved": False,
                    "simulated_total": 115.0,
                    "amount_total": 230.0,
                }
            ],
        )
        self.assertEqual((run.state, run.changed_count), ("review", 1))
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertEqual(changed.invoice_ids.amount_total, 230.0)
        self.assertEqual(run.state, "done")

    def test_R42_a_tax_that_changed_since_is_not_billed_unseen(self):
        contract = self._june()
        run = self._run()
        run.action_approve()
        contract.line_ids.product_id.taxes_id.amount = 20.0
        run.action_post()
        self._work(run)
        self.assertFalse(contract.invoice_ids)
        self.assertEqual((run.state, run.changed_count), ("review", 1))
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertEqual(contract.invoice_ids.amount_total, 120.0)

    def test_what_was_billed_meanwhile_is_gone(self):
        contract = self._june()
        run = self._run()
        run.action_approve()
        self._bill(contract, TODAY)
        run.action_post()
        self._work(run)
        self.assertEqual(run.proposal_ids.state, "gone")
        self.assertEqual(len(contract.invoice_ids), 1)
        self.assertEqual(run.state, "done")

    def test_only_the_documents_that_changed_come_back(self):
        contract = self._contract(date_start="2026-05-01")
        run = self._run()
        run.action_approve()
        self.assertEqual(len(run.proposal_ids), 2)
        contract._amend(self._day("2026-06-01"), [(contract.line_ids, {"quantity": 2})])
        run.action_post()
        self._work(run)
        self.assertEqual(contract.invoice_ids.mapped("amount_untaxed"), [100.0])
        self.assertEqual(run.proposal_ids.filtered("is_changed").amount_untaxed, 200.0)

    def test_what_became_due_since_is_nobodys_approval(self):
        contract = self._june()
        run = self._run()
        run.action_approve()
        self._june(partner_id=self.other_customer.id)
        run.action_post()
        self._work(run)
        self.assertEqual(run.proposal_ids.contract_ids, contract)

    # failures and progress

    def test_one_failure_stops_no_other(self):
        contracts = [
            self._june(partner_id=self.env["res.partner"].create({"name": str(index)}).id) for index in range(4)
        ]
        run = self._run()
        run.action_approve()
        contracts[2].partner_id.active = False
        run.action_post()
        self._work(run)
        states = {row.contract_ids: row.state for row in run.proposal_ids}
        self.assertEqual([states[contract] for contract in contracts], ["posted", "posted", "failed", "posted"])
        failed = run.proposal_ids.filtered(lambda row: row.state == "failed")
        self.assertIn("archived", failed.reason)
        self.assertFalse(failed.is_approved)
        self.assertEqual(run.state, "review")
        self.assertFalse(contracts[2].billing_error, "the run shows it: the unattended billing parks by itself")

    def test_an_interrupted_run_goes_on_where_it_stopped(self):
        contracts = [
            self._june(partner_id=self.env["res.partner"].create({"name": str(index)}).id) for index in range(5)
        ]
        run = self._run()
        run.action_approve()
        run.action_post()
        module = "odoo.addons.subscription_billing.models.subscription_run_work"
        advance = type(run)._advance
        calls = []

        def _advance(self):
            calls.append(self)
            if len(calls) == 2:
                raise RuntimeError("The disk is full")
            return advance(self)

        with patch(f"{module}.BATCH", 2):
            with patch.object(type(run), "_advance", _advance), mute_logger(module):
                self._work(run)
            self.assertEqual((run.progress_done, run.posted_count, run.state), (2, 2, "approved"))
            self.assertIn("The disk is full", " ".join(run.message_ids.mapped("body")))
            run.action_post()
            self.assertEqual(run.progress_total, 3)
            self._work(run)
        self.assertEqual(run.posted_count, 5)
        self.assertEqual(len({contract.invoice_ids.id for contract in contracts}), 5)

    def test_stop(self):
        contract = self._june()
        run = self._run()
        run.action_approve()
        run.action_post()
        run.action_stop()
        self.assertEqual(run.state, "approved")
        self._work()
        self.assertFalse(contract.invoice_ids)

    def test_a_batch_that_begins_after_the_stop_bills_nothing(self):
        contract = self._june()
        run = self._run()
        run.action_approve()
        run.action_post()
        run.action_stop()
        run.sudo()._bill_part(run._engine(), contract.sudo())
        self.assertFalse(contract.invoice_ids)

    def test_a_simulation_is_never_billed_behind_its_back(self):
        self._june()
        run = self._run()
        run.action_approve()
        run.mode = "simulation"
        for verb in ("action_draft", "action_post"):
            with self.subTest(verb), self.assertRaisesRegex(UserError, "is a simulation"):
                getattr(run, verb)()

    def test_the_threshold_is_a_percentage(self):
        with self.assertRaises(ValidationError):
            self._run(simulate=False, variance_threshold=-1)

    def test_a_disarmed_database_bills_nothing(self):
        self._june()
        run = self._run()
        run.action_approve()
        self.env["ir.config_parameter"].set_param("subscription_billing.armed", "elsewhere")
        with self.assertRaisesRegex(UserError, "nothing is billed here"):
            run.action_post()

    def test_a_contract_that_somebody_holds_is_not_billed(self):
        contract = self._june()
        run = self._run()
        run.action_approve()
        run.action_post()
        nothing = self.env["subscription.contract"]
        with patch.object(type(contract), "_try_lock", lambda contracts: nothing):
            self._work(run)
        self.assertRecordValues(run.proposal_ids, [{"state": "failed", "move_id": False}])
        self.assertIn("Somebody else", run.proposal_ids.reason)

    # documents

    def _pages(self, run):
        return PdfFileReader(BytesIO(base64.b64decode(run.document_pdf))).getNumPages()

    def _rendering(self):
        """Odoo's invoice report, one blank page per invoice."""

        def render(reports, report, ids, **options):
            self.assertEqual((report, len(ids)), ("account.account_invoices", 1))
            writer = PdfFileWriter()
            writer.addBlankPage(100, 100)
            with BytesIO() as buffer:
                writer.write(buffer)
                return buffer.getvalue(), "pdf"

        return patch.object(type(self.env["ir.actions.report"]), "_render_qweb_pdf", render)

    def test_print_is_one_document_of_all_invoices(self):
        first = self._june()
        self._june(partner_id=self.other_customer.id)
        run = self._run()
        with self.assertRaisesRegex(UserError, "no invoice to print"):
            run.action_print()
        run.action_approve()
        run.action_post()
        self._work(run)
        with self._rendering():
            action = run.action_print()
        url = f"/web/content/subscription.run/{run.id}/document_pdf/{run.name}.pdf?download=true"
        self.assertEqual(action["url"], url)
        self.assertEqual(self._pages(run), 2)
        self.assertEqual(run.state, "done")
        printed = run.document_on
        self.assertEqual(run.action_print()["url"], url, "the file is there already")
        with freeze_time("2026-06-16"), self._rendering():
            first.invoice_ids.sudo().write({"ref": "PO 17"})
            run.action_print()
        self.assertNotEqual(run.document_on, printed, "a changed invoice is printed again")

    def test_print_in_batches(self):
        for index in range(5):
            self._june(partner_id=self.env["res.partner"].create({"name": str(index)}).id)
        run = self._run()
        run.action_approve()
        run.action_post()
        self._work(run)
        path = "odoo.addons.subscription_billing.models.subscription_run_work"
        with self._rendering(), patch(f"{path}.BATCH", 2), patch(f"{path}.AT_ONCE", {}):
            self.assertIs(run.action_print(), True, "the form follows the progress")
            self.assertEqual((run.state, run.work), ("running", "print"))
            self._work(run)
        self.assertEqual(self._pages(run), 5)
        self.assertFalse(run.sudo()._parts())

    def test_what_was_not_sent_leaves_through_the_outbox(self):
        contract = self._june()
        run = self._run()
        with self.assertRaisesRegex(UserError, "are sent"):
            run.action_send()
        run.action_approve()
        run.action_post()
        self._work(run)
        run.action_send()
        effect = contract.invoice_ids.subscription_contract_outbox_ids
        self.assertEqual((effect.kind, effect.state), ("send", "waiting"))
        with self.assertRaisesRegex(UserError, "are sent"):
            run.action_send()
        effect.action_settle()
        contract.invoice_ids.is_move_sent = True
        with self.assertRaisesRegex(UserError, "are sent"):
            run.action_send()

    def test_a_run_that_billed_is_kept(self):
        self._june()
        run = self._run()
        self._run().unlink()
        run.action_approve()
        run.action_post()
        self._work(run)
        with self.assertRaisesRegex(UserError, "is kept"):
            run.unlink()
