from odoo import fields, models


class SubscriptionPlan(models.Model):
    """The commercial terms that are sold; a contract takes its own copy of them."""

    _name = "subscription.plan"
    _description = "Subscription plan"
    _inherit = ["subscription.terms"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: offered by every company.")
    note = fields.Html("Terms and conditions", translate=True, help="Printed on quotations and contracts.")
    journal_id = fields.Many2one(
        "account.journal",
        "Invoicing journal",
        domain=[("type", "=", "sale")],
        company_dependent=True,
        help="Empty: the default sales journal.",
    )
    contract_properties_definition = fields.PropertiesDefinition("Contract properties")
    contract_count = fields.Integer(compute="_compute_contract_count")

    def _compute_contract_count(self):
        counts = dict(
            self.env["subscription.contract"]._read_group(
                [("plan_id", "in", self.ids), ("state", "in", ("active", "paused"))], ["plan_id"], ["__count"]
            )
        )
        for plan in self:
            plan.contract_count = counts.get(plan, 0)

    def action_view_contracts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_contract")
        return {**action, "domain": [("plan_id", "=", self.id)], "context": {"default_plan_id": self.id}}
