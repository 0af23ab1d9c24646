import inspect
import re

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.models import BaseModel
from odoo.service.model import call_kw
from odoo.tests import freeze_time, new_test_user, tagged

from .common import SubscriptionCommon

ADDON = "odoo.addons.subscription_billing"
GROUPS = {
    "sales": "subscription_billing.group_subscription_user",
    "sales_team": "subscription_billing.group_subscription_user_team",
    "sales_all": "subscription_billing.group_subscription_user_all",
    "manager": "subscription_billing.group_subscription_manager",
    "accounting": "base.group_user,account.group_account_invoice",
    "auditor": "base.group_user,account.group_account_readonly",
    "employee": "base.group_user",
    "portal": "base.group_portal",
    "public": "base.group_public",
}
SALES = ("sales", "sales_team", "sales_all", "manager")
READERS = (*SALES, "accounting", "auditor")
STAFF = (*READERS, "employee")


def _who(**operations):
    return {name: set(operations.get(name, ())) for name in ("read", "write", "create", "unlink")}


def _configuration(**more):
    return _who(**{"read": STAFF, "write": ["manager"], "create": ["manager"], "unlink": ["manager"], **more})


def _edited_by(*roles, readers=None):
    return _who(read=readers or roles, write=roles, create=roles, unlink=roles)


# every model of the addon, and the roles that each operation is for
MODELS = {
    "subscription.recurrence": _configuration(),
    "subscription.plan": _configuration(),
    "subscription.plan.family": _configuration(),
    "subscription.plan.line": _configuration(),
    "subscription.stage": _configuration(),
    "subscription.close.reason": _configuration(),
    "subscription.tag": _configuration(write=SALES, create=SALES),
    "subscription.contract": _edited_by(*SALES, readers=READERS),
    "subscription.line": _edited_by(*SALES, readers=READERS),
    "subscription.contact": _edited_by(*SALES, readers=READERS),
    "subscription.usage": _edited_by(*SALES, readers=READERS),
    "subscription.amendment": _who(read=READERS),
    "subscription.notice": _who(read=READERS),
    "subscription.period": _who(read=READERS),
    "subscription.outbox": _who(read=READERS),
    "subscription.charge.attempt": _who(read=READERS),
    "subscription.retry.step": _configuration(),
    "subscription.gap": _who(read=READERS),
    "subscription.account.report": _who(read=READERS),
    "subscription.check": _who(read=("manager", "accounting", "auditor")),
    "subscription.check.difference": _who(read=("manager", "accounting", "auditor")),
    "subscription.health.rule": _configuration(),
    "subscription.health.mark": _who(),
    "subscription.run": _edited_by(*SALES, "accounting", readers=READERS),
    "subscription.run.proposal": _who(read=READERS),
    "subscription.run.line": _who(read=READERS),
    "subscription.forecast.line": _who(read=READERS),
    "subscription.run.exclude": _edited_by(*SALES, "accounting"),
    "subscription.change": _edited_by(*SALES),
    "subscription.change.line": _edited_by(*SALES),
    "subscription.close": _edited_by(*SALES),
    "subscription.offer": _edited_by(*SALES),
    "subscription.pause": _edited_by(*SALES),
    "subscription.resume": _edited_by(*SALES),
    "subscription.card": _edited_by("accounting"),
    "subscription.past": _edited_by(*READERS),
    "subscription.preview.charge": _edited_by(*SALES),
}
# every method that a client may call, and the roles of this list that it is for; ORM methods have the access above.
# The buttons of wizards, of runs and of quotations are tested with them.
METHODS = {
    "ir.module.module": {"button_uninstall"},
    "account.move": {"action_view_subscription_contracts", "button_cancel", "button_draft"},
    "account.move.reversal": {"reverse_moves"},
    "res.config.settings": {"action_arm_billing"},
    "res.partner": {"action_view_subscription_contracts"},
    "sale.order": {"action_confirm_subscription", "action_view_subscription_contract"},
    "sale.order.discount": {"action_apply_discount"},
    "subscription.amendment": {"action_undo"},
    "subscription.account.report": {"action_open_document"},
    "subscription.change": {"action_back", "action_confirm", "action_preview"},
    "subscription.check": {"action_check_now"},
    "subscription.check.difference": {"action_open"},
    "subscription.close": {"action_back", "action_confirm", "action_preview"},
    "subscription.offer": {"action_back", "action_confirm", "action_preview"},
    "subscription.pause": {"action_back", "action_confirm", "action_preview"},
    "subscription.resume": {"action_back", "action_confirm", "action_preview"},
    "subscription.card": {"action_confirm"},
    "subscription.past": {"action_open"},
    "subscription.preview": {"action_back"},
    "subscription.contract": {
        "action_activate",
        "action_arm_billing",
        "action_bill_now",
        "action_convert_trial",
        "action_change_quote",
        "action_renew",
        "action_renewal_quote",
        "action_embed",
        "action_open_today",
        "action_upsell_quote",
        "action_withdraw_summary",
        "describe",
        "get_import_templates",
        "timeline",
        "upsert",
        "web_read",
    },
    "subscription.notice": {"action_send"},
    "subscription.desk": {"figures"},
    "subscription.forecast.line": {"action_open"},
    "subscription.gap": {"action_bill", "action_open_contract"},
    "subscription.armed": {"action_arm_billing"},
    "subscription.charge.attempt": {
        "action_arm_billing",
        "action_charge_again",
        "action_was_charged",
        "action_was_not_charged",
    },
    "payment.token": {"get_linked_records_info"},
    "subscription.outbox": {"action_arm_billing", "action_settle", "action_try_again"},
    "subscription.period": {"action_bill_again", "action_waive"},
    "subscription.plan": {"action_apply_to_contracts", "action_view_contracts"},
    "subscription.run": {
        "action_approve",
        "action_arm_billing",
        "action_draft",
        "action_post",
        "action_print",
        "action_send",
        "action_simulate",
        "action_stop",
        "action_view_moves",
        "action_view_proposals",
    },
    "subscription.run.exclude": {"action_exclude"},
    "subscription.run.proposal": {"action_exclude", "action_include", "action_open_document"},
    "subscription.tag": {"action_apply_rule"},
    "subscription.usage": {"record"},
}

# what other applications call without a record
API = {
    "record": [[{"contract": "any", "date": "2026-01-01", "quantity": 1, "external_id": "e"}]],
    "upsert": ["any", {}],
    "describe": ["any"],
}
# what methods of records are called with
ARGUMENTS = {"web_read": [{"state": {}}]}


class AccessCommon(SubscriptionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.other_company = cls.setup_other_company(name="Another company")["company"]
        cls.users = {
            role: new_test_user(
                cls.env,
                f"access_{role}",
                groups=groups,
                company_id=cls.env.company.id,
                company_ids=[Command.set(cls.env.company.ids)],
            )
            for role, groups in GROUPS.items()
        }

    def _declined(self, move):
        """A charge of an invoice that came to nothing."""
        attempts = self.env["subscription.charge.attempt"]
        attempts._plan(move, move.invoice_date)._answer("declined", "No card")
        return move.subscription_contract_attempt_ids.sudo(False)

    def _as(self, records, role):
        return records.with_user(self.users[role]).with_company(self.env.company)

    def _models_of(self, addon):
        """Names of the models that an addon declares."""
        return {
            name for name, model in self.registry.items() if model._original_module == addon and not model._abstract
        }

    def _methods_of(self, package):
        """Names of the methods that a client may call, by model, of those that an addon writes."""
        found = {}
        for model, cls in self.registry.items():
            for base in cls.__mro__:
                if base.__module__.startswith(f"{package}."):
                    for name, value in vars(base).items():
                        is_public = not (name.startswith("_") or getattr(value, "_api_private", False))
                        if inspect.isfunction(value) and is_public and not hasattr(BaseModel, name):
                            found.setdefault(model, set()).add(name)
        return found

    def assertOperations(self, models):
        """Each role may do on each model what the matrix says, and nothing else."""
        for model, operations in models.items():
            for operation, roles in operations.items():
                for role in GROUPS:
                    if (model, operation, role) in self._opened_to_customers():
                        continue
                    with self.subTest(model=model, operation=operation, role=role):
                        self.assertEqual(self._as(self.env[model], role).has_access(operation), role in roles)

    def _opened_to_customers(self):
        """What the portal addon, where it is installed, opens and tests itself."""
        is_portal = self.env["ir.module.module"]._get("subscription_portal").state == "installed"
        return {("subscription.contract", "read", "portal")} if is_portal else set()

    def _call(self, records, role, method, *args):
        """Call a method as a client of that role does."""
        model = self._as(self.env[records._name], role)
        is_static = records._name == "subscription.desk" or method in API
        return call_kw(model, method, [*([] if is_static else [records.ids]), *args], {})


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestAccess(AccessCommon):
    """Every model for every role, and what its rules leave of it."""

    def test_every_model_is_listed(self):
        self.assertEqual(self._models_of("subscription_billing"), set(MODELS))

    def test_every_model_for_every_role(self):
        self.assertOperations(MODELS)

    def _records_of(self, contract):
        """One record of each kind that belongs to a contract."""
        self._bill(contract, "2026-05-01")
        usage = self.env["subscription.usage"].create(
            {
                "contract_id": contract.id,
                "line_id": contract.line_ids.filtered(lambda line: line.kind == "usage").id,
                "date": contract.date_start,
                "quantity": 1,
            }
        )
        return {
            "subscription.contract": contract,
            "subscription.line": contract.line_ids[0],
            "subscription.amendment": contract.amendment_ids[0],
            "subscription.notice": self._notice(contract),
            "subscription.period": contract.period_ids[0],
            "subscription.usage": usage,
            "subscription.contact": self.env["subscription.contact"].create(
                {"contract_id": contract.id, "partner_id": self.customer.id}
            ),
            "subscription.outbox": self.env["subscription.outbox"]._queue("send", contract.invoice_ids)[:1],
            "subscription.charge.attempt": self._declined(contract.invoice_ids[:1]),
            "subscription.gap": self.env["subscription.gap"].search([("contract_id", "=", contract.id)], limit=1),
            "subscription.account.report": self.env["subscription.account.report"].search(
                [("contract_id", "=", contract.id), ("move_id", "!=", False)], limit=1
            ),
        }

    def _notice(self, contract):
        day = contract.date_start
        return (
            self.env["subscription.notice"]
            .sudo()
            .create(
                {
                    "contract_id": contract.id,
                    "term_end": day,
                    "deadline": day,
                    "window_start": day,
                    "window_end": day,
                }
            )
            .sudo(False)
        )

    def test_own_contracts_and_those_of_others(self):
        own = self._records_of(self._contract(self.hosting, self.traffic, user_id=self.users["sales"].id))
        nobodys = self._records_of(self._contract(self.hosting, self.traffic, user_id=False))
        others = self._records_of(self._contract(self.hosting, self.traffic, user_id=self.users["manager"].id))
        for model in own:
            with self.subTest(model=model):
                for role in ("sales_all", "manager", "accounting", "auditor"):
                    self._as(own[model] | nobodys[model] | others[model], role).check_access("read")
                self._as(own[model] | nobodys[model], "sales").check_access("read")
                self.assertFalse(self._as(others[model], "sales").has_access("read"))
                found = self._as(self.env[model], "sales").search([])
                self.assertIn(own[model], found)
                self.assertNotIn(others[model], found)

    def test_contracts_of_own_teams(self):
        member, leader = self.users["sales_team"], self.users["sales_team"].copy({"login": "access_leader"})
        team = self.env["crm.team"].sudo().create({"name": "A team", "user_id": leader.id})
        self.env["crm.team.member"].sudo().create({"crm_team_id": team.id, "user_id": member.id})
        theirs = {"user_id": self.users["manager"].id}
        of_team = self._records_of(self._contract(self.hosting, self.traffic, **theirs, team_id=team.id))
        of_another = self._records_of(self._contract(self.hosting, self.traffic, **theirs, team_id=False))
        for model in of_team:
            for user in (member, leader):
                with self.subTest(model=model, user=user.login):
                    found = self.env[model].with_user(user).search([])
                    self.assertIn(of_team[model], found)
                    self.assertNotIn(of_another[model], found)
            self.assertFalse(self._as(of_team[model], "sales").has_access("read"))

    def test_rule_of_a_tag_is_a_manager_s(self):
        tag = self._as(self.env["subscription.tag"], "sales").create({"name": "By hand"})
        for operation in (
            lambda: tag.write({"domain": "[('note', 'ilike', 'secret')]"}),
            lambda: tag.create({"name": "By rule", "domain": "[]"}),
            lambda: tag.read(["domain"]),
            tag.action_apply_rule,
        ):
            with self.assertRaises(AccessError):
                operation()

    def test_companies_do_not_see_each_other(self):
        env = self.env(context={**self.env.context, "allowed_company_ids": self.other_company.ids})
        self.env.user.company_ids |= self.other_company
        plan = env["subscription.plan"].create({"name": "Theirs", "company_id": self.other_company.id})
        product = self._product("Theirs", 1.0, taxes_id=[Command.clear()])
        metered = self._product("Theirs, metered", 1.0, subscription_line_kind="usage", taxes_id=[Command.clear()])
        contract = env["subscription.contract"].create(
            {
                "partner_id": self.customer.id,
                "plan_id": plan.id,
                "company_id": self.other_company.id,
                "date_start": "2026-01-01",
                "user_id": False,
                "line_ids": [Command.create({"product_id": item.id}) for item in (product, metered)],
            }
        )
        contract.action_activate()
        records = {**self._records_of(contract.with_env(self.env)), "subscription.plan": plan.with_env(self.env)}
        for model, record in records.items():
            for role in (*SALES, "accounting", "auditor"):
                with self.subTest(model=model, role=role):
                    self.assertFalse(self._as(record, role).has_access("read"))
                    self.assertNotIn(record, self._as(self.env[model], role).search([]))

    def test_contract_of_another_salesperson_stays_what_it_is(self):
        others = self._contract(user_id=self.users["manager"].id, activate=False)
        for operation in (
            lambda contract: contract.write({"client_order_ref": "Mine now"}),
            lambda contract: contract.action_activate(),
            lambda contract: contract.unlink(),
            lambda contract: contract.line_ids.write({"quantity": 2}),
        ):
            with self.assertRaises(AccessError):
                operation(self._as(others, "sales"))

    # what a role may write of what it may see

    def test_ledger_is_written_by_the_engine_only(self):
        contract = self._contract()
        self._bill(contract, "2026-01-01")
        for role in GROUPS:
            with self.subTest(role=role):
                for operation in (
                    lambda period: period.write({"state": "void"}),
                    lambda period: period.unlink(),
                    lambda period: period.copy({"date_start": "2030-01-01", "date_stop": "2030-02-01"}),
                ):
                    with self.assertRaises(AccessError):
                        operation(self._as(contract.period_ids, role))

    def test_verbs_cannot_be_imitated_by_a_client(self):
        contract = self._contract(user_id=self.users["manager"].id)
        for context in ({"subscription_verb": True}, {"subscription_verb": 1}, {"subscription_verb": "VERB"}):
            imitation = self._as(contract, "manager").with_context(**context)
            for values in ({"state": "closed"}, {"next_billing_date": False}, {"date_start": "2020-01-01"}):
                with self.subTest(context=context, values=values), self.assertRaises(UserError):
                    imitation.write(values)
            with self.assertRaises(UserError):
                imitation.line_ids.write({"price_unit": 1.0})

    def test_review_is_lifted_by_accounting_only(self):
        self.plan.invoicing_mode = "draft"
        contract = self._contract(user_id=self.users["sales"].id)
        for values in ({"invoicing_mode": "post"}, {"invoicing_mode": "post_send"}):
            with self.assertRaisesRegex(AccessError, "review"):
                self._as(contract, "sales").write(values)
        with self.assertRaisesRegex(AccessError, "review"):
            self._as(self.env["subscription.contract"], "sales").create(
                {"partner_id": self.customer.id, "plan_id": self.plan.id, "invoicing_mode": "post"}
            )
        self._as(contract, "manager").invoicing_mode = "post"


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestPublicMethods(AccessCommon):
    """What a client may call: nothing that is not meant for it, by nobody who may not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        team = cls.env["crm.team"].sudo().create({"name": "A team", "user_id": cls.users["sales_team"].id})
        owners = {"user_id": cls.users["sales"].id, "team_id": team.id}
        cls.contract = cls._contract(**owners)
        cls.draft = cls._contract(**owners, activate=False)
        cls.invoice = cls.engine._bill(cls.contract, cls.contract.date_start)
        cls.held = cls.contract.period_ids.filtered(lambda period: period.state == "billed")
        cls.held.sudo().write({"state": "held"})
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "subscription_plan_id": cls.plan.id,
                "order_line": [Command.create({"product_id": cls.hosting.id})],
            }
        )
        cls.billing_run = cls.env["subscription.run"].create({"until_date": "2026-06-15"})

    def test_every_method_is_listed(self):
        self.assertEqual(self._methods_of(ADDON), METHODS)

    def test_engine_has_no_public_method(self):
        for name in ("_bill", "_preview", "_cron_bill", "_arm", "_write_charges", "_credit_released"):
            with self.subTest(name), self.assertRaises(AccessError):
                call_kw(self.env["subscription.engine"], name, [], {})

    def test_outsiders_may_call_nothing(self):
        records = {
            "account.move": self.invoice,
            "res.partner": self.customer,
            "sale.order": self.order,
            "subscription.amendment": self.contract.amendment_ids[:1],
            "subscription.contract": self.contract,
            "subscription.gap": self.env["subscription.gap"].search([("contract_id", "=", self.contract.id)], limit=1),
            "subscription.outbox": self.env["subscription.outbox"]._queue("send", self.invoice),
            "subscription.charge.attempt": self._declined(self.invoice),
            "subscription.period": self.held[:1],
            "subscription.plan": self.plan,
            "subscription.run": self.billing_run,
            "subscription.usage": self.env["subscription.usage"],
            "subscription.tag": self.env["subscription.tag"].create({"name": "A tag"}),
            "subscription.desk": self.env["subscription.desk"],
        }
        for model, record in records.items():
            # who opens a list sees of it what the rules leave; a template for imports is the same for everybody
            is_harmless = re.compile(r"action_view_|get_import_templates")
            for method in (name for name in METHODS[model] if not is_harmless.match(name)):
                for role in ("employee", "portal", "public"):
                    args = API.get(method) or ARGUMENTS.get(method, ())
                    with (
                        self.subTest(model=model, method=method, role=role),
                        self.assertRaises(AccessError),
                        self.env.cr.savepoint(),
                    ):
                        self._call(record, role, method, *args)

    def _assert_roles(self, records, method, allowed, *args):
        for role in (*READERS, "employee", "portal", "public"):
            with self.subTest(method=method, role=role), self.env.cr.savepoint() as savepoint:
                if role in allowed:
                    self._call(records, role, method, *args)
                else:
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        self._call(records, role, method, *args)
                savepoint.rollback()

    def test_activating(self):
        self._assert_roles(self.draft, "action_activate", SALES)

    def test_verbs_of_a_life(self):
        self._assert_roles(self._contract(user_id=False, commitment=1, renewal="accept"), "action_renew", SALES)
        trial = self._contract(user_id=False, trial=3, trial_unit="year", trial_outcome="ask")
        self._assert_roles(trial, "action_convert_trial", SALES)
        contract = self._contract(user_id=False)
        amendment = contract._amend(self._day("2026-07-01"), [(contract.line_ids, {"quantity": 2.0})])
        self._assert_roles(amendment.sudo(False), "action_undo", SALES)
        self._assert_roles(self.plan, "action_apply_to_contracts", ("manager",))

    def test_reading_a_life(self):
        contract = self._contract(user_id=False)
        self._assert_roles(contract, "timeline", READERS)
        self._assert_roles(contract, "web_read", READERS, *ARGUMENTS["web_read"])
        self._assert_roles(contract, "action_open_today", READERS)

    def test_billing_now(self):
        self._assert_roles(self.contract, "action_bill_now", ("accounting",))
        gap = self.env["subscription.gap"].search([("contract_id", "=", self.contract.id)], limit=1)
        self._assert_roles(gap, "action_bill", ("accounting",))

    def test_arming(self):
        self._assert_roles(self.contract, "action_arm_billing", ("manager",))
        self.env["ir.config_parameter"].sudo().set_param("subscription_billing.armed", "elsewhere")
        with self.assertRaises(AccessError):
            self._call(self.contract, "sales", "action_arm_billing")
        self.assertFalse(self.engine._is_armed())

    def test_deciding_on_what_waits(self):
        for method in ("action_bill_again", "action_waive"):
            self._assert_roles(self.held[:1], method, ("manager", "accounting"))

    def test_upserting(self):
        self.contract.external_id = "A-1"
        self._assert_roles(self.contract, "upsert", SALES, "A-1", {"client_order_ref": "PO"})
        self._assert_roles(self.contract, "describe", READERS, "A-1")

    def test_deciding_on_the_outbox(self):
        effect = self.env["subscription.outbox"]._queue("send", self.invoice)
        for method in ("action_try_again", "action_settle"):
            self._assert_roles(effect, method, ("manager", "accounting"))

    def test_deciding_on_charges(self):
        attempt = self._declined(self.invoice)
        self._assert_roles(attempt, "action_charge_again", ("manager", "accounting"))
        attempt.sudo()._answer("unknown", "No answer")
        for method in ("action_was_charged", "action_was_not_charged"):
            self._assert_roles(attempt, method, ("manager", "accounting"))

    def test_recording_usage(self):
        metered = self._contract(self.traffic, user_id=False)
        event = {"contract": metered.name, "date": "2026-01-05", "quantity": 1, "external_id": "e"}
        self._assert_roles(self.env["subscription.usage"], "record", SALES, [event])

    def test_portal_reads_its_documents_and_nothing_more(self):
        """Our fields on documents of others neither fail nor tell what they should not."""
        self.users["portal"].partner_id.parent_id = self.customer
        self.customer.user_ids = [Command.link(self.users["portal"].id)]
        self.invoice.message_subscribe(self.users["portal"].partner_id.ids)
        self.order.message_subscribe(self.users["portal"].partner_id.ids)
        for record in (self.invoice, self.order, self.users["portal"].partner_id):
            seen = self._as(record, "portal")
            names = [name for name in seen.fields_get() if "subscription_billing" in seen._fields[name]._modules]
            with self.subTest(model=record._name):
                self.assertNotIn("subscription_contract_count", names if record._name == "res.partner" else ())
                for name in names:
                    try:
                        seen.read([name])
                    except AccessError:
                        self.fail(f"{name} cannot be read on a document of one's own")
        opened = {model for model, _operation, _role in self._opened_to_customers()}
        for model in MODELS.keys() - opened:
            with self.assertRaises(AccessError):
                self._as(self.env[model], "portal").search([])
