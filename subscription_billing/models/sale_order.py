from dataclasses import dataclass, field
from decimal import Decimal

from markupsafe import Markup

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty
from odoo.tools.misc import clean_context

from ..core.discount import spread_discount
from ..core.money import spread
from .subscription_dated import VERB

# what an order may change of a line that its contract has
CHANGED = ("product_id", "name", "quantity", "product_uom_id", "price_unit", "discount", "recurrence_id")


@dataclass
class Handover:
    """What a contract takes over from an order.

    ``discounts`` are those of its lines, the discounts of the whole order included;
    ``taken`` is the part of each discount line that they carry.
    """

    lines: models.Model
    discounts: dict = field(default_factory=dict)
    taken: dict = field(default_factory=dict)


class SaleOrder(models.Model):
    """The order is the door: confirming it opens a contract, which bills from then on."""

    _inherit = "sale.order"

    subscription_plan_id = fields.Many2one(
        "subscription.plan",
        "Subscription plan",
        compute="_compute_subscription_plan_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        index="btree_not_null",
    )
    subscription_plan_note = fields.Html(
        "Subscription terms",
        copy=False,
        help="As the customer accepts them with this quotation. Empty: those of the plan.",
    )
    subscription_contract_id = fields.Many2one(
        "subscription.contract", "Contract", copy=False, readonly=True, check_company=True, index="btree_not_null"
    )
    subscription_intent = fields.Selection(
        [("new", "New contract"), ("upsell", "Upsell"), ("renewal", "Renewal")],
        default="new",
        copy=False,
        readonly=True,
    )
    subscription_start_date = fields.Date(
        "Contract start", copy=False, help="First day served. Empty: the day of confirmation."
    )

    # computes

    @api.depends("sale_order_template_id", "order_line.product_id")
    def _compute_subscription_plan_id(self):
        """The template's plan, else that of the first recurring product; never one in place of another."""
        for order in self:
            if order.subscription_plan_id or order.state == "sale":
                order.subscription_plan_id = order.subscription_plan_id
            else:
                order.subscription_plan_id = (
                    order.sale_order_template_id.subscription_plan_id
                    or order._subscription_default_plan(order.order_line.product_id)
                )

    def _subscription_default_plan(self, products):
        """The plan that ``products`` are sold with, else the first one that suits their recurrence."""
        recurring = products.filtered("subscription_recurring")
        if not recurring:
            return self.env["subscription.plan"]
        if own_plan := recurring.subscription_plan_id[:1]:
            return own_plan
        company = self.company_id or self.env.company
        plans = self.env["subscription.plan"].search([("company_id", "in", [False, company.id])])
        recurrence = recurring[0].subscription_recurrence_id
        return plans.filtered(lambda plan: plan.recurrence_id == recurrence)[:1] or plans[:1]

    @api.onchange("sale_order_template_id")
    def _onchange_sale_order_template_id(self):
        """A template that has a plan brings it, also in place of the one chosen before."""
        if plan := self.sale_order_template_id.subscription_plan_id:
            self.subscription_plan_id = plan
        return super()._onchange_sale_order_template_id()

    @api.onchange("subscription_plan_id")
    def _onchange_subscription_plan_id(self):
        self.subscription_plan_note = self._subscription_plan_terms()
        self._subscription_follow_plan()

    def _subscription_follow_plan(self):
        """Recurring lines come back as the plan says.

        Not a dependency of the field: a computed plan would, with every line that is
        added, have the prices of all the others computed again.
        """
        lines = self.order_line.filtered("subscription_recurrence_id")
        lines._compute_subscription_recurrence_id()

    def _subscription_plan_terms(self):
        """The terms of the plan, in the language of the customer."""
        self.ensure_one()
        return self.subscription_plan_id.with_context(lang=self._get_lang()).note

    def _subscription_terms_note(self):
        """The terms that the customer accepts: as edited here, else those of the plan."""
        self.ensure_one()
        note = self.subscription_plan_note
        return self._subscription_plan_terms() if is_html_empty(note) else note

    def _subscription_currency_unit(self) -> Decimal:
        """The smallest amount of the order's currency."""
        currency = self.currency_id or self.company_id.currency_id or self.env.company.currency_id
        return Decimal(str(currency.rounding))

    # records

    @api.model_create_multi
    def create(self, vals_list):
        orders = super().create(vals_list)
        for order in orders.filtered("subscription_plan_id"):
            if is_html_empty(order.subscription_plan_note):
                order.subscription_plan_note = order._subscription_plan_terms()
        return orders

    def write(self, vals):
        self._check_subscription_terms(vals)
        result = super().write(vals)
        if vals.get("subscription_plan_id"):
            self._subscription_follow_plan()
        return result

    def _check_subscription_terms(self, vals):
        """What was accepted is on the contract, which may have changed since."""
        names = {"subscription_plan_id", "subscription_plan_note", "subscription_start_date"} & vals.keys()
        if not names or self.env.context.get("subscription_verb") is VERB:
            return
        for order in self.filtered(lambda order: order.state == "sale" and order.subscription_contract_id):
            raise UserError(
                self.env._(
                    "The terms of %(order)s are those of the contract %(contract)s now: change them there.",
                    order=order.display_name,
                    contract=order.sudo().subscription_contract_id.display_name,
                )
            )

    # the door: confirming and cancelling

    def action_confirm_subscription(self):
        """Confirm, and go to the contract that opened."""
        self.ensure_one()
        self.action_confirm()
        return self.action_view_subscription_contract() or True

    def action_view_subscription_contract(self):
        """The contract of this order, for those who may read it."""
        self.ensure_one()
        contract = self.sudo().subscription_contract_id.with_env(self.env)
        if not contract or not contract.has_access("read"):
            return False
        return contract._get_records_action(name=self.env._("Contract"))

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self:
            order._subscription_hand_over()
        return result

    def _subscription_hand_over(self):
        """Open the contract of the recurring lines, or add them to the contract they were quoted for.

        An order hands its lines over once: confirmed again it finds its contract running.

        :raises UserError: when the contract would not bill what the customer accepted.
        """
        self.ensure_one()
        # defaults meant for the order are none for its contract
        order = self.sudo().with_context(clean_context(self.env.context)).with_company(self.company_id)
        handover = order._subscription_handover()
        if order._subscription_is_open(handover) or not (handover.lines or order.order_line.subscription_line_chain_id):
            return
        order._check_subscription(handover)
        if order._subscription_joins_contract():
            contract = order._subscription_amend_contract(handover)
        else:
            contract = order._subscription_open_contract(handover)
        for line, amount in handover.taken.items():
            line.subscription_line_discount_taken = float(amount)
        order._subscription_announce(contract)

    def _subscription_joins_contract(self) -> bool:
        """Whether confirming changes or renews a running contract, and opens none."""
        return self.subscription_intent in ("upsell", "renewal") and bool(self.subscription_contract_id)

    def _subscription_is_open(self, handover) -> bool:
        """Whether a running contract has these lines already."""
        if self._subscription_joins_contract():
            return self in self.subscription_contract_id.amendment_ids.order_id
        return self.subscription_contract_id.state in ("draft", "active", "paused")

    def _subscription_open_contract(self, handover):
        values = {
            **self._subscription_contract_vals(),
            "line_ids": [Command.create(vals) for vals in self._subscription_line_vals(handover)],
        }
        contract = self.subscription_contract_id
        if contract and contract._is_untouched():
            contract._reopen(values)
        else:
            contract = self.env["subscription.contract"].create(values)
        # what the customer accepted stays on the order, whatever becomes of the plan
        self.with_context(subscription_verb=VERB).write(
            {"subscription_plan_note": self._subscription_terms_note(), "subscription_contract_id": contract.id}
        )
        contract.action_activate()
        return contract

    def _subscription_amend_contract(self, handover):
        contract, changes = self.subscription_contract_id, self._subscription_changes(handover)
        if self.subscription_intent == "renewal":
            contract._renew(reason=self.name, order=self, changes=changes)
        else:
            contract._amend(self._subscription_first_day(), changes, reason=self.name, order=self)
        return contract

    def _subscription_changes(self, handover) -> list[tuple]:
        """What this order changes of its contract: see ``_amend``.

        A renewal says all that the next term has; what it does not name stops with the present one.
        """
        changes = []
        for line, vals in zip(handover.discounts, self._subscription_line_vals(handover), strict=True):
            chain = line.subscription_line_chain_id
            changes.append((chain, {name: vals[name] for name in CHANGED}) if chain else (None, vals))
        named = self.order_line.subscription_line_chain_id
        dropped = named - handover.lines.subscription_line_chain_id
        if self.subscription_intent == "renewal":
            dropped |= self.subscription_contract_id._rows_to_renew().chain_id - named
        return changes + [(chain, None) for chain in dropped]

    def _subscription_announce(self, contract):
        """Each document tells of the other; what is due at once is billed by the next run."""
        contract.message_post_with_source(
            "mail.message_origin_link",
            render_values={"self": contract, "origin": self, "edit": self._subscription_joins_contract()},
            subtype_xmlid="mail.mt_note",
        )
        self.message_post(
            body=self.env._("Its recurring lines are billed by the contract %s.", contract._get_html_link())
        )
        if contract.next_billing_date and contract.next_billing_date <= contract._today():
            self.env.ref("subscription_billing.ir_cron_bill")._trigger()

    def _action_cancel(self):
        for order in self:
            order._subscription_withdraw()
        return super()._action_cancel()

    def _subscription_withdraw(self):
        """Take the lines back from a contract that billed nothing.

        :raises UserError: when the contract runs and has billed, or when the lines joined a running one.
        """
        self.ensure_one()
        order = self.sudo().with_context(subscription_verb=VERB)
        contract = order.subscription_contract_id
        lines = order.order_line._subscription_concerned()
        if not lines or contract.state not in ("active", "paused"):
            return
        if order._subscription_joins_contract() or contract._has_billed():
            raise UserError(
                self.env._(
                    "%(order)s cannot be cancelled: its contract %(contract)s bills its lines. End them with the "
                    "Change or the Close button of the contract, which also gives back what was billed too much.",
                    order=self.display_name,
                    contract=contract.display_name,
                )
            )
        contract._withdraw(self.env._("%s was cancelled", order.name))
        lines._subscription_linked_lines().sale_line_id = False
        lines.subscription_line_discount_taken = 0.0
        self.message_post(
            body=self.env._("The contract %s, which had billed nothing, was closed.", contract._get_html_link())
        )

    # what is handed over

    def _subscription_handover(self) -> Handover:
        """What the contract takes over: nothing without a recurring line.

        Beside recurring lines it bills once the services that are due as soon as they
        are ordered; goods and what is invoiced on delivery stay with Sales.
        """
        self.ensure_one()
        recurring = self.order_line.filtered(lambda line: line._subscription_sells_recurring())
        if not recurring:
            return Handover(recurring)
        lines = self.order_line.filtered(lambda line: line in recurring or line._subscription_sells_one_off())
        handover = Handover(lines, {line: Decimal(str(line.discount)) for line in lines})
        self._subscription_spread_discounts(handover)
        return handover

    def _subscription_spread_discounts(self, handover):
        """Let the lines of the contract carry their part of the discounts on the whole order."""
        unit = self._subscription_currency_unit()
        digits = self.env["decimal.precision"].precision_get("Discount")
        nets = {line: line._subscription_net() for line in self.order_line if line._subscription_is_sold()}
        for discount in self.order_line.filtered(lambda line: line._subscription_is_discount()):
            concerned = self._subscription_discounted_lines(discount)
            amounts = spread(-nets[discount], [nets[line] for line in concerned], unit)
            parts = dict(zip(concerned, amounts, strict=True))
            own = concerned & handover.lines
            off = sum((parts[line] for line in own), Decimal(0))
            if not off:
                continue
            rows = [(line._subscription_gross(), handover.discounts[line]) for line in own]
            handover.discounts |= dict(zip(own, spread_discount(rows, off, digits, unit), strict=True))
            handover.taken[discount] = off
            for line, part in parts.items():
                nets[line] = line._subscription_net(handover.discounts[line]) if line in own else nets[line] - part

    def _subscription_discounted_lines(self, discount):
        """The lines that a discount line takes something from: those of the same taxes, else all.

        For a module whose discounts concern other lines: override, and call super for the rest.
        """
        sold = self.order_line.filtered(
            lambda line: line._subscription_is_sold() and line._subscription_net() > 0 and not line._is_delivery()
        )
        taxes = discount.tax_ids
        same = sold.filtered(lambda line: line.tax_ids.filtered(lambda tax: tax._can_be_discounted()) == taxes)
        return same or sold

    def _check_subscription(self, handover):
        """:raises UserError: where the contract would bill something else than what was accepted."""
        if self._subscription_joins_contract():
            self._check_same_parties()
        elif not self.subscription_plan_id:
            raise UserError(self.env._("%s sells recurring products: choose a subscription plan.", self.display_name))
        for line in handover.lines:
            if self._subscription_expected_taxes(line) and not line.tax_ids:
                raise UserError(
                    self.env._(
                        "%(line)s has no tax, but its contract would bill the taxes of the product: choose a tax "
                        "of 0 %% on the line, or a fiscal position that removes them.",
                        line=line.display_name,
                    )
                )

    def _check_same_parties(self):
        """An upsell joins a contract of the same customer, in the same currency."""
        contract = self.subscription_contract_id
        for name in ("commercial_partner_id", "currency_id", "company_id"):
            own = self.partner_id[name] if name == "commercial_partner_id" else self[name]
            if own != contract[name]:
                raise UserError(
                    self.env._(
                        "%(order)s says %(own)s, but the contract %(contract)s says %(other)s: "
                        "sell it as a contract of its own, on another quotation.",
                        order=self.display_name,
                        own=own.display_name,
                        contract=contract.display_name,
                        other=contract[name].display_name,
                    )
                )

    def _subscription_contract_vals(self) -> dict:
        """Values of the ``subscription.contract`` that this order opens, lines excepted."""
        self.ensure_one()
        values = {
            "plan_id": self.subscription_plan_id.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "partner_invoice_id": self.partner_invoice_id.id,
            "partner_shipping_id": self.partner_shipping_id.id,
            "pricelist_id": self.pricelist_id.id,
            "fiscal_position_id": self._subscription_forced_fiscal_position().id,
            "payment_term_id": self.payment_term_id.id,
            "user_id": self.user_id.id,
            "team_id": self.team_id.id,
            "client_order_ref": self.client_order_ref,
            "note": self._subscription_note(),
            "date_start": self._subscription_first_day(),
            "signed_on": fields.Date.to_date(self.signed_on) or False,
        }
        if self.journal_id:
            values["journal_id"] = self.journal_id.id
        return values

    def _subscription_note(self):
        """What the customer accepted: the terms of the quotation, then those of the plan."""
        notes = [note for note in (self.note, self._subscription_terms_note()) if not is_html_empty(note)]
        return Markup().join(notes) or False

    def _subscription_first_day(self):
        """The first day served: as the contract has it, else as asked for, else today."""
        if self.state == "sale" and (lines := self.order_line._subscription_linked_lines()):
            return min(lines.mapped("date_start"))
        return self.subscription_start_date or self.company_id._subscription_today()

    def _subscription_line_vals(self, handover) -> list[dict]:
        """Values of the contract lines, in the order of the quotation."""
        return [
            {
                **self._order_line_to_line_vals(line),
                **({"discount": float(discount)} if discount != Decimal(str(line.discount)) else {}),
            }
            for line, discount in handover.discounts.items()
        ]

    def _order_line_to_line_vals(self, order_line) -> dict:
        """Hook: values of the ``subscription.line`` that bills ``order_line``.

        The discounts of the whole order are added to its ``discount`` afterwards.
        """
        product = order_line.product_id
        expected = self._subscription_expected_taxes(order_line)
        recurrence = order_line.subscription_recurrence_id or order_line._subscription_default_recurrence()
        return {
            "sale_line_id": order_line._origin.id,
            "sequence": order_line.sequence,
            "section": order_line.parent_id.name,
            "product_id": product.id,
            "name": order_line.name,
            "quantity": order_line.product_uom_qty,
            "product_uom_id": order_line.product_uom_id.id,
            "price_unit": self._subscription_price_unit(order_line),
            "discount": order_line.discount,
            "tax_ids": [Command.set(order_line.tax_ids.ids if order_line.tax_ids != expected else [])],
            "analytic_distribution": order_line.analytic_distribution,
            "recurrence_id": recurrence.id or self.subscription_plan_id.recurrence_id.id,
            "kind": product.subscription_line_kind if product.subscription_recurring else "one_off",
        }

    # taxes

    def _subscription_detected_fiscal_position(self):
        """The fiscal position that the contract would find by itself."""
        return (
            self.env["account.fiscal.position"]
            .with_company(self.company_id)
            ._get_fiscal_position(self.partner_invoice_id, delivery=self.partner_shipping_id)
        )

    def _subscription_forced_fiscal_position(self):
        """The order's fiscal position where it is not the one that the contract would find."""
        if self.fiscal_position_id == self._subscription_detected_fiscal_position():
            return self.env["account.fiscal.position"]
        return self.fiscal_position_id

    def _subscription_expected_taxes(self, order_line):
        """The taxes that the contract bills for this line unless they are forced."""
        taxes = order_line.product_id.taxes_id._filter_taxes_by_company(self.company_id)
        position = self._subscription_forced_fiscal_position() or self._subscription_detected_fiscal_position()
        return position.map_tax(taxes)

    def _subscription_price_unit(self, order_line) -> float:
        """The price in the basis of the product's own taxes, in which a contract keeps it.

        The order holds it in the basis of the taxes of its fiscal position.
        """
        product, taxes = order_line.product_id, order_line.tax_ids
        own_taxes = product.taxes_id._filter_taxes_by_company(self.company_id)
        is_forced = taxes != self._subscription_expected_taxes(order_line)
        if is_forced or taxes == own_taxes or not own_taxes or False in own_taxes.mapped("price_include"):
            return order_line.price_unit
        untaxed = taxes._get_tax_details(order_line.price_unit, 1.0, rounding_method="round_globally", product=product)
        details = own_taxes._get_tax_details(
            untaxed["total_excluded"],
            1.0,
            rounding_method="round_globally",
            product=product,
            special_mode="total_excluded",
        )
        return untaxed["total_excluded"] + sum(tax["tax_amount"] for tax in details["taxes_data"])
