from datetime import date
from decimal import Decimal
from typing import NamedTuple

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date

from ..core.charges import Row, worth
from ..core.period import Period


class FirstInvoice(NamedTuple):
    """When a contract asks for money first, and for how much, tax included."""

    date: date | None
    amount: float


class SaleOrderQuote(models.Model):
    """What a quotation says of the contract it will open: on screen, in print and to the customer."""

    _inherit = "sale.order"

    subscription_recurring = fields.Boolean("Recurring", compute="_compute_subscription_recurring", compute_sudo=True)
    subscription_recurring_summary = fields.Char(
        "Recurring amount",
        compute="_compute_subscription_recurring_summary",
        compute_sudo=True,
        help="The price of each recurrence, and what is paid once.",
    )
    subscription_contract_first_date = fields.Date(
        "First invoice", compute="_compute_subscription_overview", compute_sudo=True
    )
    subscription_contract_first_amount = fields.Monetary(
        "Amount of the first invoice", compute="_compute_subscription_overview", compute_sudo=True, help="Tax included."
    )
    subscription_contract_overview = fields.Html(
        "What the customer accepts", compute="_compute_subscription_overview", compute_sudo=True, sanitize=False
    )

    # computes

    @api.depends(
        "state",
        "order_line.product_id",
        "order_line.product_uom_qty",
        "order_line.subscription_recurrence_id",
        "order_line.subscription_line_handed_over",
    )
    def _compute_subscription_recurring(self):
        for order in self:
            order.subscription_recurring = order._subscription_has_contract()

    @api.depends_context("lang")
    @api.depends("subscription_recurring", "amount_total", "order_line.subscription_recurrence_id")
    def _compute_subscription_recurring_summary(self):
        for order in self:
            order.subscription_recurring_summary = (
                ", ".join(order._subscription_amount_texts()) if order.subscription_recurring else False
            )

    @api.depends_context("lang")
    @api.depends(
        "subscription_recurring_summary",
        "subscription_plan_id",
        "subscription_start_date",
        "subscription_contract_id.next_billing_date",
        "partner_invoice_id",
        "partner_shipping_id",
        "fiscal_position_id",
    )
    def _compute_subscription_overview(self):
        for order in self:
            first = FirstInvoice(None, 0.0)
            overview = False
            if order.subscription_recurring and order.partner_id and order._subscription_terms():
                first = order._subscription_first_invoice()
                overview = order._subscription_render_overview()
            order.subscription_contract_first_date = first.date
            order.subscription_contract_first_amount = first.amount
            order.subscription_contract_overview = overview

    # amounts

    def _subscription_amount_texts(self) -> list[str]:
        """ "49.00 € per month", "200.00 € once": with or without tax, as the lines of the order."""
        self.ensure_one()
        sold = self.order_line.filtered(lambda line: line._subscription_is_sold())
        recurring, usage = self._subscription_recurring_lines()
        amounts = self._subscription_line_amounts(recurring)
        by_recurrence = (recurring - usage).grouped("subscription_recurrence_id")
        texts = [
            self.env._(
                "%(amount)s %(per)s",
                amount=format_amount(self.env, sum(amounts[line] for line in lines), self.currency_id),
                per=recurrence._per() if recurrence else "",
            ).strip()
            for recurrence, lines in sorted(by_recurrence.items(), key=lambda item: (item[0].sequence, item[0].id))
        ]
        if sold.filtered(lambda line: line not in recurring and not line._subscription_is_discount()):
            once = self._subscription_shown_total() - sum(amounts.values())
            texts.append(self.env._("%(amount)s once", amount=format_amount(self.env, once, self.currency_id)))
        if usage:
            texts.append(self.env._("and what is used"))
        return texts

    def _subscription_recurring_lines(self):
        """The recurring lines that are sold, and those of them that bill what is used."""
        recurring = self.order_line.filtered(
            lambda line: line._subscription_is_sold() and line._subscription_is_recurring()
        )
        return recurring, recurring.filtered(lambda line: line.product_id.subscription_line_kind == "usage")

    def _subscription_shown_total(self) -> float:
        return self.amount_total if self.company_price_include == "tax_included" else self.amount_untaxed

    def _subscription_line_amounts(self, lines) -> dict:
        """The amount of each line once the discounts of the whole order are taken off."""
        key = "total_included" if self.company_price_include == "tax_included" else "total_excluded"
        taxes, discounts = self.env["account.tax"], self._subscription_line_discounts()
        amounts = {}
        for line in lines:
            discount = float(discounts.get(line, line.discount))
            base_line = line._prepare_base_line_for_taxes_computation(discount=discount)
            taxes._add_tax_details_in_base_line(base_line, self.company_id)
            taxes._round_base_lines_tax_details([base_line], self.company_id)
            amounts[line] = base_line["tax_details"][f"{key}_currency"]
        return amounts

    def _subscription_line_discounts(self) -> dict:
        """The discount that the contract gives on each line: as it opened, else as it would open."""
        if self.state != "sale":
            return self._subscription_handover().discounts
        return {line.sale_line_id: Decimal(str(line.discount)) for line in self.order_line._subscription_linked_lines()}

    # the first invoice

    def _subscription_first_invoice(self) -> FirstInvoice:
        """Date and amount, tax included, of the first invoice of the contract; nothing is written."""
        self.ensure_one()
        order = self.sudo().with_company(self.company_id)
        contract = order.subscription_contract_id
        if (
            self.state != "sale"
            and order.subscription_intent == "upsell"
            and order.order_line.subscription_line_chain_id
        ):
            return order._subscription_difference()
        if self.state != "sale" or not contract or order._subscription_joins_contract():
            contract = order._subscription_unsaved_contract()
        return self.env["subscription.engine"].sudo().with_company(self.company_id)._first_invoice(contract)

    def _subscription_difference(self) -> FirstInvoice:
        """What the next invoice of the contract carries once this order changes its lines; nothing is kept."""
        changes = self._subscription_changes(self._subscription_handover())
        try:
            preview = self.subscription_contract_id._preview_change(self._subscription_first_day(), changes)
        except UserError:
            return FirstInvoice(None, 0.0)  # somebody bills the contract just now, or it cannot change on that day
        return FirstInvoice(preview["billing_date"], preview["amount_total"])

    def _subscription_unsaved_contract(self):
        """The contract that confirming would open, in memory only."""
        terms = self._subscription_terms()
        contract = self.env["subscription.contract"].new(
            {
                **terms._terms_values(),
                **self._subscription_contract_vals(),
                "line_ids": [
                    Command.create(vals) for vals in self._subscription_line_vals(self._subscription_handover())
                ],
            }
        )
        running = self.subscription_contract_id if self._subscription_joins_contract() else contract.browse()
        contract.anchor_date = running.anchor_date or contract._anchor_for(contract.date_start)
        for line in contract.line_ids:
            line.update(contract._activation_values(line, contract.anchor_date))
        return contract

    # words

    def _subscription_terms(self):
        """What binds the customer: the contract once there is one, the plan before."""
        self.ensure_one()
        return self.sudo().subscription_contract_id or self.subscription_plan_id

    def _subscription_overview(self) -> list[tuple[str, str]]:
        """What a customer should know before accepting: labels and texts, in the language of the reader."""
        self.ensure_one()
        terms, first = self._subscription_terms(), self._subscription_first_invoice()
        rows = [
            (self.env._("Price"), self._subscription_price_text()),
            (self.env._("Over the term"), self._subscription_term_text()),
            (self.env._("Start"), self._subscription_start_text()),
            (self.env._("Billed"), terms._selection_text("billing_timing")),
            (self.env._("First invoice"), self._subscription_first_invoice_text(first)),
            (self.env._("To pay on acceptance"), self._subscription_prepayment_text()),
            (self.env._("Commitment"), terms._commitment_text()),
            (self.env._("Renewal"), terms._renewal_text()),
            (self.env._("Notice"), terms._notice_text()),
        ]
        return [(label, text) for label, text in rows if text]

    def _subscription_price_text(self) -> str:
        return self._subscription_taxed_text(self.subscription_recurring_summary)

    def _subscription_taxed_text(self, text) -> str:
        if self.company_price_include == "tax_included":
            return self.env._("%s, tax included", text)
        return self.env._("%s, tax excluded", text)

    def _subscription_term_text(self) -> str:
        """What a renewal costs over the term that it begins, but for what is used."""
        if self.subscription_intent != "renewal" or not self.subscription_start_date:
            return ""
        contract = self.subscription_contract_id
        term = Period(self.subscription_start_date, contract._renewal_cadence().nth(self.subscription_start_date, 1))
        recurring, usage = self._subscription_recurring_lines()
        total = sum(
            worth([self._subscription_term_row(line, amount, term)], term, contract._billing_terms())
            for line, amount in self._subscription_line_amounts(recurring - usage).items()
        )
        text = self.env._(
            "%(amount)s until %(day)s",
            amount=format_amount(self.env, float(total), self.currency_id),
            day=format_date(self.env, term.end),
        )
        return self._subscription_taxed_text(text)

    def _subscription_term_row(self, line, amount, term) -> Row:
        """A recurring line of the order as the arithmetic reads it: ``amount`` for each period."""
        contract = self.subscription_contract_id
        return Row(
            key=line.id,
            period=term,
            cadence=line.subscription_recurrence_id._cadence(),
            anchor=contract.anchor_date,
            whole=Decimal(str(amount)),
            unit=contract._currency_unit(),
        )

    def _subscription_start_text(self) -> str:
        if self.state != "sale" and not self.subscription_start_date:
            return self.env._("On acceptance")
        return format_date(self.env, self._subscription_first_day())

    def _subscription_first_invoice_text(self, first: FirstInvoice) -> str:
        if not first.date:
            return ""
        return self.env._(
            "%(amount)s on %(date)s, tax included",
            amount=format_amount(self.env, first.amount, self.currency_id),
            date=format_date(self.env, first.date),
        )

    def _subscription_prepayment_text(self) -> str:
        if not self._has_to_be_paid():
            return ""
        return format_amount(self.env, self._get_prepayment_required_amount(), self.currency_id)

    def _subscription_render_overview(self):
        return self.env["ir.qweb"]._render("subscription_billing.sale_order_subscription_overview", {"order": self})

    def _notify_by_email_prepare_rendering_context(self, message, *args, **kwargs):
        """The total of an order that mixes months and years says little: its mail names them apart."""
        context = super()._notify_by_email_prepare_rendering_context(message, *args, **kwargs)
        order = context["record"]
        if order.subscription_recurring_summary and len(context["subtitles"]) > 1:
            context["subtitles"][1] = order.subscription_recurring_summary
        return context
