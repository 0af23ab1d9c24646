from odoo import models


class ProductPricelist(models.Model):
    _inherit = "product.pricelist"

    def _get_applicable_rules(self, products, date, **kwargs):
        """The rules of the asked recurrence come before the ordinary ones, each in their own order."""
        rules = super()._get_applicable_rules(products, date, **kwargs)
        if kwargs.get("subscription_recurrence"):
            return rules.sorted(lambda rule: not rule.subscription_recurrence_id)
        return rules

    def _get_applicable_rules_domain(self, products, date, *, subscription_recurrence=None, **kwargs):
        """A rule of a recurrence applies to lines of that recurrence, and to nothing else.

        :param subscription_recurrence: the ``subscription.recurrence`` a price is asked for.
        """
        domain = super()._get_applicable_rules_domain(products=products, date=date, **kwargs)
        recurrence_ids = subscription_recurrence.ids if subscription_recurrence else []
        return [*domain, ("subscription_recurrence_id", "in", [False, *recurrence_ids])]
