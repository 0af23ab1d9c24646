from odoo import models


class SubscriptionPlanLine(models.Model):
    _inherit = "subscription.plan.line"

    def _customer_bounds(self, quantity: float) -> tuple[float, float]:
        """The least and the most of it that a customer who has ``quantity`` may take by himself.

        :returns: twice ``quantity`` where he may change nothing; no upper bound is ``inf``.
        """
        self.ensure_one()
        level = self.plan_id.customer_level
        may_have_more = self.customer_may != "none" and level != "restricted"
        may_have_less = self.customer_may == "add_drop" and level == "both"
        least = 0.0 if self.is_option else self.minimum_quantity or min(quantity, 1.0)
        most = self.maximum_quantity or float("inf")
        return (
            min(least, quantity) if may_have_less else quantity,
            max(most, quantity) if may_have_more else quantity,
        )
