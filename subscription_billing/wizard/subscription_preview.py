from odoo import Command, api, fields, models


class SubscriptionPreview(models.AbstractModel):
    """A wizard in two steps: what is asked, then what it costs, shown before anything is done."""

    _name = "subscription.preview"
    _description = "Amounts before a confirmation"

    contract_id = fields.Many2one("subscription.contract", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    step = fields.Selection([("ask", "What is asked"), ("confirm", "What it costs")], required=True, default="ask")
    charge_ids = fields.Many2many("subscription.preview.charge", string="Amounts", readonly=True)
    amount_charged = fields.Monetary("Charged", compute="_compute_amounts")
    amount_credited = fields.Monetary("Credited", compute="_compute_amounts")
    amount = fields.Monetary("Difference", compute="_compute_amounts")
    amount_total = fields.Monetary("With taxes", readonly=True)

    @api.depends("charge_ids")
    def _compute_amounts(self):
        for wizard in self:
            for name in ("amount_charged", "amount_credited", "amount"):
                wizard[name] = sum(wizard.charge_ids.mapped(name))

    def _show(self, charges: list[dict], **values):
        """Second step: the charges that the engine would write."""
        currency = {"currency_id": self.currency_id.id}
        self.write(
            {
                "step": "confirm",
                "charge_ids": [Command.clear(), *(Command.create({**charge, **currency}) for charge in charges)],
                **values,
            }
        )
        return self._reopen()

    def action_back(self):
        """First step again, as it was left."""
        self.step = "ask"
        return self._reopen()

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env["ir.model"]._get(self._name).name,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
