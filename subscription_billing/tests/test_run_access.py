from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .test_run import TODAY, RunCommon

SALES = "subscription_billing.group_subscription_user"
SALES_ALL = "subscription_billing.group_subscription_user_all"
MANAGER = "subscription_billing.group_subscription_manager"
ACCOUNTING = "account.group_account_invoice"
AUDITOR = "account.group_account_readonly"


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestRunAccess(RunCommon):
    """Sales people propose, accounting approves and posts, others look."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.setup_other_company()["company"]
        cls.users = {
            name: new_test_user(cls.env, f"desk_{name}", groups=groups)
            for name, groups in {
                "sales": SALES,
                "sales_all": SALES_ALL,
                "manager": MANAGER,
                "accounting": f"base.group_user,{ACCOUNTING}",
                "auditor": f"base.group_user,{AUDITOR}",
                "employee": "base.group_user",
            }.items()
        }
        for user in cls.users.values():
            user.write({"company_ids": [Command.set(cls.env.company.ids)], "company_id": cls.env.company.id})

    def _as(self, name):
        return self.env["subscription.run"].with_user(self.users[name]).with_company(self.env.company)

    def _run_of(self, name, **values):
        run = self._as(name).create({"until_date": TODAY, "mode": "draft", **values})
        run.action_simulate()
        return run

    def test_every_model_for_every_role(self):
        expected = {
            # model: roles that read, roles that create and write
            "subscription.run": (
                {"sales", "sales_all", "manager", "accounting", "auditor"},
                {"sales", "sales_all", "manager", "accounting"},
            ),
            "subscription.run.proposal": ({"sales", "sales_all", "manager", "accounting", "auditor"}, set()),
            "subscription.run.line": ({"sales", "sales_all", "manager", "accounting", "auditor"}, set()),
            "subscription.run.exclude": (
                {"sales", "sales_all", "manager", "accounting"},
                {"sales", "sales_all", "manager", "accounting"},
            ),
            "subscription.forecast.line": ({"sales", "sales_all", "manager", "accounting", "auditor"}, set()),
        }
        for model, (readers, writers) in expected.items():
            for name, user in self.users.items():
                with self.subTest(model=model, user=name):
                    records = self.env[model].with_user(user)
                    self.assertEqual(records.has_access("read"), name in readers)
                    for operation in ("create", "write", "unlink"):
                        self.assertEqual(records.has_access(operation), name in writers, operation)

    def test_sales_people_propose_and_never_post(self):
        contract = self._june(user_id=self.users["sales"].id)
        run = self._run_of("sales")
        self.assertEqual(run.proposal_ids.contract_ids, contract)
        for verb in ("action_approve", "action_post", "action_send"):
            with self.subTest(verb), self.assertRaises(AccessError):
                getattr(run, verb)()
        run.action_draft()
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "draft")
        with self.assertRaises(AccessError):
            run.action_post()

    def test_sales_people_cannot_reach_posting_by_writing(self):
        self._june(user_id=self.users["sales"].id)
        run = self._run_of("sales")
        for values in (
            {"mode": "post"},
            {"state": "approved"},
            {"work": "post"},
            {"approved_by_id": self.users["accounting"].id},
            {"todo_contract_ids": [Command.clear()]},
            {"proposal_ids": [Command.update(run.proposal_ids.id, {"is_approved": True})]},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                run.write(values)
        with self.assertRaises(AccessError):
            self._as("sales").create({"until_date": TODAY, "mode": "post"})
        with self.assertRaises(AccessError):
            run.proposal_ids.write({"is_approved": True})

    def test_a_manager_who_may_not_invoice_does_not_post(self):
        self._june()
        run = self._run_of("manager")
        with self.assertRaises(AccessError):
            run.action_approve()

    def test_accounting_reviews_what_sales_proposed(self):
        contract = self._june(user_id=self.users["sales"].id)
        run = self._run_of("sales").with_user(self.users["accounting"])
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertEqual(contract.invoice_ids.state, "posted")
        self.assertEqual(run.approved_by_id, self.users["accounting"])

    def test_accounting_alone_does_all_of_it(self):
        kept, excluded = self._june(), self._june(partner_id=self.other_customer.id)
        run = self._run_of("accounting", mode="post")
        run.proposal_ids.filtered(lambda row: row.contract_ids == excluded)._exclude(self._day("2026-07-01"), "Later")
        run.action_approve()
        run.action_post()
        self._work(run)
        self.assertEqual(kept.invoice_ids.state, "posted")
        self.assertFalse(excluded.invoice_ids)
        self.assertTrue(excluded.next_attempt)
        self.assertTrue(run._moves())

    def test_own_contracts_and_own_runs(self):
        own = self._june(user_id=self.users["sales"].id)
        other = self._june(partner_id=self.other_customer.id)
        self.assertEqual(self._run_of("sales").proposal_ids.contract_ids, own)
        run = self._run_of("sales_all")
        self.assertEqual(run.proposal_ids.contract_ids, own | other)
        with self.assertRaises(AccessError):
            run.with_user(self.users["sales"]).read(["name"])
        self.assertFalse(
            self.env["subscription.run.proposal"].with_user(self.users["sales"]).search([("run_id", "=", run.id)])
        )
        self.assertFalse(
            self.env["subscription.run.line"].with_user(self.users["sales"]).search([("run_id", "=", run.id)])
        )

    def test_a_run_shows_its_owner_no_more_than_he_may_see(self):
        own = self._june(user_id=self.users["sales"].id)
        self._june(partner_id=self.other_customer.id)
        run = self._run_of("sales")
        run.with_user(self.users["accounting"]).action_simulate()
        self.assertEqual(run.proposal_ids.contract_ids, own)
        with self.assertRaisesRegex(UserError, "responsible"):
            run.with_user(self.users["accounting"]).user_id = self.users["accounting"]

    def test_an_auditor_only_looks(self):
        self._june()
        run = self._run_of("accounting").with_user(self.users["auditor"])
        self.assertEqual(run.read(["state"])[0]["state"], "review")
        self.assertTrue(run.proposal_ids.line_ids.mapped("name"))
        for verb in ("action_simulate", "action_approve", "action_draft", "action_post", "action_stop", "action_send"):
            with self.subTest(verb), self.assertRaises(AccessError):
                getattr(run, verb)()
        with self.assertRaises(AccessError):
            run.proposal_ids.action_include()
        with self.assertRaises(AccessError):
            run.proposal_ids._exclude(self._day("2026-07-01"), "No")

    def test_an_exclusion_being_typed_is_private(self):
        self._june()
        run = self._run_of("accounting")
        dialog = self.env["subscription.run.exclude"].with_user(self.users["accounting"])
        dialog = dialog.create({"proposal_ids": [Command.set(run.proposal_ids.ids)], "reason": "Later"})
        with self.assertRaises(AccessError):
            dialog.with_user(self.users["sales_all"]).action_exclude()

    def test_companies(self):
        run = self._run(simulate=False, company_id=self.other_company.id)
        for name in ("sales_all", "manager", "accounting", "auditor"):
            with self.subTest(name):
                self.assertNotIn(run, self.env["subscription.run"].with_user(self.users[name]).search([]))

    def test_a_run_bills_its_own_company_only(self):
        self._june()
        run = self._run(simulate=False, company_id=self.other_company.id)
        run.action_simulate()
        self.assertFalse(run.proposal_ids)
