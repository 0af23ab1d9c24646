from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from odoo.addons.subscription_billing.models.subscription_dated import VERB

OPEN = ("waiting", "proposed", "approved")
# what a person may write on a revision that is not applied yet
EDITABLE = {"price", "reason", "confirmation", "campaign_id"}


class SubscriptionRevision(models.Model):
    """What a clause makes of the price of one line on one day, and the file that proves it.

    The evidence is complete in itself: every value, source, bound and rounding that
    entered the price. It never changes once the revision is applied.
    """

    _name = "subscription.revision"
    _description = "Price revision"
    _inherit = ["mail.thread", "subscription.input"]
    _order = "date desc, contract_id, id"
    _check_company_auto = True

    campaign_id = fields.Many2one(
        "subscription.revision.campaign", readonly=True, index="btree_not_null", ondelete="set null"
    )
    contract_id = fields.Many2one("subscription.contract", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True)
    user_id = fields.Many2one(related="contract_id.user_id", store=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    chain_id = fields.Many2one(
        "subscription.line", "Line", required=True, readonly=True, index=True, ondelete="cascade"
    )
    product_id = fields.Many2one(related="chain_id.product_id", store=True)
    clause_id = fields.Many2one(
        "subscription.revision.clause", required=True, readonly=True, index=True, ondelete="restrict"
    )
    corrects_id = fields.Many2one(
        "subscription.revision", "Correction of", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    previous_id = fields.Many2one("subscription.revision", "Follows", readonly=True, ondelete="set null")
    date = fields.Date("Day of revision", required=True, readonly=True)
    date_effective = fields.Date("Takes effect on", readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waits for its index"),
            ("proposed", "Proposed"),
            ("approved", "Approved"),
            ("applied", "Applied"),
            ("excluded", "Left out"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="proposed",
        index=True,
        tracking=True,
    )
    missing = fields.Char("Waits for", readonly=True)
    price_before = fields.Float("Old price", readonly=True, min_display_digits="Product Price", aggregator=None)
    price_computed = fields.Float("By the clause", readonly=True, min_display_digits="Product Price", aggregator=None)
    price = fields.Float("New price", min_display_digits="Product Price", aggregator=None)
    coefficient = fields.Float(digits=(12, 8), readonly=True, aggregator=None)
    variation = fields.Float("Change %", compute="_compute_variation", store=True, digits=(8, 2), aggregator="avg")
    quantity = fields.Float(readonly=True, digits="Product Unit", aggregator=None)
    effect_mrr = fields.Monetary("Effect on MRR", readonly=True)
    effect_year = fields.Monetary(
        "Effect on 12 months",
        readonly=True,
        help="Of billing, from the day it takes effect, or from today when that is past; "
        "what is made good is included.",
    )
    bound = fields.Selection(
        [
            ("cap", "Capped"),
            ("floor", "Floor"),
            ("minimum", "Minimum"),
            ("deadband", "Too small"),
            ("never_below", "P0"),
        ],
        "Bound reached",
        readonly=True,
    )
    is_unofficial = fields.Boolean("Uses a provisional or derived value", readonly=True)
    confirmation = fields.Char(
        help="Why a value that is provisional or derived may be used; asked before it is approved."
    )
    reason = fields.Char(help="Why the price is another one, or why it is left out or cancelled.")
    warnings = fields.Text("Remarks", readonly=True)
    failure = fields.Text("Why it could not be applied", readonly=True)
    evidence = fields.Json(readonly=True, copy=False)
    value_ids = fields.Many2many("subscription.index.value", string="Index values", readonly=True, copy=False)
    amendment_id = fields.Many2one("subscription.amendment", readonly=True, index="btree_not_null", ondelete="restrict")
    cancelled_by_id = fields.Many2one("subscription.amendment", readonly=True, ondelete="restrict")
    approved_by_id = fields.Many2one("res.users", readonly=True)
    approved_on = fields.Datetime(readonly=True)
    applied_on = fields.Datetime(readonly=True)
    told_move_id = fields.Many2one(
        "account.move", "Told on", readonly=True, index="btree_not_null", ondelete="set null"
    )
    letter_message_id = fields.Many2one("mail.message", "Letter", readonly=True, ondelete="set null")
    letter_on = fields.Datetime("Letter sent on", readonly=True)
    sentence = fields.Text(compute="_compute_sentence")

    _once = models.UniqueIndex(
        "(chain_id, date, COALESCE(corrects_id, 0)) WHERE state <> 'cancelled'",
        "A line is revised once on a day.",
    )
    _chain_date_idx = models.Index("(chain_id, date)")

    _input_bounds = {"price": (-999_999_999_999, 999_999_999_999)}

    @api.depends("contract_id.name", "product_id", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for revision in self:
            day = format_date(self.env, revision.date) if revision.date else ""
            revision.display_name = f"{revision.contract_id.name} · {revision.product_id.display_name} · {day}"

    @api.depends("price", "price_before")
    def _compute_variation(self):
        for revision in self:
            before = revision.price_before
            revision.variation = 100 * (revision.price - before) / before if before else 0.0

    def write(self, vals):
        if not self.env.su and vals.keys() - EDITABLE:
            raise UserError(
                self.env._("A revision changes by its buttons only; its price and its reason can be typed.")
            )
        if vals.keys() & {"price", "confirmation"} and self.env.context.get("revision_verb") is not VERB:
            self._check_open()
        return super().write(vals)

    def _check_open(self):
        if settled := self.filtered(lambda revision: revision.state not in ("waiting", "proposed")):
            raise UserError(self.env._("%s is settled: its price does not change any more.", settled[0].display_name))

    @api.constrains("price", "state")
    def _check_price(self):
        for revision in self:
            if revision.state in ("approved", "applied") and revision.price_before > 0 > revision.price:
                raise ValidationError(self.env._("%s: the new price is negative.", revision.display_name))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(revision.amendment_id for revision in self):
            raise UserError(self.env._("What was applied stays on file: cancel it instead."))

    def _is_adjusted(self) -> bool:
        """Whether a person typed another price than the clause gives."""
        self.ensure_one()
        return bool(self.contract_id.currency_id.compare_amounts(self.price, self.price_computed))

    def _changed_later(self) -> dict:
        """For those of these that an applied revision of the same line came after: the first such one."""
        applied = self.sudo().search(
            [("chain_id", "in", self.chain_id.ids), ("state", "=", "applied")], order="date, id"
        )
        by_chain = applied.grouped("chain_id")
        found = {
            revision: next(
                (
                    other
                    for other in by_chain.get(revision.chain_id, ())
                    if other.date > revision.date or other.corrects_id == revision
                ),
                None,
            )
            for revision in self
        }
        return {revision: later for revision, later in found.items() if later}
