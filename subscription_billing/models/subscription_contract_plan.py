from datetime import date

from odoo import fields, models
from odoo.exceptions import UserError

# terms that a running contract never takes from a plan
KEPT_TERMS = {"alignment", "alignment_day", "alignment_month", "trial", "trial_unit", "trial_outcome"}


class SubscriptionContractPlan(models.Model):
    """The offer of a contract: another plan of its family, and the options of its plan."""

    _inherit = "subscription.contract"

    option_ids = fields.One2many(related="plan_id.option_ids", string="Options of the plan")

    def _change_plan(self, plan, date: date, reason: str = "", order=None):
        """Go over to ``plan`` from ``date`` on: its lines take the place of those of the present plan.

        Lines change within their chains, so that quantities typed for this contract, its
        discounts and its periods stay; what both plans do not sell is left alone.

        :returns: the ``subscription.amendment``.
        :raises UserError: when the contract does not run then, or has that plan already.
        """
        self.ensure_one()
        contract = self._locked()
        contract._check_amendable(date)
        if contract.plan_id == plan:
            raise UserError(
                self.env._("%(contract)s has the plan %(plan)s.", contract=contract.display_name, plan=plan.name)
            )
        with contract._amendment("plan", date, reason=reason, order=order) as amendment:
            contract._change_lines(amendment, date, contract._plan_changes(plan, date))
            amendment._change_contract({"plan_id": plan.id, **contract._terms_on_change(plan)})
        return amendment

    def _take_terms(self, plan):
        """Have the present terms of the plan, from today on; an amendment says which ones changed."""
        contract = self._locked()
        with contract._amendment("terms", contract._today(), keep_empty=False) as amendment:
            amendment._change_contract(contract._offer_terms(plan), at_once=True)
        return amendment.exists()

    def _plan_changes(self, plan, day) -> list[tuple]:
        """The changes of lines that lead from the present plan to ``plan``: see ``_amend``."""
        self.ensure_one()
        rows = self._rows_on(day)
        changes = []
        former, wanted = self.plan_id._included_lines(), plan._included_lines()
        for index, old in enumerate(former):
            row = rows.filtered(lambda line, old=old: line.product_id == old.product_id)[:1]
            new = wanted[index : index + 1]
            if row and new:
                changes.append((row, new._row_values(self, day, replaced=row, default=old)))
            elif row:
                changes.append((row, None))
        known = rows.product_id
        changes += [
            (None, new._row_values(self, day))
            for index, new in enumerate(wanted)
            if index >= len(former) and new.product_id not in known
        ]
        for option in plan.option_ids:
            if row := rows.filtered(lambda line, option=option: line.product_id == option.product_id)[:1]:
                changes.append((row, {"price_unit": option._price(self, day, row.quantity)}))
        return changes

    def _rows_on(self, day):
        """The lines that hold on ``day``, or begin later when none of their chain holds then."""
        rows = self.line_ids.filtered(
            lambda line: line.kind != "one_off" and line._period().stop > day and line._period()
        )
        first = rows.browse()
        for chain_rows in rows.grouped("chain_id").values():
            first |= chain_rows.sorted("date_start")[:1]
        return first.sorted(lambda line: (line.sequence, line.chain_id.id))

    def _offer_terms(self, plan) -> dict:
        """The terms of ``plan`` that a running contract takes: its anchor and its trial stay."""
        return {name: value for name, value in plan._terms_values().items() if name not in KEPT_TERMS}

    def _terms_on_change(self, plan) -> dict:
        """The same on a change of offer: what was agreed otherwise than the present plan says stays."""
        own, former = self._terms_values(), self.plan_id._terms_values()
        return {name: value for name, value in self._offer_terms(plan).items() if own[name] == former[name]}

    def _plan_change_day(self, plan) -> date:
        """When a change to ``plan`` takes effect unless a person says otherwise."""
        self.ensure_one()
        is_upgrade = plan.rank >= self.plan_id.rank
        timing = self.upgrade_timing if is_upgrade else self.downgrade_timing
        return self._today() if timing == "now" else self._next_period_start()

    def _next_period_start(self) -> date:
        """The first day of the period after the running one of the plan's recurrence."""
        today = max(self._today(), self._service_start())
        return self.recurrence_id._cadence().containing(self.anchor_date, today).stop

    def _offers(self):
        """The plans that this contract may go over to in one click."""
        self.ensure_one()
        family = self.plan_id.family_id
        if not family:
            return self.plan_id.browse()
        plans = self.env["subscription.plan"].search([("family_id", "=", family.id), ("id", "!=", self.plan_id.id)])
        return plans.filtered(lambda plan: plan.company_id in (plan.company_id.browse(), self.company_id))

    # options

    def _set_option(self, option, quantity: float, date: date, reason: str = ""):
        """Have ``quantity`` of an option of the plan from ``date`` on; 0 drops it.

        :returns: the ``subscription.amendment``, empty when nothing changed.
        """
        change = self._option_change(option, quantity, date)
        return self._amend(date, [change], reason=reason) if change else self.env["subscription.amendment"]

    def _option_change(self, option, quantity: float, date: date):
        """The change of lines that lets a contract have ``quantity`` of a line of its plan: see ``_amend``."""
        self.ensure_one()
        row = self._rows_on(date).filtered(lambda line: line.product_id == option.product_id)[:1]
        if row:
            return row, {"quantity": quantity} if quantity else None
        return (None, {**option._row_values(self, date), "quantity": quantity}) if quantity else None

    def _check_options(self, day):
        """:raises ValidationError: where an option is had in a quantity that the plan does not offer."""
        for option in self.plan_id.option_ids:
            for row in self._rows_on(day).filtered(lambda line, option=option: line.product_id == option.product_id):
                option._check_quantity(self.display_name, row.quantity)
