import re
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import formatLang

from ..core import charges, timeline
from ..core.money import net_price
from ..core.monthly import monthly_equivalent
from ..core.period import FOREVER, Period

LARGEST = 999_999_999_999

# what a change may name, and what a new row of the chain takes over from the former
CARRIED = (
    "sequence",
    "section",
    "product_id",
    "name",
    "quantity",
    "product_uom_id",
    "price_unit",
    "discount",
    "tax_ids",
    "analytic_distribution",
    "recurrence_id",
    "anchor_date",
    "included_quantity",
    "minimum_amount",
)
# what makes a stretch that is billed already wrong
PRICED = (
    "product_id",
    "quantity",
    "product_uom_id",
    "price_unit",
    "discount",
    "tax_ids",
    "recurrence_id",
    "anchor_date",
    "included_quantity",
    "minimum_amount",
)


class SubscriptionLine(models.Model):
    """What is sold, as a dated row of a chain.

    A billed row is never edited: a change closes it and opens its successor in
    the same chain. History, the view at a past date and MRR read the same rows.
    """

    _name = "subscription.line"
    _description = "Contract line"
    _inherit = ["subscription.input", "subscription.dated", "analytic.mixin"]
    _order = "contract_id, sequence, chain_id, date_start, id"
    _check_company_auto = True

    contract_id = fields.Many2one("subscription.contract", required=True, ondelete="cascade", index=True)
    chain_id = fields.Many2one("subscription.line", readonly=True, index=True, copy=False, ondelete="restrict")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id", store=True)
    partner_id = fields.Many2one(related="contract_id.partner_id")
    external_id = fields.Char(
        "External reference",
        copy=False,
        help="Number of this line in another application, held by the first row of its chain.",
    )
    sequence = fields.Integer(default=10)
    section = fields.Char()
    product_id = fields.Many2one(
        "product.product",
        required=True,
        ondelete="restrict",
        index=True,
        check_company=True,
        domain=[("sale_ok", "=", True)],
    )
    product_categ_id = fields.Many2one(related="product_id.categ_id", string="Product family")
    name = fields.Text(
        "Description", compute="_compute_name", store=True, readonly=False, precompute=True, required=True
    )
    quantity = fields.Float(digits="Product Unit", default=1.0, required=True)
    product_uom_id = fields.Many2one(
        "uom.uom",
        "Unit",
        compute="_compute_product_uom_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
    )
    price_unit = fields.Float(
        "Unit price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        min_display_digits="Product Price",
        help="For one whole period.",
    )
    discount = fields.Float("Disc. %", digits="Discount")
    discount_occurrences = fields.Integer("Discounted periods", help="How many periods the discount holds; 0 for life.")
    price_subtotal = fields.Monetary("Amount per period", compute="_compute_price_subtotal")
    price_untaxed = fields.Monetary(
        "Untaxed per period",
        readonly=True,
        help="Fixed when the row opens, with the product's own taxes: a change of rate is no change of revenue.",
    )
    mrr = fields.Monetary(
        "MRR",
        compute="_compute_mrr",
        store=True,
        aggregator="sum",
        help="Monthly recurring revenue while the row is in force.",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Forced taxes",
        domain=[("type_tax_use", "=", "sale")],
        check_company=True,
        context={"active_test": False},
        help="Empty: the product's taxes through the fiscal position, on the day of each invoice.",
    )
    recurrence_id = fields.Many2one(
        "subscription.recurrence",
        compute="_compute_recurrence_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        ondelete="restrict",
        index=True,
    )
    kind = fields.Selection(
        [("recurring", "Recurring"), ("usage", "Usage"), ("one_off", "One-off")],
        compute="_compute_kind",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    date_start = fields.Date(compute="_compute_date_start", store=True, readonly=False, precompute=True)
    anchor_date = fields.Date(readonly=True, help="The day from which the periods of this line are counted.")
    occurrences = fields.Integer("Instalments", help="Number of periods to bill; 0 without limit.")
    included_quantity = fields.Float("Included", digits="Product Unit", help="Usage of each period that costs nothing.")
    minimum_amount = fields.Monetary("Minimum", help="Billed for each period even when the usage is worth less.")
    covered_until = fields.Date(readonly=True, copy=False, help="Every earlier day is in the ledger already.")
    sale_line_id = fields.Many2one(
        "sale.order.line", "Order line", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    opened_by_id = fields.Many2one("subscription.amendment", readonly=True, copy=False, index="btree_not_null")
    closed_by_id = fields.Many2one("subscription.amendment", readonly=True, copy=False, index="btree_not_null")
    planned_stop = fields.Date(
        readonly=True, copy=False, help="Where the row would have stopped if no amendment had closed it."
    )
    former_id = fields.Many2one(
        "subscription.line", "Follows", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    successor_ids = fields.One2many("subscription.line", "former_id", "Followed by", readonly=True)
    period_ids = fields.One2many("subscription.period", "line_id", "Billed periods", readonly=True)
    state = fields.Selection(related="contract_id.state")

    _input_bounds = {
        "quantity": (0, LARGEST),
        "price_unit": (-LARGEST, LARGEST),
        "discount": (0, 100),
        "occurrences": (0, 40_000),
        "discount_occurrences": (0, 40_000),
        "included_quantity": (0, LARGEST),
        "minimum_amount": (0, LARGEST),
    }

    _dates_ordered = models.Constraint(
        "CHECK(date_stop IS NULL OR date_stop >= date_start)", "A contract line cannot end before it starts."
    )
    _numbers_bounded = models.Constraint(
        "CHECK(quantity >= 0 AND quantity < 1e12 AND abs(price_unit) < 1e12 AND discount BETWEEN 0 AND 100 "
        "AND occurrences >= 0 AND discount_occurrences >= 0 AND included_quantity >= 0 AND minimum_amount >= 0)",
        "Quantity, instalments, included quantity and minimum cannot be negative, "
        "and the discount goes from 0 to 100 %.",
    )
    _chain_disjoint = models.Constraint(
        "EXCLUDE USING gist (chain_id WITH =, daterange(date_start, date_stop) WITH &&)",
        lambda env, diagnostics: env._(
            "%s: two rows of the same line hold on the same day. End the first before the second starts.",
            env["subscription.line"]._chain_in(diagnostics),
        ),
    )

    # computes

    @api.depends("product_id")
    def _compute_name(self):
        for line in self.filtered("product_id"):
            lang = line.contract_id.partner_id.lang
            line.name = line.product_id.with_context(lang=lang).get_product_multiline_description_sale()

    @api.depends("product_id")
    def _compute_product_uom_id(self):
        for line in self:
            line.product_uom_id = line.product_id.uom_id

    @api.depends("product_id", "contract_id.plan_id")
    def _compute_recurrence_id(self):
        for line in self:
            line.recurrence_id = (
                line.product_id.subscription_recurrence_id or line.contract_id.recurrence_id or line.recurrence_id
            )

    @api.depends("product_id")
    def _compute_kind(self):
        for line in self:
            recurring = line.product_id.subscription_recurring
            line.kind = line.product_id.subscription_line_kind if recurring else "one_off"

    @api.depends("contract_id.date_start")
    def _compute_date_start(self):
        for line in self:
            line.date_start = line.date_start or line.contract_id.date_start

    @api.depends("product_id", "product_uom_id", "quantity", "recurrence_id")
    def _compute_price_unit(self):
        """The price list's price, until the row is billed or a person sets another one."""
        for line in self:
            if line.product_id and (line.state in (False, "draft") or not line._origin):
                line.price_unit = line._pricelist_price()
            else:
                line.price_unit = line.price_unit or 0.0

    @api.depends("quantity", "price_unit", "discount", "currency_id")
    def _compute_price_subtotal(self):
        for line in self:
            line.price_subtotal = float(line._whole())

    @api.depends("price_untaxed", "recurrence_id", "kind")
    def _compute_mrr(self):
        for line in self:
            line.mrr = line._monthly(line.price_untaxed) if line.kind == "recurring" else 0.0

    def _monthly(self, untaxed: float) -> float:
        """What ``untaxed`` for each period brings in a month."""
        self.ensure_one()
        return float(
            monthly_equivalent(Decimal(str(untaxed)), self.recurrence_id._cadence(), self.contract_id._currency_unit())
        )

    def _monthly_at(self, price_unit: float) -> float:
        """What this row would bring in a month at another unit price."""
        return self._monthly(self._untaxed_price(price_unit))

    def _pricelist_price(self) -> float:
        """The unit price of the contract's price list for this recurrence."""
        self.ensure_one()
        contract = self.contract_id
        product = self.product_id.with_context(lang=contract.partner_id.lang)
        return contract.pricelist_id._get_product_price(
            product,
            self.quantity or 1.0,
            currency=contract.currency_id,
            uom=self.product_uom_id,
            date=self.date_start or contract._today(),
            subscription_recurrence=self.recurrence_id,
        )

    # constraints

    @api.constrains("date_start", "date_stop")
    def _check_dates(self):
        for line in self:
            if line.date_stop and line.date_stop < line.date_start:
                raise ValidationError(
                    self.env._(
                        "%(contract)s: %(line)s ends on %(end)s, before it starts on %(start)s. Correct one of them.",
                        contract=line.contract_id.display_name,
                        line=line.product_id.display_name,
                        end=line.date_end,
                        start=line.date_start,
                    )
                )

    @api.model
    def _chain_in(self, diagnostics) -> str:
        """The contract and product of the chain that a constraint of the database speaks of."""
        found = re.search(r"\(chain_id\b.*?\)=\((\d+)", diagnostics.message_detail or "")
        chain = self.sudo().browse(int(found[1]) if found else []).exists()
        return f"{chain.contract_id.name} {chain.product_id.display_name}" if chain else self.env._("A contract")

    def _input_name(self, vals) -> str:
        products = self.product_id or self.env["product.product"].browse(vals.get("product_id") or [])
        return ", ".join(products.mapped("display_name")) or super()._input_name(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        if self.sudo().period_ids or any(line.state != "draft" for line in self):
            raise UserError(self.env._("A line of a running contract is ended by an amendment, never deleted."))

    # rows of a chain

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_editable()
        for line in lines.filtered(lambda line: not line.chain_id):
            line.chain_id = line
        for line in lines:
            line.price_untaxed = line._untaxed_price()
        return lines

    def write(self, vals):
        """A row of a running contract changes by amendment only, its wording and reference excepted."""
        if not self._in_verb():
            vals = self._changing(vals)
        if vals.keys() - {"sequence", "name", "section", "external_id"}:
            self._check_editable()
        result = super().write(vals)
        if not self._in_verb() and vals.keys() & {"product_id", "quantity", "price_unit", "discount", "tax_ids"}:
            for line in self:
                line.price_untaxed = line._untaxed_price()
        return result

    def _check_editable(self):
        locked = self.filtered(lambda line: line.state != "draft") if not self._in_verb() else self.browse()
        if locked:
            raise UserError(
                self.env._(
                    "%(contract)s is running: use its Change button, which keeps the history of its lines.",
                    contract=locked[0].contract_id.display_name,
                )
            )

    def _untaxed_price(self, price_unit=None) -> float:
        """The price of a whole period without the product's own included taxes."""
        self.ensure_one()
        taxes = (self.tax_ids or self.product_id.taxes_id)._filter_taxes_by_company(self.company_id)
        whole = float(self._whole(price_unit))
        if not any(tax.price_include for tax in taxes.flatten_taxes_hierarchy()):
            return whole
        return taxes.compute_all(whole, currency=self.currency_id, product=self.product_id)["total_excluded"]

    def _whole(self, price_unit=None) -> Decimal:
        """What a whole period costs, at another price when one is given, in its own basis, rounded to the currency."""
        self.ensure_one()
        return net_price(
            Decimal(str(self.quantity)),
            Decimal(str(self.price_unit if price_unit is None else price_unit)),
            Decimal(str(self.discount)),
            self.contract_id._currency_unit(),
        )

    def _row(self) -> charges.Row:
        """This row as the arithmetic reads it."""
        self.ensure_one()
        is_usage = self.kind == "usage"
        return charges.Row(
            key=self.id,
            period=self._period(),
            cadence=self.recurrence_id._cadence(),
            anchor=self.anchor_date,
            whole=Decimal(0) if is_usage else self._whole(),
            kind=self.kind,
            covered_until=self.covered_until or self.date_start,
            unit=self.contract_id._currency_unit(),
        )

    def _is_cut(self) -> bool:
        """Whether an amendment closed this row and let nothing follow it there."""
        self.ensure_one()
        return bool(self.closed_by_id) and self.date_stop not in self.successor_ids.mapped("date_start")

    def _quote_line_vals(self) -> dict:
        """Values of the order line that changes or renews this one."""
        self.ensure_one()
        return {
            "product_id": self.product_id.id,
            "name": self.name,
            "product_uom_qty": self.quantity,
            "product_uom_id": self.product_uom_id.id,
            "price_unit": self.price_unit,
            "discount": self.discount,
            "subscription_recurrence_id": self.recurrence_id.id,
            "subscription_line_chain_id": self.chain_id.id,
            **({"tax_ids": [Command.set(self.tax_ids.ids)]} if self.tax_ids else {}),
        }

    def _is_passing(self) -> bool:
        """Whether the very amendment that opened this row replaced it."""
        self.ensure_one()
        return bool(self.closed_by_id) and self.closed_by_id == self.opened_by_id and bool(self.successor_ids)

    def _opening_period(self) -> Period:
        """The days this row was meant for when it opened."""
        self.ensure_one()
        # the part of a row that an earlier amendment had closed opens with that end
        is_closed_since = self.closed_by_id.number > self.opened_by_id.number
        return Period(self.date_start, (self.planned_stop if is_closed_since else self.date_stop) or FOREVER)

    def _period_known(self, number) -> Period:
        """The days this row held in the eyes of the amendments up to ``number``; none before it was opened."""
        self.ensure_one()
        if self.opened_by_id.number > number:
            return Period(self.date_start, self.date_start)
        is_closed_since = self.closed_by_id.number > number
        return Period(self.date_start, (self.planned_stop if is_closed_since else self.date_stop) or FOREVER)

    def _lost_period(self) -> Period:
        """The days that whoever closed this row took from it."""
        self.ensure_one()
        return Period(self.date_stop, self.planned_stop or FOREVER)

    def _lost_versions(self) -> list[timeline.Version]:
        """What this row would have held after the day on which it was closed."""
        self.ensure_one()
        lost = self._lost_period()
        return [timeline.Version(self.id, lost, self._carried_values())] if lost else []

    def _label(self) -> str:
        self.ensure_one()
        return self.name.partition("\n")[0]

    def _differences(self, former) -> list[str]:
        """What this row changes of the former one, in words."""
        self.ensure_one()
        return [
            self.env._(
                "%(field)s %(before)s → %(after)s",
                field=self._fields[name].get_description(self.env)["string"],
                before=former._written(name),
                after=self._written(name),
            )
            for name in CARRIED
            if name not in ("name", "sequence")
            and self._comparable(name, self[name]) != self._comparable(name, former[name])
        ]

    def _written(self, name) -> str:
        """A value as people read it."""
        field, value = self._fields[name], self[name]
        if field.type == "float":
            digits = {"price_unit": "Product Price", "discount": "Discount"}.get(name, "Product Unit")
            return formatLang(self.env, value, dp=digits)
        if field.relational:
            return ", ".join(value.mapped("display_name")) or "–"
        return str(value or "–")

    def _versions(self) -> list[timeline.Version]:
        """These rows as the algebra of changes reads them."""
        return [timeline.Version(line.id, line._period(), line._carried_values()) for line in self]

    def _carried_values(self) -> dict:
        self.ensure_one()
        return {name: self._comparable(name, self[name]) for name in CARRIED}

    @api.model
    def _comparable(self, name, value):
        """A value as it is compared: a changed float is one that prints differently."""
        field = self._fields[name]
        if field.type == "many2one":
            return value.id if isinstance(value, models.BaseModel) else value or False
        if field.type == "many2many":
            ids = value.ids if isinstance(value, models.BaseModel) else value
            return tuple(sorted(ids))
        if field.type == "float" and (digits := field.get_digits(self.env)):
            return round(value or 0.0, digits[1])
        return value or False

    def _changes_price(self, values) -> bool:
        """Whether ``values`` make what was billed for this row wrong."""
        self.ensure_one()
        return any(name in values and values[name] != self._comparable(name, self[name]) for name in PRICED)
