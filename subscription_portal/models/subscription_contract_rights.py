from typing import NamedTuple

from odoo import models

OUR_REASONS = (
    "subscription_billing.close_reason_unpaid",
    "subscription_billing.close_reason_replaced",
    "subscription_portal.close_reason_withdrawal",
)


class Choice(NamedTuple):
    """A line of the plan that a customer may have another quantity of."""

    line: models.Model
    quantity: float
    least: float
    most: float
    price: float


class SubscriptionContractRights(models.Model):
    """What the customer may do now, by the rights of the plan and the state of the contract."""

    _inherit = "subscription.contract"

    def _customer_choices(self) -> list[Choice]:
        """The lines of the plan whose quantity the customer may change."""
        if self.state != "active" or self.plan_id.customer_level == "restricted":
            return []
        day = self._today()
        choices = []
        rows = self._rows_on(day)
        for line in self.plan_id.line_ids | self.plan_id.option_ids:
            row = rows.filtered(lambda row, line=line: row.product_id == line.product_id)[:1]
            if not row and not line.is_option:
                continue
            least, most = line._customer_bounds(row.quantity)
            if least < most:
                price = row.price_unit if row else line._price(self, day, 1.0)
                choices.append(Choice(line, row.quantity, least, most, price))
        return choices

    def _customer_offers(self):
        """The plans of the family that the customer may go over to."""
        level = self.plan_id.customer_level
        if self.state != "active" or level == "restricted":
            return self.plan_id.browse()
        return self._offers().filtered(lambda plan: level == "both" or plan.rank > self.plan_id.rank)

    def _customer_may_pause(self) -> bool:
        return self.state == "active" and not self.paused_from and self.plan_id.customer_may_pause

    def _customer_may_resume(self) -> bool:
        """Whether the pause that holds, or is planned, was the customer's own."""
        pause = self._current_pause()
        return bool(pause.request_id) and self.state == "paused"

    def _customer_may_renew(self) -> bool:
        return self.is_renewable and not self._open_renewal_quote()

    def _open_renewal_quote(self):
        quotes = self.order_ids.filtered(lambda order: order.state == "sent")
        return quotes.filtered(lambda order: order.subscription_intent == "renewal")[:1]

    def _customer_may_end(self) -> bool:
        return self.state in ("active", "paused") and not self.close_reason_id and self.plan_id.customer_may_end

    def _customer_end_reasons(self):
        """The reasons a customer may choose from: those that are ours are left out."""
        reasons = self.env["subscription.close.reason"]
        return reasons.search([]) - reasons.union(*map(self.env.ref, OUR_REASONS))
