import contextlib

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import freeze_time, tagged

from odoo.addons.subscription_billing.tests.test_access import READERS, AccessCommon, _edited_by, _who

from ..models.subscription_contract_customer import CUSTOMER_FIELDS
from .common import PortalCommon

ADDON = "odoo.addons.subscription_portal"
CUSTOMER = ("portal",)
# every model of the addon, and the roles that each operation is for
MODELS = {
    "subscription.request": _who(read=(*READERS, *CUSTOMER)),
    "subscription.declaration": _edited_by("manager"),
}
# every method that a client may call; those of the wizard are tested with the declarations
METHODS = {
    "sale.order": {"action_draft"},
    "subscription.contract": {"action_customer_view", "action_rotate_link"},
    "subscription.declaration": {"action_apply", "action_preview"},
    "subscription.request": {"action_approve", "action_refuse", "action_settle", "action_withdraw"},
}
# what a customer may call: it gives back the address of his own page
HARMLESS = {("subscription.contract", "action_customer_view")}


@freeze_time("2026-03-15 10:00:00")
@tagged("post_install", "-at_install")
class TestPortalAccess(AccessCommon, PortalCommon):
    """Every model and every public method of the addon, for every role; what a customer reads over RPC."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.user_id = cls.users["sales_all"]
        cls.request = cls._as_request()

    @classmethod
    def _as_request(cls):
        cls.silver.customer_approval = True
        own = cls.contract.with_user(cls.user_a)._as_customer()
        option = cls.silver.option_ids
        wish = own._wish("change", {f"quantity_{option.id}": "3"})
        return own._carry_out(wish, own._preview_wish(wish)).with_env(cls.env)

    def test_every_model_is_listed(self):
        self.assertEqual(self._models_of("subscription_portal"), set(MODELS))

    def test_every_method_is_listed(self):
        self.assertEqual(self._methods_of(ADDON), METHODS)

    def test_every_model_for_every_role(self):
        self.assertOperations(MODELS)

    def test_every_method_for_every_role(self):
        """Nobody who may not write the contract decides on it: customers, accounting and auditors included."""
        records = {"subscription.contract": self.contract, "subscription.request": self.request}
        for model in records:
            for method in METHODS[model]:
                for role in ("accounting", "auditor", "employee", "portal", "public"):
                    if (model, method) in HARMLESS and role in (*READERS, "portal"):
                        continue
                    with (
                        self.subTest(model=model, method=method, role=role),
                        self.env.cr.savepoint(),
                        self.assertRaises(AccessError),
                    ):
                        self._call(records[model], role, method)

    def test_r77_own_contracts_and_nothing_else_of_them(self):
        """R77, R72: a customer and his colleagues read what concerns them, over RPC too."""
        for user in (self.user_a, self.user_a2):
            found = call_kw(self.env["subscription.contract"].with_user(user), "search_read", [[]], {})
            self.assertEqual([row["id"] for row in found], self.contract.ids)
            self.assertLessEqual(found[0].keys(), CUSTOMER_FIELDS)
        foreign = self.env["subscription.contract"].with_user(self.user_b)
        self.assertFalse(foreign.search([]))
        self.assertFalse(foreign.env["subscription.request"].search([]))
        secrets = {"mrr": 1, "health": "bad", "billing_error": "x", "access_token": "x", "tag_ids": 1, "message_ids": 1}
        for name, value in secrets.items():
            with self.subTest(name), self.assertRaises(AccessError):
                self.contract.with_user(self.user_a).read([name])
            with self.subTest(name), self.assertRaises(AccessError):
                self.contract.with_user(self.user_a).search([(name, "=", value)])

    def test_a_draft_is_nobody_s(self):
        draft = self._contract(self.hosting, activate=False)
        self.assertNotIn(draft, self.env["subscription.contract"].with_user(self.user_a).search([]))

    def test_r76_a_customer_writes_nothing(self):
        """R76: no field of his contract, his request or what they are made of."""
        for records in (self.contract, self.request, self.contract.line_ids, self.contract.amendment_ids):
            for name in records._fields:
                before = records.sudo().read([name])
                with self.subTest(model=records._name, name=name):
                    with contextlib.suppress(AccessError, UserError), self.env.cr.savepoint():
                        records.with_user(self.user_a).write({name: False})
                        self.env.flush_all()
                    records.invalidate_recordset()
                    self.assertEqual(records.sudo().read([name]), before)

    def test_a_link_opens_no_conversation(self):
        """Who merely holds the link neither reads nor writes messages."""
        public = self.env.ref("base.public_user")
        token = self.contract._portal_ensure_token()
        partner = self.customer
        thread = self.env["subscription.contract"].with_user(public)
        self.assertFalse(thread._get_thread_with_access(self.contract.id, token=token))
        self.assertFalse(
            thread._get_thread_with_access(self.contract.id, pid=partner.id, hash=self.contract._sign_token(partner.id))
        )
        own = self.env["subscription.contract"].with_user(self.user_a)
        self.assertTrue(own._get_thread_with_access(self.contract.id))

    def test_rotated(self):
        token = self.contract._portal_ensure_token()
        self.contract.action_rotate_link()
        self.assertNotEqual(self.contract.access_token, token)
