from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date


class SubscriptionPast(models.TransientModel):
    """Choose the past day on which to read a contract."""

    _name = "subscription.past"
    _description = "View on a day"

    contract_id = fields.Many2one("subscription.contract", required=True, ondelete="cascade")
    date = fields.Date("Day", required=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        values.setdefault("contract_id", self.env.context.get("active_id"))
        contract = self.env["subscription.contract"].browse(values["contract_id"])
        if "date" in fields and contract:
            values.setdefault("date", contract._today())
        return values

    @api.constrains("contract_id", "date")
    def _check_date(self):
        for choice in self:
            start, today = choice.contract_id.date_start, choice.contract_id._today()
            if not start <= choice.date <= today:
                raise ValidationError(
                    self.env._(
                        "%(contract)s can be read on any day from %(start)s to %(today)s.",
                        contract=choice.contract_id.display_name,
                        start=format_date(self.env, start),
                        today=format_date(self.env, today),
                    )
                )

    def action_open(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_contract_past")
        return {
            **action,
            "res_id": self.contract_id.id,
            "context": {"subscription_as_of": fields.Date.to_string(self.date)},
        }
