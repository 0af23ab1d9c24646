from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.money import net_price
from .subscription_dated import VERB

# what a contract took over from its order line, and only an amendment changes
HANDED_OVER = (
    "product_id",
    "product_uom_qty",
    "product_uom_id",
    "price_unit",
    "discount",
    "tax_ids",
    "subscription_recurrence_id",
)


class SaleOrderLine(models.Model):
    """An order line that a contract bills is out of reach of Sales: see ``subscription_line_handed_over``."""

    _inherit = "sale.order.line"

    subscription_recurrence_id = fields.Many2one(
        "subscription.recurrence",
        "Recurrence",
        compute="_compute_subscription_recurrence_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
        index="btree_not_null",
        help="How often the price of a recurring product comes back.",
    )
    subscription_line_ids = fields.One2many(
        "subscription.line", "sale_line_id", "Contract lines", readonly=True, copy=False
    )
    subscription_line_chain_id = fields.Many2one(
        "subscription.line",
        "Line of the contract",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="What this line changes or renews of a running contract; a quantity of 0 ends it.",
    )
    subscription_line_handed_over = fields.Boolean(
        "Billed by the contract",
        compute="_compute_subscription_line_handed_over",
        store=True,
        help="Sales never invoices this line: its contract does.",
    )
    subscription_line_discount_taken = fields.Monetary(
        "Carried by the contract",
        readonly=True,
        copy=False,
        help="The part of this discount that became the discount of contract lines.",
    )

    # computes

    @api.depends("product_id")
    def _compute_subscription_recurrence_id(self):
        for line in self:
            if line.subscription_line_handed_over and line.state == "sale":
                line.subscription_recurrence_id = line.subscription_recurrence_id
            elif line.product_id.subscription_recurring:
                line.subscription_recurrence_id = line._subscription_default_recurrence()
            else:
                line.subscription_recurrence_id = False

    def _subscription_default_recurrence(self):
        """The product's recurrence, else that of the plan of the order."""
        self.ensure_one()
        product = self.product_id
        plan = self.order_id.subscription_plan_id or self.order_id._subscription_default_plan(product)
        return product.subscription_recurrence_id or plan.recurrence_id

    @api.depends("subscription_line_ids", "subscription_line_discount_taken", "subscription_line_chain_id", "state")
    def _compute_subscription_line_handed_over(self):
        """The stored link decides, never the product: read past the rights of whoever looks."""
        linked = self._subscription_linked_lines().sale_line_id
        for line in self:
            taken = line.subscription_line_discount_taken
            line.subscription_line_handed_over = (
                line._origin in linked
                or bool(taken and line._subscription_ordinary_price() == 0)
                or (line.state == "sale" and bool(line.sudo().subscription_line_chain_id))
            )

    def _subscription_linked_lines(self):
        """The contract lines of these, also for those who may not read contracts."""
        return self.env["subscription.line"].sudo().search([("sale_line_id", "in", self.ids)])

    @api.depends("subscription_recurrence_id")
    def _compute_pricelist_item_id(self):
        super()._compute_pricelist_item_id()

    @api.depends("subscription_recurrence_id")
    def _compute_price_unit(self):
        super()._compute_price_unit()

    @api.depends("subscription_recurrence_id")
    def _compute_discount(self):
        super()._compute_discount()

    def _get_pricelist_kwargs(self):
        kwargs = super()._get_pricelist_kwargs()
        if self.subscription_recurrence_id:
            kwargs["subscription_recurrence"] = self.subscription_recurrence_id
        return kwargs

    @api.depends("subscription_line_handed_over")
    def _compute_qty_to_invoice(self):
        super()._compute_qty_to_invoice()
        handed_over = self.filtered("subscription_line_handed_over")
        handed_over.qty_to_invoice = 0.0
        for combo in self._subscription_combos():
            if not any(combo._subscription_combo_items().mapped("qty_to_invoice")):
                combo.qty_to_invoice = 0.0

    @api.depends("subscription_line_handed_over", "linked_line_ids.subscription_line_handed_over")
    def _compute_invoice_status(self):
        super()._compute_invoice_status()
        for line in self.filtered(lambda line: line.state == "sale"):
            items = line._subscription_combo_items()
            if line.subscription_line_handed_over or (items and all(items.mapped("subscription_line_handed_over"))):
                line.invoice_status = "invoiced"

    @api.depends("subscription_line_handed_over", "subscription_line_discount_taken")
    def _compute_untaxed_amount_to_invoice(self):
        super()._compute_untaxed_amount_to_invoice()
        for line in self._subscription_concerned():
            taken = (1 - line._subscription_ordinary_share()) * line.price_subtotal
            line.untaxed_amount_to_invoice = (
                0.0 if line.subscription_line_handed_over else line.untaxed_amount_to_invoice - taken
            )

    @api.depends("subscription_line_handed_over", "subscription_line_discount_taken")
    def _compute_amount_to_invoice(self):
        super()._compute_amount_to_invoice()
        for line in self._subscription_concerned():
            line.amount_to_invoice *= line._subscription_ordinary_share()

    @api.depends("subscription_line_handed_over", "subscription_line_discount_taken")
    def _compute_amount_to_invoice_at_date(self):
        super()._compute_amount_to_invoice_at_date()
        for line in self._subscription_concerned():
            line.amount_to_invoice_at_date *= line._subscription_ordinary_share()

    @api.depends("subscription_line_handed_over")
    def _compute_product_updatable(self):
        super()._compute_product_updatable()
        self.filtered(
            lambda line: line.subscription_line_handed_over and line.state == "sale"
        ).product_updatable = False

    # records

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_nothing_recurring_is_added()
        return lines

    def write(self, vals):
        if vals.get("qty_to_invoice") and (billed := self.filtered("subscription_line_handed_over")):
            # the invoicing of timesheets and of online payments writes past the compute
            return billed.write({**vals, "qty_to_invoice": 0.0}) and (self - billed).write(vals)
        self._check_not_handed_over(vals)
        if not vals.keys() & {"product_id", "product_uom_qty", "order_id"}:
            return super().write(vals)
        sold = self.filtered(lambda line: line._subscription_sells_recurring())
        result = super().write(vals)
        (self - sold)._check_nothing_recurring_is_added()
        return result

    def _check_not_handed_over(self, vals):
        """A line that a contract bills changes by amendment of the contract only."""
        names = [name for name in HANDED_OVER if name in vals]
        if not names or self.env.context.get("subscription_verb") is VERB:
            return
        for line in self.filtered(lambda line: line.subscription_line_handed_over and line.state == "sale"):
            if any(line._subscription_differs(name, vals[name]) for name in names):
                raise UserError(
                    self.env._(
                        "%(line)s is billed by the contract %(contract)s: change it there, with its Change button.",
                        line=line.display_name,
                        contract=line.order_id.sudo().subscription_contract_id.display_name,
                    )
                )

    def _subscription_differs(self, name, value) -> bool:
        """Whether ``value`` is a change: clients also send what stays as it is."""
        field = self._fields[name]
        if field.type == "float":
            digits = field.get_digits(self.env)
            return round((value or 0.0) - self[name], digits[1] if digits else 6) != 0
        if field.type == "many2many":
            return set(field.convert_to_cache(value, self)) != set(self[name].ids)
        return field.convert_to_cache(value, self) != self[name].id

    def _check_nothing_recurring_is_added(self):
        """Nobody would bill a recurring line that joins an order after its confirmation."""
        added = self.filtered(
            lambda line: (
                line.state == "sale" and not line.subscription_line_handed_over and line._subscription_sells_recurring()
            )
        )
        for line in added[:1]:
            contract = line.order_id.sudo().subscription_contract_id
            if not contract:
                raise UserError(
                    self.env._(
                        "%(order)s is confirmed: sell the recurring product %(product)s on a new quotation.",
                        order=line.order_id.display_name,
                        product=line.product_id.display_name,
                    )
                )
            raise UserError(
                self.env._(
                    "%(order)s is confirmed: add the recurring product %(product)s with the Change button "
                    "of the contract %(contract)s, or with an upsell quotation made from it.",
                    order=line.order_id.display_name,
                    product=line.product_id.display_name,
                    contract=contract.display_name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_handed_over(self):
        for line in self.filtered("subscription_line_handed_over")[:1]:
            raise UserError(
                self.env._(
                    "%(line)s is billed by the contract %(contract)s: end it there, with its Change button.",
                    line=line.display_name,
                    contract=line.order_id.sudo().subscription_contract_id.display_name,
                )
            )

    # what a line sells

    def _subscription_is_sold(self) -> bool:
        """A product in some quantity; sections, notes, options left out and parents of a combo are not."""
        self.ensure_one()
        return (
            bool(self.product_id)
            and not self.display_type
            and not self.is_downpayment
            and not self.is_expense
            and self.product_id.type != "combo"
            and self.product_uom_qty > 0
        )

    def _subscription_sells_recurring(self) -> bool:
        """Whether confirming opens a contract for this line, by the product as it is today."""
        self.ensure_one()
        return self._subscription_is_sold() and self.product_id.subscription_recurring

    def _subscription_sells_one_off(self) -> bool:
        """Whether a contract opened beside this line bills it once: a service due as soon as it is ordered."""
        self.ensure_one()
        return (
            self._subscription_is_sold()
            and not self.product_id.subscription_recurring
            and self.product_id.type == "service"
            and self.product_id.invoice_policy == "order"
            and not self._is_delivery()
            and not self._subscription_is_discount()
        )

    def _subscription_is_discount(self) -> bool:
        """A discount on the order, in a line of its own; a gift card pays once and is none."""
        self.ensure_one()
        is_discount = self._is_global_discount() or self._is_discount_line()
        is_payment = "reward_id" in self._fields and self["reward_id"].program_id.is_payment_program
        return bool(is_discount and not is_payment and self._subscription_is_sold() and self.price_unit < 0)

    def _subscription_is_recurring(self) -> bool:
        """Whether the price of this line comes back: by the link once confirmed, by the product before."""
        self.ensure_one()
        if self.state == "sale":
            return self.subscription_line_handed_over and bool(self.subscription_recurrence_id)
        return self._subscription_sells_recurring()

    # amounts, in the basis of the unit price

    def _subscription_gross(self) -> Decimal:
        self.ensure_one()
        return Decimal(str(self.product_uom_qty)) * Decimal(str(self.price_unit))

    def _subscription_net(self, discount=None) -> Decimal:
        """Quantity by price less ``discount``, the line's own by default."""
        self.ensure_one()
        return net_price(
            Decimal(str(self.product_uom_qty)),
            Decimal(str(self.price_unit)),
            Decimal(str(self.discount)) if discount is None else discount,
            self.order_id._subscription_currency_unit(),
        )

    def _subscription_ordinary_price(self) -> Decimal:
        """What Sales still invoices of a discount line; negative, as its price."""
        self.ensure_one()
        return self._subscription_net() + Decimal(str(self.subscription_line_discount_taken or 0.0))

    def _subscription_ordinary_share(self) -> float:
        """The part of the line that Sales invoices, from 0 to 1."""
        self.ensure_one()
        if self.subscription_line_handed_over:
            return 0.0
        if not self.subscription_line_discount_taken or not self._subscription_net():
            return 1.0
        return float(self._subscription_ordinary_price() / self._subscription_net())

    def _subscription_concerned(self):
        """The lines of these of which a contract bills a part at least."""
        return self.filtered(lambda line: line.subscription_line_handed_over or line.subscription_line_discount_taken)

    def _subscription_ordinary_base_line(self, **kwargs):
        """The part that Sales invoices, as the tax engine reads it."""
        self.ensure_one()
        if not self.subscription_line_discount_taken:
            return self._prepare_base_line_for_taxes_computation(**kwargs)
        return self._subscription_base_line(self._subscription_ordinary_price(), **kwargs)

    def _subscription_base_line(self, amount: Decimal, **kwargs):
        """The line at another amount, without what was fixed for the former one."""
        base_line = self._prepare_base_line_for_taxes_computation(**kwargs)
        return base_line | {
            "quantity": 1.0,
            "price_unit": float(amount),
            "discount": 0.0,
            "manual_total_excluded_currency": None,
            "manual_total_excluded": None,
            "manual_tax_amounts": None,
        }

    # invoicing

    def _prepare_invoice_line(self, **optional_values):
        """Sales invoices the part of a discount that the contract did not take over."""
        values = super()._prepare_invoice_line(**optional_values)
        if self.subscription_line_discount_taken and not self.is_downpayment:
            values |= {
                "price_unit": float(self._subscription_ordinary_price()) / self.product_uom_qty,
                "discount": 0.0,
                "extra_tax_data": False,
            }
        return values

    # combos

    def _subscription_combo_items(self):
        self.ensure_one()
        return self.linked_line_ids.filtered("combo_item_id") if self.product_id.type == "combo" else self.browse()

    def _subscription_combos(self):
        """The parents of combos of which one of these lines is a part, or that stand among them."""
        combos = self.filtered(lambda line: line.product_id.type == "combo")
        return combos | self.filtered("combo_item_id").linked_line_id
