from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

KINDS = [
    ("red_flag", "Health turned bad"),
    ("deadline", "Notice deadline comes near"),
    ("overdue", "Invoice overdue"),
    ("payment_failed", "Online payment failed"),
    ("usage", "Usage above a threshold"),
]
# the date that Odoo's own list of automation rules shows for a kind
DATES = {"red_flag": "health_since", "deadline": "notice_deadline"}
RUNNING = Domain("state", "in", ("active", "paused"))


class SubscriptionAutomation(models.Model):
    """What a manager switches on and tunes; each is carried out by an automation rule of Odoo.

    The rule is looked at by Odoo's scheduled action: nothing is added to what writes contracts,
    invoices or usage. A contract is acted upon when it has come to match, and again only after
    it has ceased to.
    """

    _name = "subscription.automation"
    _description = "Contract automation"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean("On", default=False)
    kind = fields.Selection(KINDS, "When", required=True, default="red_flag")
    days = fields.Integer(help="Before the deadline; after everything else.")
    threshold = fields.Float("Usage threshold", default=80.0, help="Of what is used and not billed yet.")
    threshold_unit = fields.Selection(
        [("percent", "% of what is included"), ("quantity", "units")], required=True, default="percent"
    )
    plan_ids = fields.Many2many("subscription.plan", string="Plans", help="Empty: contracts of every plan.")
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        "Activity",
        domain=[("res_model", "in", (False, "subscription.contract"))],
        ondelete="set null",
        help="Empty: none is created.",
    )
    activity_summary = fields.Char("Title", translate=True)
    activity_days = fields.Integer("Due in", help="Days; 0 for the same day.")
    user_id = fields.Many2one(
        "res.users", "For", domain=[("share", "=", False)], help="Empty: the salesperson of the contract."
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        "Mail",
        domain=[("model", "=", "subscription.contract")],
        ondelete="set null",
        help="Empty: none is sent.",
    )
    base_automation_id = fields.Many2one(
        "base.automation", "Automation rule", readonly=True, copy=False, ondelete="set null", index="btree_not_null"
    )
    contract_ids = fields.Many2many(
        "subscription.contract", string="Acted upon", readonly=True, copy=False, help="They match now."
    )

    _days_positive = models.Constraint("CHECK(days >= 0 AND activity_days >= 0)", "Days are not negative.")
    _threshold_positive = models.Constraint("CHECK(threshold > 0)", "The usage threshold is above zero.")

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._carry_over()
        return rules

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() - {"contract_ids", "base_automation_id"}:
            self._carry_over()
        return result

    def unlink(self):
        carriers = self.sudo().base_automation_id
        result = super().unlink()
        carriers.action_server_ids.unlink()
        carriers.unlink()
        return result

    # the automation rule of Odoo

    def _carry_over(self):
        """Let Odoo's automation rule do what this one says."""
        for rule in self.sudo():
            values = rule._carrier_values()
            if carrier := rule.base_automation_id:
                carrier.action_server_ids.unlink()
                carrier.write(values)
            else:
                carrier = rule.base_automation_id = self.env["base.automation"].sudo().create(values)
            # never by commands: Odoo executes those on server actions with the rights of the user
            self.env["ir.actions.server"].sudo().create(rule._action_values(carrier))

    def _carrier_values(self) -> dict:
        self.ensure_one()
        model = "subscription.contract"
        return {
            "name": self.name,
            "active": self.active,
            "model_id": self.env["ir.model"]._get_id(model),
            "trigger": "on_time",
            "trg_date_id": self.env["ir.model.fields"]._get(model, DATES.get(self.kind, "next_billing_date")).id,
            "trg_date_range": self.days,
            "trg_date_range_type": "day",
            "trg_date_range_mode": "before" if self.kind == "deadline" else "after",
            "description": self.env._("Set in Subscriptions > Configuration > Automation."),
        }

    def _action_values(self, carrier) -> list[dict]:
        common = {"model_id": carrier.model_id.id, "base_automation_id": carrier.id, "usage": "base_automation"}
        actions = []
        if self.activity_type_id:
            person = (
                {"activity_user_type": "specific", "activity_user_id": self.user_id.id}
                if self.user_id
                else {"activity_user_type": "generic", "activity_user_field_name": "user_id"}
            )
            actions.append(
                {
                    **common,
                    **person,
                    "name": f"{self.name}: {self.activity_type_id.name}",
                    "state": "next_activity",
                    "activity_type_id": self.activity_type_id.id,
                    "activity_summary": self.activity_summary or self.name,
                    "activity_date_deadline_range": self.activity_days,
                    "activity_date_deadline_range_type": "days",
                }
            )
        if self.mail_template_id:
            actions.append(
                {
                    **common,
                    "name": f"{self.name}: {self.mail_template_id.name}",
                    "state": "mail_post",
                    "template_id": self.mail_template_id.id,
                    "mail_post_method": "note",
                }
            )
        return actions

    # the contracts

    def _take_new(self):
        """The contracts that have come to match since the last look; a copy of the database acts on none."""
        self.ensure_one()
        contracts = self.env["subscription.contract"].sudo()
        if not self.env["subscription.engine"]._is_armed():
            return contracts
        matching = contracts.search(self._domain())
        new = matching - self.contract_ids
        self.contract_ids = matching
        return new

    def _domain(self) -> Domain:
        """What a contract matches today; ``_domain_<kind>`` says it for each kind."""
        domain = getattr(self, f"_domain_{self.kind}")()
        return domain & Domain("plan_id", "in", self.plan_ids.ids) if self.plan_ids else domain

    def _domain_red_flag(self) -> Domain:
        return Domain("health", "=", "bad") & Domain("health_since", "<=", f"today -{self.days}d")

    def _domain_deadline(self) -> Domain:
        return (
            RUNNING
            & Domain("date_stop", "=", False)
            & Domain("notice_deadline", ">=", "today")
            & Domain("notice_deadline", "<=", f"today +{self.days}d")
        )

    def _domain_overdue(self) -> Domain:
        return Domain("overdue_since", "<", f"today -{self.days}d")

    def _domain_payment_failed(self) -> Domain:
        """An invoice is still open whose charge, or whose last payment online, failed."""
        since = self.env.cr.now() - timedelta(days=self.days)
        still_open = [("state", "=", "posted"), ("payment_state", "in", ("not_paid", "partial"))]
        charges = (
            self.env["subscription.charge.attempt"]
            .sudo()
            .search(
                [
                    ("state", "in", ("declined", "unknown")),
                    ("asked_on", "<=", since),
                    ("move_id", "any", still_open),
                ]
            )
        )
        transactions = (
            self.env["payment.transaction"]
            .sudo()
            .search(
                [
                    ("state", "=", "error"),
                    ("last_state_change", "<=", since),
                    ("invoice_ids", "any", [*still_open, ("line_ids.subscription_line_id", "!=", False)]),
                ]
            )
        )
        due = transactions.invoice_ids.filtered("amount_residual")
        return Domain("id", "in", (charges.contract_id | due.subscription_contract_ids).ids)

    def _domain_usage(self) -> Domain:
        """A line of which more is used, and not billed yet, than the threshold allows."""
        groups = self.env["subscription.usage"].sudo()._read_group(
            Domain("period_id", "=", False)
            & Domain("contract_id.state", "in", ("active", "paused"))
            & Domain("date", "<=", f"today -{self.days}d"),
            ["chain_id"],
            ["quantity:sum"],
        )  # fmt: skip
        return Domain("id", "in", [chain.contract_id.id for chain, used in groups if self._is_above(chain, used)])

    def _is_above(self, chain, used) -> bool:
        if self.threshold_unit == "quantity":
            return used > self.threshold
        contract = chain.contract_id
        rows = contract.line_ids.filtered(lambda line: line.chain_id == chain and line._is_in_force(contract._today()))
        included = max(rows.mapped("included_quantity"), default=0.0)
        return included > 0 and used > included * self.threshold / 100
