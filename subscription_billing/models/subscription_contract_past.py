from collections import defaultdict
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError

# what the calendar takes away on its day, without an amendment
LIFTED = ("paused_from", "resumes_on")
PAST_FORM = "subscription_billing.view_subscription_contract_past_form"


class SubscriptionContractPast(models.Model):
    """The contract as it was on a past day, on the form that shows it today.

    Dated lines know the day they speak of. The values of the contract are told by its
    amendments, each from the day on which it held; what is backdated counts from the day
    on which it took effect::

        notice       1 month ——|—— 3 months ———————▶ today
        amendment              ▲ 1 → 3, in force since that day
    """

    _inherit = "subscription.contract"

    as_of = fields.Date("As it was on", compute="_compute_as_of", help="The past day that the form shows.")

    @api.depends_context("subscription_as_of")
    def _compute_as_of(self):
        self.as_of = self._asked_day()

    @api.model
    def _asked_day(self) -> date | None:
        """The day that the reader asked for; None for today."""
        return fields.Date.to_date(self.env.context.get("subscription_as_of") or None)

    def _check_present(self):
        """:raises UserError: where somebody would write what he reads as of another day."""
        if self._asked_day():
            raise UserError(self.env._("The past can be read, not changed: go back to today."))

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        if view.xml_id == PAST_FORM:
            self._leave_out_today(arch)
        return arch, view

    @api.model
    def _leave_out_today(self, arch):
        """A form of the past has no deeds, no health, and no alert but of what the past can tell."""
        told = self._past_fields()
        alerts = "/form/div[@role='alert'][not(@name='as_of')]"
        for node in arch.xpath(f"//button[@name != 'action_open_today'] | {alerts} | //div[@name='health']"):
            names = {field.get("name") for field in node.iter("field")}
            if node.tag == "button" or not names or names - told:
                node.getparent().remove(node)

    def web_read(self, specification):
        rows = super().web_read(specification)
        if not self._asked_day():
            return rows
        told = {name: spec for name, spec in specification.items() if name in self._past_fields()}
        for contract, row in zip(self, rows, strict=True):
            [past] = super(SubscriptionContractPast, contract._past()).web_read(told)
            row.update({name: past[name] for name in told})
        return rows

    @api.model
    def _past_fields(self) -> set[str]:
        """What the contract itself tells about another day than today."""
        return {
            *self._terms_fields(),
            "close_reason_id",
            "date_end",
            "date_stop",
            "mrr",
            "next_billing_date",
            "notice_deadline",
            "partner_id",
            "partner_invoice_id",
            "partner_shipping_id",
            "paused_from",
            "plan_id",
            "resumes_on",
            "state",
            "team_id",
            "term_end",
            "term_start",
            "trial_end",
            "user_id",
        }

    def _past(self):
        """This contract in memory, with the values it had on the day of the context."""
        self.ensure_one()
        # nobody kept what was due next
        past = self.new({**self._values_as_of(self._asked_day()), "next_billing_date": False}, origin=self)
        past.mrr = sum(self._recurring_lines().mapped("mrr")) if past.state == "active" else 0.0
        return past

    def _values_as_of(self, day) -> dict:
        """What the contract said on ``day``, where it is not what it says today."""
        self.ensure_one()
        values = {}
        for name, changes in self._told_changes().items():
            held = [after for since, _number, _before, after in changes if since <= day]
            if held and (changes[-1][0] > day or name in LIFTED):
                values[name] = held[-1]
            elif not held:
                _since, _number, values[name], _after = min(changes, key=lambda change: change[1])
        values |= self._pause_as_of(day, values)
        values["state"] = self._state_as_of(day, values)
        today = self._plain_values(values)
        return {name: value for name, value in values.items() if value != today[name]}

    def _told_changes(self) -> dict[str, list[tuple]]:
        """For each value that amendments changed: since when, by which one, before and after, in that order."""
        changes = defaultdict(list)
        for amendment in self.amendment_ids:
            for name, after in (amendment.values_after or {}).items():
                if (since := amendment._held_from(name)) < date.max:
                    changes[name].append((since, amendment.number, amendment.values_before[name], after))
        return {name: sorted(told) for name, told in changes.items()}

    def _told(self, name, values):
        """A date of the contract, as ``values`` tell it."""
        return fields.Date.to_date(values[name]) if name in values else self[name]

    def _pause_as_of(self, day, values) -> dict:
        """The pause that ``values`` tell, unless the calendar had lifted it by ``day``."""
        start, stop = self._told("paused_from", values), self._told("resumes_on", values)
        if not stop or (start and start < stop and day < stop):
            return {}
        return {"resumes_on": False} if start and stop <= start else {"paused_from": False, "resumes_on": False}

    def _state_as_of(self, day, values) -> str:
        if self.state == "draft":
            return "draft"
        stop, paused_from = self._told("date_stop", values), self._told("paused_from", values)
        if stop and stop <= day:
            return "closed"
        return "paused" if paused_from and paused_from <= day else "active"

    def action_open_today(self):
        """The same form, as it is now."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "subscription.contract",
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "main",
        }
