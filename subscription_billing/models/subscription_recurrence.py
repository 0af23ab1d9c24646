from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.cadence import Cadence


class SubscriptionRecurrence(models.Model):
    _name = "subscription.recurrence"
    _description = "Recurrence"
    _inherit = ["subscription.input"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    unit = fields.Selection(
        [("day", "Days"), ("week", "Weeks"), ("month", "Months"), ("year", "Years")],
        required=True,
        default="month",
    )
    interval = fields.Integer("Every", required=True, default=1)
    price_suffix = fields.Char(
        "Price label", translate=True, help="Follows a price in quotations: 49.00 <b>per month</b>."
    )

    _input_bounds = {"interval": (1, 1200)}

    _interval_positive = models.Constraint(
        "CHECK(interval BETWEEN 1 AND 1200)",
        "A recurrence comes back every 1 to 1200 days, weeks, months or years: correct its interval.",
    )

    def _cadence(self) -> Cadence:
        self.ensure_one()
        return Cadence(self.unit, self.interval)

    def _per(self) -> str:
        """The words behind a price: "per month"."""
        self.ensure_one()
        return self.price_suffix or self.env._("(%s)", self.name)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_unused(self.env._("archive it instead"))

    def write(self, vals):
        if {"unit", "interval"} & vals.keys():
            self._check_unused(self.env._("create another one instead"))
        return super().write(vals)

    def _check_unused(self, advice):
        lines = self.env["subscription.line"].sudo().with_context(active_test=False)
        for recurrence in self:
            if lines.search_count([("recurrence_id", "=", recurrence.id)], limit=1):
                raise UserError(
                    self.env._(
                        "Contracts are billed by the recurrence %(name)s: %(advice)s.",
                        name=recurrence.display_name,
                        advice=advice,
                    )
                )
