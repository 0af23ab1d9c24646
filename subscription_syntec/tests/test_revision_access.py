import re

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.subscription_billing.tests.test_access import (
    GROUPS,
    READERS,
    SALES,
    AccessCommon,
    _configuration,
    _edited_by,
    _who,
)

from .common import RevisionCommon

ADDON = "odoo.addons.subscription_syntec"
# every model of the addon, and the roles that each operation is for
MODELS = {
    "subscription.index": _configuration(),
    "subscription.index.value": _configuration(),
    "subscription.index.import": _edited_by("manager"),
    "subscription.index.import.row": _edited_by("manager"),
    "subscription.revision.clause": _configuration(),
    "subscription.revision.term": _configuration(),
    "subscription.revision.exception": _edited_by(*SALES, readers=READERS),
    "subscription.revision": _who(read=READERS, write=SALES),
    "subscription.revision.campaign": _edited_by("manager", readers=READERS),
    "subscription.revision.decision": _edited_by(*SALES),
    "subscription.revision.setup": _edited_by(*SALES),
    "subscription.revision.whatif": _edited_by(*SALES),
    "subscription.revision.whatif.month": _edited_by(*SALES),
}
# every method that a client may call
METHODS = {
    "subscription.contract": {"action_open_price_revisions"},
    "subscription.index": {"action_fetch"},
    "subscription.index.import": {"action_record"},
    "subscription.revision": {
        "action_approve",
        "action_calculate",
        "action_cancel",
        "action_exclude",
        "action_include",
        "action_print_evidence",
        "action_print_letter",
        "action_send_letter",
    },
    "subscription.revision.campaign": {"action_approve", "action_cancel", "action_open_revisions", "action_simulate"},
    "subscription.revision.clause": {"action_open_contracts"},
    "subscription.revision.decision": {"action_confirm"},
    "subscription.revision.setup": {"action_confirm"},
    "subscription.revision.whatif": {"action_show"},
}
# whose roles the tests of indexes try
OF_INDEXES = {name: METHODS[name] for name in ("subscription.index", "subscription.index.import")}
# who opens a list, a report or a dialog sees of it what the rules leave
HARMLESS = re.compile(r"action_open_|action_print_evidence|action_(cancel|exclude)$")


@freeze_time("2026-03-10")
@tagged("post_install", "-at_install")
class TestRevisionAccess(AccessCommon, RevisionCommon):
    """Every model and every public method of the addon, for every role."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.email = "customer@example.com"
        cls.clause = cls._clause(percentage=10.0)

    def revised(self, **values):
        """The proposals for the two lines of a contract."""
        contract = self._contract(
            self.hosting,
            self.support,
            **{"date_start": "2025-01-01", "user_id": False, "revision_clause_id": self.clause.id, **values},
        )
        revisions = self.env["subscription.revision"]._propose(self._day("2026-03-10"), contract)
        revisions.reason = "As agreed"
        return revisions.sudo(False)

    def campaign(self):
        revisions = self.revised()
        campaign = self.env["subscription.revision.campaign"].create({"until_date": "2026-03-10"})
        revisions.campaign_id = campaign
        return campaign

    def decision(self, decision, revisions=None, campaign=None):
        """Values of the dialog that asks why."""
        return {
            "decision": decision,
            "reason": "As agreed",
            "revision_ids": revisions and [Command.set(revisions.ids)],
            "campaign_id": campaign and campaign.id,
        }

    def test_every_model_is_listed(self):
        self.assertEqual(self._models_of("subscription_syntec"), set(MODELS))

    def test_every_model_for_every_role(self):
        self.assertOperations(MODELS)

    def test_every_method_is_listed(self):
        self.assertEqual(self._methods_of(ADDON), METHODS)

    def test_every_method_for_every_role(self):
        indexed = self._clause(self._index("Followed", {"2025-01": "100"}))
        contract = self._contract(date_start="2025-01-01", user_id=False, revision_clause_id=indexed.id)
        proposed, excluded, applied = self.revised(), self.revised(), self.revised()
        excluded._exclude("Fixed price")
        applied.action_approve()
        calls = {
            proposed: ("action_approve", "action_calculate"),
            excluded: ("action_include",),
            applied: ("action_send_letter",),
            applied[0]: ("action_print_letter",),
            self.campaign(): ("action_approve", "action_simulate"),
        }
        whatif = {"index_id": indexed.term_ids.index_id.id, "percentage": 3.0}
        wizards = [
            (SALES, "subscription.revision.setup", {"contract_id": contract.id, "choice": "percentage"}),
            (SALES, "subscription.revision.whatif", whatif),
            (SALES, "subscription.revision.decision", self.decision("exclude", proposed)),
            *[
                (SALES, "subscription.revision.decision", self.decision("cancel", revisions))
                for revisions in (proposed, excluded, applied)
            ],
            (("manager",), "subscription.revision.decision", self.decision("cancel", campaign=self.campaign())),
        ]
        tried = {model: set() for model in METHODS} | OF_INDEXES
        for records, methods in calls.items():
            allowed = ("manager",) if records._name == "subscription.revision.campaign" else SALES
            for method in methods:
                tried[records._name].add(method)
                self.assertRoles(allowed, method, lambda role, r=records, m=method: self._call(r, role, m))
        for allowed, model, values in wizards:
            [method] = METHODS[model]
            tried[model].add(method)

            def confirm(role, model=model, values=values, method=method):
                wizard = self._as(self.env[model], role).create(values)
                self._call(wizard, role, method)

            self.assertRoles(allowed, f"{model} {method}", confirm)
        left = {model: {name for name in names if not HARMLESS.match(name)} for model, names in METHODS.items()}
        self.assertEqual(tried, left)

    def assertRoles(self, allowed, what, call):
        for role in GROUPS:
            with self.subTest(what, role=role), self.env.cr.savepoint() as savepoint:
                if role in allowed:
                    call(role)
                else:
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        call(role)
                savepoint.rollback()

    def test_verbs_are_no_client_s(self):
        revisions = self.revised()
        for values in ({"state": "applied"}, {"evidence": {}}, {"price_before": 1.0}, {"told_move_id": False}):
            for context in ({}, {"revision_verb": True}):
                with self.subTest(values=values, context=context), self.assertRaises(UserError):
                    self._as(revisions, "manager").with_context(**context).write(values)
        revisions.action_approve()
        with self.assertRaises(UserError):
            self._as(revisions, "manager").with_context(revision_verb=True).write({"price": 1.0})

    # rules

    def records_of(self, **values):
        revision = self.revised(**values)[0]
        contract = revision.contract_id
        exception = self.env["subscription.revision.exception"].create(
            {"contract_id": contract.id, "chain_id": contract.line_ids[0].id}
        )
        return {"subscription.revision": revision, "subscription.revision.exception": exception}

    def test_own_contracts_and_those_of_others(self):
        own = self.records_of(user_id=self.users["sales"].id)
        nobodys = self.records_of()
        others = self.records_of(user_id=self.users["manager"].id)
        for model in own:
            with self.subTest(model=model):
                for role in ("sales_all", "manager", "accounting", "auditor"):
                    self._as(own[model] | nobodys[model] | others[model], role).check_access("read")
                self._as(own[model] | nobodys[model], "sales").check_access("write")
                self.assertFalse(self._as(others[model], "sales").has_access("read"))
                self.assertFalse(self._as(others[model], "sales").has_access("write"))
                self.assertNotIn(others[model], self._as(self.env[model], "sales").search([]))

    def test_contracts_of_own_teams(self):
        team = self.env["crm.team"].sudo().create({"name": "A team", "user_id": self.users["sales_team"].id})
        theirs = {"user_id": self.users["manager"].id}
        of_team, of_another = self.records_of(**theirs, team_id=team.id), self.records_of(**theirs, team_id=False)
        for model in of_team:
            with self.subTest(model=model):
                found = self._as(self.env[model], "sales_team").search([])
                self.assertIn(of_team[model], found)
                self.assertNotIn(of_another[model], found)
                self.assertFalse(self._as(of_team[model], "sales").has_access("read"))

    def test_companies_do_not_see_each_other(self):
        self.env.user.company_ids |= self.other_company
        env = self.env(context={**self.env.context, "allowed_company_ids": self.other_company.ids})
        clause = self._clause(percentage=5.0, company_id=self.other_company.id).with_env(env)
        contract = env["subscription.contract"].create(
            {
                "partner_id": self.customer.id,
                "plan_id": env["subscription.plan"].create({"name": "Theirs"}).id,
                "company_id": self.other_company.id,
                "date_start": "2025-01-01",
                "user_id": False,
                "revision_clause_id": clause.id,
                "line_ids": [Command.create({"product_id": self._product("Theirs", 1.0, taxes_id=False).id})],
            }
        )
        contract.action_activate()
        records = [
            env["subscription.revision"]._propose(self._day("2026-03-10"), contract).sudo(False),
            env["subscription.revision.exception"].create(
                {"contract_id": contract.id, "chain_id": contract.line_ids.id}
            ),
            env["subscription.revision.campaign"].create(
                {"until_date": "2026-03-10", "company_id": self.other_company.id}
            ),
            clause,
        ]
        for record in records:
            self.assertTrue(record)
            for role in READERS:
                with self.subTest(model=record._name, role=role):
                    self.assertFalse(self._as(record.with_env(self.env), role).has_access("read"))
                    self.assertNotIn(record, self._as(self.env[record._name], role).search([]))
