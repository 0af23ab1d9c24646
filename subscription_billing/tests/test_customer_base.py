from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.mail.tests.common import MailCase

from .common import SubscriptionCommon

TAG_LOGGER = "odoo.addons.subscription_billing.models.subscription_tag"


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestCustomerBase(SubscriptionCommon, MailCase):
    """What the table "Customer base" of the README says, row by row."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.customer.email = "customer@example.com"
        cls.contract = cls._contract(date_start="2026-06-01")

    def test_F71_property_of_the_plan_on_its_contracts(self):
        self.plan.contract_properties_definition = [{"name": "site", "string": "Data centre", "type": "char"}]
        self.contract.contract_properties = {"site": "Paris"}
        found = self.env["subscription.contract"].search([("contract_properties.site", "=", "Paris")])
        self.assertEqual(found, self.contract)

    def test_F72_tag_by_hand_and_by_rule(self):
        by_hand, by_rule = self.env["subscription.tag"].create(
            [{"name": "By hand"}, {"name": "Large", "domain": "[('mrr', '>=', 100)]"}]
        )
        small = self._contract(self.support, tag_ids=[Command.set((by_hand | by_rule).ids)])
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("subscription_billing.ir_cron_tag").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((self.contract.tag_ids, small.tag_ids), (by_rule, by_hand))
        small._amend(small._today(), [(small.line_ids, {"quantity": 10})])
        by_rule.action_apply_rule()
        self.assertEqual(small.tag_ids, by_hand | by_rule)

    def test_F72_rule_that_nobody_can_read(self):
        for domain in ("[('nothing', '=', 1)]", "nonsense", "[('mrr',"):
            with self.subTest(domain), self.assertRaisesRegex(ValidationError, "Odd"), self.env.cr.savepoint():
                self.env["subscription.tag"].create({"name": "Odd", "domain": domain})
        broken, sound = self.env["subscription.tag"].create(
            [{"name": "A", "domain": "[('mrr', '>', 0)]"}, {"name": "B", "domain": "[('mrr', '>', 0)]"}]
        )
        self.env.cr.execute("UPDATE subscription_tag SET domain = %s WHERE id = %s", ["[('gone', '=', 1)]", broken.id])
        broken.invalidate_recordset()
        with self.assertLogs(TAG_LOGGER, "ERROR") as logs:
            self.env["subscription.tag"]._cron_apply_rules()
        self.assertIn("the rule of the tag A", logs.output[0])
        self.assertEqual(self.contract.tag_ids, sound)

    def test_F73_signed_document_is_attached(self):
        message = self.contract.message_post(body="Signed", attachments=[("signed.pdf", b"%PDF-1.4")])
        self.assertEqual(message.attachment_ids.res_model, "subscription.contract")
        self.assertEqual(self.contract.message_attachment_count, 1)

    def test_F74_figures_of_a_salesperson(self):
        seller = new_test_user(self.env, "seller", groups="subscription_billing.group_subscription_user")
        self.contract.user_id = seller
        [[user, count, mrr]] = self.env["subscription.contract"]._read_group(
            [("user_id", "=", seller.id)], ["user_id"], ["__count", "mrr:sum"]
        )
        self.assertEqual((user, count, mrr), (seller, 1, 100.0))

    def _contact(self, name, role, **values):
        partner = self.env["res.partner"].create({"name": name, "email": f"{name}@example.com", **values})
        self.contract.contact_ids = [Command.create({"partner_id": partner.id, "role": role})]
        return partner

    def test_F76_documents_go_to_whom_they_are_for(self):
        invoiced = self.env["res.partner"].create({"name": "Head office", "email": "office@example.com"})
        self.contract.partner_invoice_id = invoiced
        copy, notified = self._contact("copy", "invoice"), self._contact("notified", "notice")
        gone = self._contact("gone", "invoice")
        gone.active = False
        invoice = self._bill(self.contract, "2026-06-15")
        self.assertEqual(invoice.partner_id, invoiced)
        with self.mock_mail_gateway():
            self.env["account.move.send"]._generate_and_send_invoices(invoice, sending_methods=["email"])
        [message] = invoice.message_ids.filtered(lambda message: message.message_type == "comment")[:1]
        self.assertEqual(message.partner_ids, invoiced | copy)
        self.assertEqual(self.contract._recipients("notice"), notified)

    def test_F76_contacts_come_with_a_copy_of_the_contract(self):
        copy = self._contact("copy", "invoice")
        twin = self.contract.copy()
        self.assertEqual(twin._recipients("invoice"), copy)
        self.assertEqual(twin.line_ids.mapped("date_start"), [twin.date_start])

    def test_F77_mrr_by_product_family(self):
        family = self.env["product.category"].create({"name": "Family"})
        self.support.categ_id = family
        self._contract(self.support)
        rows = self.env["subscription.line"]._read_group(
            [("contract_id.partner_id", "=", self.customer.id)], ["product_categ_id"], ["mrr:sum"]
        )
        self.assertEqual(dict(rows)[family], 30.0)
        self.assertEqual(sum(mrr for _family, mrr in rows), 130.0)

    def test_F78_prospect_to_customer(self):
        prospect = self.env["res.partner"].create({"name": "A prospect"})
        order = self.env["sale.order"].create(
            {
                "partner_id": prospect.id,
                "subscription_plan_id": self.plan.id,
                "order_line": [Command.create({"product_id": self.hosting.id, "product_uom_qty": 2})],
            }
        )
        self.assertFalse(prospect.customer_rank)
        order.action_confirm()
        contract = order.subscription_contract_id
        self.assertEqual((contract.partner_id, contract.line_ids.quantity, contract.mrr), (prospect, 2, 200.0))
        self.assertEqual(self._bill(contract, "2026-06-15").partner_id, prospect)
        self.assertTrue(prospect.customer_rank)

    def test_F79_rich_terms(self):
        self.contract.note = "<h2>Terms</h2><ul><li>One</li></ul><script>no()</script>"
        self.assertIn("<li>One</li>", self.contract.note)
        self.assertNotIn("script", self.contract.note)

    def test_F80_mail_to_all_customers_of_a_plan(self):
        other = self.env["res.partner"].create({"name": "Other", "email": "other@example.com"})
        contracts = self.contract | self._contract(partner_id=other.id)
        action = self.env.ref("subscription_billing.action_contract_mass_mail")._get_action_dict()
        self.assertEqual((action["binding_view_types"], action["res_model"]), ("list,kanban", "mail.compose.message"))
        composer = self.env["mail.compose.message"].with_context(
            default_composition_mode="mass_mail", default_model="subscription.contract", default_res_ids=contracts.ids
        )
        with self.mock_mail_gateway():
            composer.create({"subject": "{{ object.name }}", "body": "<p>News</p>"})._action_send_mail()
        sent = {mail["email_to"][0]: mail["subject"] for mail in self._mails}
        self.assertEqual(
            {address.split("<")[-1].strip(">") for address in sent}, {"customer@example.com", "other@example.com"}
        )
        self.assertEqual(set(sent.values()), set(contracts.mapped("name")))

    def test_F80_address_that_bounces(self):
        self.contract.with_context(mail_notrack=True)._message_receive_bounce("customer@example.com", self.customer)
        self.customer._message_receive_bounce("customer@example.com", self.customer)
        view = self.env.ref("subscription_billing.view_subscription_contract_search_contact")
        self.assertIn("message_bounce", view.arch)
        found = self.env["subscription.contract"].search([("partner_id.message_bounce", ">", 0)])
        self.assertEqual(found, self.contract)

    def test_F82_who_changed_what_and_when(self):
        contract = self.contract.with_context(tracking_disable=False, mail_notrack=False)
        contract.user_id = new_test_user(self.env, "next", groups="subscription_billing.group_subscription_user")
        self.flush_tracking()
        [value] = contract.message_ids.tracking_value_ids.filtered(lambda value: value.field_id.name == "user_id")
        self.assertEqual(value.new_value_integer, contract.user_id.id)
        amendment = contract._amend(contract._today(), [(contract.line_ids, {"quantity": 2})], reason="Two more")
        self.assertEqual((amendment.author_id, amendment.reason), (self.env.user.partner_id, "Two more"))

    def test_F83_menu_hidden_from_a_group(self):
        user = new_test_user(self.env, "reader", groups="subscription_billing.group_subscription_user")
        menu = self.env.ref("subscription_billing.menu_subscription_reporting")
        visible = self.env["ir.ui.menu"].with_user(user)
        self.assertIn(menu.id, visible._visible_menu_ids())
        menu.group_ids = self.env.ref("subscription_billing.group_subscription_manager")
        self.assertNotIn(menu.id, visible._visible_menu_ids())
