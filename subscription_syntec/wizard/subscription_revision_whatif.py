from collections import defaultdict
from decimal import Decimal

from odoo import Command, fields, models
from odoo.exceptions import UserError

from odoo.addons.subscription_billing.core.cadence import add_months
from odoo.addons.subscription_billing.models.subscription_contract_reprice import Repricing

MONTHS = 12


class SubscriptionRevisionWhatif(models.TransientModel):
    """What the next twelve months would bill if an index moved by some percent.

    Every contract that follows the index is revised on its next day by the very verb
    that revises it for real, and everything is undone.
    """

    _name = "subscription.revision.whatif"
    _description = "What if an index moves"

    index_id = fields.Many2one("subscription.index", required=True)
    percentage = fields.Float("Moves by %", digits=(6, 4), default=3.0, required=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    month_ids = fields.One2many("subscription.revision.whatif.month", "whatif_id")

    def action_show(self):
        """Twelve months of billing, as they are and as they would be, as a graph."""
        self.ensure_one()
        contracts = self._contracts()
        if not contracts:
            raise UserError(self.env._("No running contract follows %s.", self.index_id.name))
        now = self._billed_by_month(contracts)
        with contracts._rehearsal():
            contracts._reprice(self._repricings(contracts))
            then = self._billed_by_month(contracts)
        first = self.company_id._subscription_today().replace(day=1)
        months = [add_months(first, count) for count in range(MONTHS)]
        self.month_ids = [
            Command.clear(),
            *[
                Command.create({"month": month, "scenario": scenario, "amount": float(amounts[month])})
                for month in months
                for scenario, amounts in (("now", now), ("then", then))
            ],
        ]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("%(index)s %(percent)+g %%", index=self.index_id.name, percent=self.percentage),
            "res_model": "subscription.revision.whatif.month",
            "view_mode": "graph,list",
            "domain": [("whatif_id", "=", self.id)],
        }

    def _contracts(self):
        contracts = self.env["subscription.contract"].search(
            [("company_id", "=", self.company_id.id), ("state", "in", ("active", "paused"))]
        )
        return contracts.filtered(
            lambda contract: any(
                self.index_id in contract._revision_clause(chain).term_ids.index_id
                for chain in contract._revisable_rows()
            )
        )

    def _repricings(self, contracts):
        """The next revision of each line that follows the index, in the twelve months."""
        horizon = add_months(self.company_id._subscription_today(), MONTHS)
        by_day = defaultdict(dict)
        for contract in contracts:
            for chain, rows in contract._revisable_rows().items():
                clause = contract._revision_clause(chain)
                weight = sum(clause.term_ids.filtered(lambda term: term.index_id == self.index_id).mapped("weight"))
                if not weight or clause._excludes(chain):
                    continue
                day = clause._revision_day(contract, rows[0], max(contract._today(), chain.date_start))
                if day <= horizon and rows[-1]._period().stop > day:
                    by_day[contract, day][chain] = self._moved(weight)
        return [Repricing(contract, day, prices) for (contract, day), prices in by_day.items()]

    def _moved(self, weight):
        factor = 1 + Decimal(str(self.percentage)) / 100 * Decimal(str(weight))
        return lambda price: float(round(Decimal(str(price)) * factor, 2))

    def _billed_by_month(self, contracts) -> dict:
        """What is billed in each month, in the currency of the company."""
        today = self.company_id._subscription_today()
        last = add_months(today.replace(day=1), MONTHS)
        amounts = defaultdict(Decimal)
        for charge in self.env["subscription.engine"]._preview(contracts, last):
            if charge.due < last:
                amount = charge.contract.currency_id._convert(
                    float(charge.amount), self.company_id.currency_id, self.company_id, today
                )
                amounts[max(charge.due, today).replace(day=1)] += Decimal(str(amount))
        return amounts
