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
    family_id = fields.Many2one(
        "subscription.plan.family",
        "Offer family",
        index="btree_not_null",
        ondelete="set null",
        help="A contract goes over from a plan of the family to another in one click.",
    )
    rank = fields.Integer(help="Within the family: bronze 1, silver 2, gold 3.")
    line_ids = fields.One2many(
        "subscription.plan.line", "plan_id", "Included", domain=[("is_option", "=", False)], copy=True
    )
    option_ids = fields.One2many(
        "subscription.plan.line",
        "plan_id",
        "Options",
        domain=[("is_option", "=", True)],
        context={"default_is_option": True},
        copy=True,
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

    def _included_lines(self):
        """What is sold with the plan, in order."""
        self.ensure_one()
        return self.line_ids.sorted(lambda line: (line.sequence, line.id))

    def action_apply_to_contracts(self):
        """Let the running contracts of this plan have its present terms, each by an amendment."""
        self.check_access("write")
        for plan in self:
            contracts = self.env["subscription.contract"].search(
                [("plan_id", "=", plan.id), ("state", "in", ("active", "paused"))]
            )
            for contract in contracts:
                contract._take_terms(plan)
        return True

    def action_view_contracts(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_contract")
        return {**action, "domain": [("plan_id", "=", self.id)], "context": {"default_plan_id": self.id}}
