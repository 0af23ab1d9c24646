from odoo import fields, models
from odoo.exceptions import ValidationError

CUSTOMER_RIGHTS = [("none", "Nothing"), ("add", "Add"), ("add_drop", "Add and drop")]


class SubscriptionPlanLine(models.Model):
    """What a plan sells: included in it, or as an option."""

    _name = "subscription.plan.line"
    _description = "Line of a plan"
    _order = "plan_id, is_option, sequence, id"
    _check_company_auto = True

    plan_id = fields.Many2one("subscription.plan", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="plan_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    is_option = fields.Boolean("Optional", help="Offered beside the plan, not sold with it.")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="restrict",
        check_company=True,
        domain=[("sale_ok", "=", True), ("subscription_recurring", "=", True)],
    )
    quantity = fields.Float(digits="Product Unit", default=1.0, required=True)
    recurrence_id = fields.Many2one(
        "subscription.recurrence", ondelete="restrict", help="Empty: the product's, else the plan's."
    )
    has_price = fields.Boolean("Own price", help="Else the price list of the customer says it.")
    price_unit = fields.Float("Unit price", min_display_digits="Product Price", help="For one whole period.")
    minimum_quantity = fields.Float("From", digits="Product Unit", default=0.0)
    maximum_quantity = fields.Float("To", digits="Product Unit", help="0 without limit.")
    customer_may = fields.Selection(
        CUSTOMER_RIGHTS, "The customer may", required=True, default="none", help="By himself, on the portal."
    )

    _quantities_bounded = models.Constraint(
        "CHECK(quantity >= 0 AND minimum_quantity >= 0 "
        "AND (maximum_quantity = 0 OR maximum_quantity >= minimum_quantity))",
        "The quantity of a plan's line is not negative, and its maximum is not below its minimum.",
    )

    def _allows(self, quantity: float) -> bool:
        """Whether an option may be had in that quantity; none at all is always allowed."""
        self.ensure_one()
        if not quantity:
            return True
        return self.minimum_quantity <= quantity and (not self.maximum_quantity or quantity <= self.maximum_quantity)

    def _check_quantity(self, owner: str, quantity: float):
        """:raises ValidationError: when ``owner`` has an option in a quantity that is not offered."""
        if not self._allows(quantity):
            raise ValidationError(
                self.env._(
                    "%(owner)s: the plan offers %(option)s from %(minimum)s to %(maximum)s.",
                    owner=owner,
                    option=self.product_id.display_name,
                    minimum=self.minimum_quantity,
                    maximum=self.maximum_quantity or "∞",
                )
            )

    def _row_values(self, contract, day, replaced=None, default=None) -> dict:
        """Values of the contract line that sells this; what a person typed on the one it replaces is kept.

        :param replaced: the row of the same chain that sold the former offer.
        :param default: the line of the former plan: a quantity that differs from it was typed for this contract.
        """
        self.ensure_one()
        is_own = replaced and default and replaced.quantity != default.quantity
        quantity = replaced.quantity if is_own else self.quantity
        proposed = self._proposed_row(contract, day, quantity)
        return {
            "product_id": self.product_id.id,
            "name": proposed.name,
            "quantity": quantity,
            "product_uom_id": proposed.product_uom_id.id,
            "price_unit": self.price_unit if self.has_price else proposed._pricelist_price(),
            "recurrence_id": proposed.recurrence_id.id,
        }

    def _price(self, contract, day, quantity) -> float:
        self.ensure_one()
        return self.price_unit if self.has_price else self._proposed_row(contract, day, quantity)._pricelist_price()

    def _proposed_row(self, contract, day, quantity):
        """The contract line as it would open, in memory only."""
        return self.env["subscription.line"].new(
            {
                "contract_id": contract.id,
                "product_id": self.product_id.id,
                "quantity": quantity,
                "date_start": day,
                **({"recurrence_id": self.recurrence_id.id} if self.recurrence_id else {}),
            }
        )
