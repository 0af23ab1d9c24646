from datetime import date
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import get_lang

from odoo.addons.subscription_billing.core.cadence import Cadence, add_months

from ..core import formula

# what may change while contracts follow the clause: who looks, not what was agreed
UNBINDING = {"name", "active", "note", "automation", "legal_reason", "letter_days", "letter_in_words"}
LARGEST_PERCENT = 1000


class SubscriptionRevisionClause(models.Model):
    """How prices are revised: on which days, by what, within which bounds, how rounded.

    Contracts that run follow it, so it is not edited once one does: a copy is.
    """

    _name = "subscription.revision.clause"
    _description = "Revision clause"
    _inherit = ["mail.thread", "subscription.input"]
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: every company may use it.")
    kind = fields.Selection(
        [("index", "By an index"), ("percentage", "By a percentage"), ("amount", "By an amount")],
        "Revised",
        required=True,
        default="index",
    )
    percentage = fields.Float(
        "Percent", digits=(6, 4), help="Added to the price at each revision; negative to lower it."
    )
    amount = fields.Float(min_display_digits="Product Price", help="Added to the unit price of each period.")
    fixed_part = fields.Float(
        "Fixed part",
        digits=(6, 6),
        help="The part of the price that no index moves, from 0 to 1: 0.15 in 0.15 + 0.85 x S1/S0.",
    )
    term_ids = fields.One2many("subscription.revision.term", "clause_id", "Indexes", copy=True)
    base = fields.Selection(
        [("chained", "The last price and its index"), ("fixed", "The first price and its index")],
        "Starts from",
        required=True,
        default="chained",
        help="P0 and S0 are those of the last revision, or for ever those of the beginning. Never one of each.",
    )

    # when
    date_rule = fields.Selection(
        [
            ("anniversary", "On the anniversary of the contract"),
            ("fixed_day", "On a day of the year"),
            ("periods", "Every few periods of the line"),
        ],
        "Day of revision",
        required=True,
        default="anniversary",
    )
    every = fields.Integer(default=1, required=True, help="Years, or periods of the line, between two revisions.")
    day = fields.Integer(default=1, required=True, help="Day of the month; 31 is the last one.")
    month = fields.Selection(
        selection=lambda self: self._months(), default="1", required=True, help="Month of the revision."
    )
    first_after = fields.Integer(
        "Not before", help="How many months after the start of the contract a price may first be revised."
    )
    application = fields.Selection(
        [("date", "On the day itself"), ("next_period", "From the next period on")],
        "Takes effect",
        required=True,
        default="date",
        help="On the day itself, a period that is billed already is adjusted day by day.",
    )
    while_waiting = fields.Selection(
        [
            ("old_price", "Bill the old price, and the difference later"),
            ("hold", "Bill nothing of the line until it is known"),
        ],
        "Until its index is known",
        required=True,
        default="old_price",
    )
    automation = fields.Selection(
        [
            ("none", "A person starts a campaign"),
            ("propose", "Propose by itself"),
            ("apply", "Apply by itself what nothing speaks against"),
        ],
        required=True,
        default="propose",
    )
    letter_days = fields.Integer(
        "Told ahead", help="How many days before it takes effect the customer is written to; 0: no letter."
    )
    letter_in_words = fields.Boolean("Prices in words", help="The letter says the new prices in words as well.")

    # bounds
    cap = fields.Float("Rises by at most", digits=(6, 4), help="In percent of the price before; 0 without.")
    floor = fields.Float("Falls by at most", digits=(6, 4), help="In percent of the price before; 0 without.")
    minimum = fields.Float("Rises by at least", digits=(6, 4), help="In percent of the price before; 0 without.")
    deadband = fields.Float(
        "Stays under", digits=(6, 4), help="A smaller change, in percent, changes nothing; 0 without."
    )
    never_below = fields.Boolean(
        "Never below P0",
        help="A clause that can only rise is disputed: indexation is meant to work both ways. Ask your lawyer.",
    )

    # rounding
    rounding_target = fields.Selection(
        [("ratio", "Each ratio S1/S0"), ("coefficient", "The coefficient"), ("price", "The price only")],
        "Rounded",
        required=True,
        default="price",
    )
    rounding_digits = fields.Integer("Decimals", default=2, required=True)
    rounding_method = fields.Selection(
        [("half_up", "To the nearest"), ("up", "Always up"), ("down", "Always down")],
        "Direction",
        required=True,
        default="half_up",
    )

    # what is left out
    excluded_product_ids = fields.Many2many("product.product", string="Products left out")
    excluded_categ_ids = fields.Many2many("product.category", string="Families left out")

    legal_reason = fields.Text(
        "Why it is so",
        help="What you answer to the remarks on the law. It is printed in the file of each revision.",
    )
    legal_warnings = fields.Text("Remarks", compute="_compute_legal_warnings")
    note = fields.Html("Wording of the contract")
    summary = fields.Char("In one sentence", compute="_compute_summary")
    contract_ids = fields.One2many("subscription.contract", "revision_clause_id", "Contracts", readonly=True)
    contract_count = fields.Integer(compute="_compute_contract_count")

    _input_bounds = {
        "percentage": (-100, LARGEST_PERCENT),
        "amount": (-999_999_999, 999_999_999),
        "fixed_part": (0, 1),
        "every": (1, 1200),
        "day": (1, 31),
        "first_after": (0, 1200),
        "letter_days": (0, 366),
        "cap": (0, LARGEST_PERCENT),
        "floor": (0, 100),
        "minimum": (0, LARGEST_PERCENT),
        "deadband": (0, 100),
        "rounding_digits": (0, 10),
    }

    @api.model
    def _months(self):
        _ = self.env._
        names = [
            _("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July"), _("August"),
            _("September"), _("October"), _("November"), _("December"),
        ]  # fmt: skip
        return [(str(number), name) for number, name in enumerate(names, start=1)]

    # words

    @api.depends(
        "kind", "percentage", "amount", "fixed_part", "base", "date_rule", "every", "day", "month", "application",
        "term_ids.index_id", "term_ids.weight", "term_ids.reading_rule", "term_ids.lag", "term_ids.reading_month",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_summary(self):
        for clause in self:
            clause.summary = f"{clause._what()}, {clause._when()}"

    def _what(self) -> str:
        self.ensure_one()
        if self.kind == "percentage":
            return f"{self._written(self.percentage, '+f')} %"
        if self.kind == "amount":
            return self._written(self.amount, "+f")
        parts = [self._written(self.fixed_part)] if self.fixed_part else []
        parts += [term._in_words() for term in self.term_ids]
        return f"P0 × ({' + '.join(parts)})" if len(parts) > 1 else f"P0 × {''.join(parts)}"

    @api.model
    def _written(self, number, form="f") -> str:
        """All digits of a number, with the reader's decimal point."""
        return format(_decimal(number), form).replace(".", get_lang(self.env).decimal_point)

    def _when(self) -> str:
        self.ensure_one()
        if self.date_rule == "anniversary":
            return self.env._("on each anniversary") if self.every == 1 else self.env._("every %s years", self.every)
        if self.date_rule == "fixed_day":
            month = dict(self._fields["month"]._description_selection(self.env))[self.month]
            return self.env._("each %(day)s %(month)s", day=self.day, month=month)
        return self.env._("every %s periods", self.every)

    def _compute_contract_count(self):
        counts = dict(
            self.env["subscription.contract"]._read_group(
                [("revision_clause_id", "in", self.ids)], ["revision_clause_id"], ["__count"]
            )
        )
        for clause in self:
            clause.contract_count = counts.get(clause, 0)

    # checks

    @api.constrains("kind", "fixed_part", "term_ids")
    def _check_parts(self):
        for clause in self.filtered(lambda clause: clause.kind == "index"):
            if not clause.term_ids:
                raise ValidationError(self.env._("%s: say which index it follows.", clause.name))
            try:
                formula.check_weights(_decimal(clause.fixed_part), [_decimal(term.weight) for term in clause.term_ids])
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%(clause)s: the fixed part and the weights of its indexes are positive and make 1, "
                        "not %(sum)s.",
                        clause=clause.name,
                        sum=error.args[0],
                    )
                ) from error

    @api.constrains("cap", "minimum")
    def _check_bounds(self):
        for clause in self:
            if clause.cap and clause.minimum > clause.cap:
                raise ValidationError(self.env._("%s: it cannot rise by at least more than at most.", clause.name))

    def write(self, vals):
        if set(self._changing(vals)) - UNBINDING:
            self._check_unused()
        return super().write(vals)

    def _check_unused(self):
        """:raises UserError: when a running contract follows the clause: what was agreed does not change."""
        running = (
            self.env["subscription.contract"]
            .sudo()
            .search([("revision_clause_id", "in", self.ids), ("state", "!=", "draft")], limit=1)
        )
        if running or self.env["subscription.revision"].sudo().search_count([("clause_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "%s is agreed with customers whose contracts run: duplicate it, and have new contracts "
                    "follow the copy.",
                    self[:1].name,
                )
            )

    def copy_data(self, default=None):
        return [
            {**vals, "name": self.env._("%s (copy)", clause.name)} if "name" not in (default or {}) else vals
            for clause, vals in zip(self, super().copy_data(default), strict=True)
        ]

    # the law

    @api.depends(
        "kind", "base", "never_below", "cap", "minimum", "floor", "every", "date_rule", "term_ids.index_id",
        "term_ids.base_rule", "term_ids.reading_rule",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_legal_warnings(self):
        for clause in self:
            clause.legal_warnings = "\n".join(clause._legal_texts())

    def _legal_texts(self) -> list[str]:
        """Remarks on the clause itself; they never forbid it."""
        self.ensure_one()
        if self.kind != "index":
            return []
        texts = [
            self.env._(
                "%s follows the general level of prices or wages: article L112-2 of the Code monétaire et financier "
                "forbids such an index unless it is directly related to the object of the contract or the activity "
                "of one party.",
                index.name,
            )
            for index in self.term_ids.index_id
            if index.is_general_level
        ]
        if self.never_below or self.minimum:
            texts.append(
                self.env._(
                    "Prices can only rise: indexation is meant to work both ways, and a one-way clause is disputed."
                )
            )
        return texts

    # days

    def _schedule(self, contract, line):
        """The cadence and the anchor of the revisions of a contract line."""
        self.ensure_one()
        if self.date_rule == "periods":
            own = line.recurrence_id._cadence()
            return Cadence(own.unit, own.interval * self.every), line.anchor_date
        if self.date_rule == "anniversary":
            return Cadence("year", self.every), contract.date_start
        first = date(contract.date_start.year, int(self.month), 1)
        return Cadence("year", self.every), _day_of_month(first, self.day)

    def _revision_day(self, contract, line, after: date) -> date:
        """The first day of revision later than ``after``, and not before the contract allows one."""
        cadence, anchor = self._schedule(contract, line)
        earliest = max(add_months(contract.date_start, self.first_after), contract.date_start)
        k = cadence.index(anchor, after) + 1
        while (day := cadence.nth(anchor, k)) < earliest or day <= contract.date_start:
            k += 1
        return day

    def _interval_months(self, line) -> float:
        """How many months pass between two revisions."""
        self.ensure_one()
        if self.date_rule != "periods":
            return 12 * self.every
        own = line.recurrence_id._cadence()
        return self.every * (own.months if own.is_monthly else own.days * 12 / 365)

    # parameters, as the formula reads them

    def _rounding(self) -> formula.Rounding:
        self.ensure_one()
        return formula.Rounding(self.rounding_target, self.rounding_digits, self.rounding_method)

    def _limits(self) -> formula.Limits:
        self.ensure_one()
        percents = {
            name: _decimal(self[name]) if self[name] else None for name in ("cap", "floor", "minimum", "deadband")
        }
        return formula.Limits(**percents, never_below=self.never_below)

    def _excludes(self, line) -> bool:
        """Whether lines of this product are never revised."""
        self.ensure_one()
        product = line.product_id
        families = self.excluded_categ_ids
        return product in self.excluded_product_ids or bool(
            families
            and product.categ_id.search_count([("id", "child_of", families.ids), ("id", "=", product.categ_id.id)])
        )

    def action_open_contracts(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "subscription.contract",
            "view_mode": "list,form",
            "domain": [("revision_clause_id", "=", self.id)],
        }


def _decimal(number: float) -> Decimal:
    return Decimal(str(number)).normalize()


def _day_of_month(first: date, day: int) -> date:
    """The ``day``-th of a month, its last one when it is shorter."""
    return date(first.year, first.month, min(day, (add_months(first, 1) - first).days))
