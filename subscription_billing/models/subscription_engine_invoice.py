from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from odoo import Command, api, models
from odoo.tools import format_amount, format_date, formatLang

from ..core.money import round_amount
from ..memo import remembered


class SubscriptionEngineInvoice(models.AbstractModel):
    """How charges become the values of an invoice, and how a reader understands them."""

    _inherit = "subscription.engine"

    # documents

    @api.model
    def _groups(self, charges) -> list[list]:
        """Charges by document, in the order of their dates."""
        last_due = {}
        for charge in charges:
            if not charge.released:
                last_due[charge.contract] = max(charge.due, last_due.get(charge.contract, charge.due))

        def key(charge):
            return self._invoice_grouping_key(charge, last_due.get(charge.contract, charge.due))

        by_key = {}
        for charge in charges:
            by_key.setdefault(key(charge), []).append(charge)
        return list(by_key.values())

    @api.model
    def _invoice_grouping_key(self, charge, last_due) -> tuple:
        """What two charges must have in common to stand on one document.

        A correction of the past joins the latest invoice instead of opening its own.
        """
        contract = charge.contract
        due = last_due if charge.released or contract.catch_up == "summary" else charge.due
        own_note = contract.credit_mode == "note" and charge.amount < 0 and bool(charge.released)
        return (
            contract.company_id,
            contract if contract.invoice_grouping == "contract" else contract.commercial_partner_id,
            contract.partner_invoice_id,
            contract.partner_shipping_id,
            contract.currency_id,
            self._journal(contract),
            contract.payment_term_id,
            contract.fiscal_position_id,
            contract.invoicing_mode,
            due,
            own_note,
        )

    @api.model
    def _invoice_vals(self, group) -> dict:
        """Values of the ``account.move`` of one group of charges."""
        contract = group[0].contract
        is_credit = sum(charge.amount for charge in group) < 0
        contracts = self.env["subscription.contract"].union(*(charge.contract for charge in group))
        return {
            "move_type": "out_refund" if is_credit else "out_invoice",
            "company_id": contract.company_id.id,
            "journal_id": self._journal(contract).id,
            "partner_id": contract.partner_invoice_id.id,
            "partner_shipping_id": contract.partner_shipping_id.id,
            "currency_id": contract.currency_id.id,
            "fiscal_position_id": self._fiscal_position(contract).id,
            "invoice_payment_term_id": contract.payment_term_id.id,
            "invoice_date": self._invoice_date(group),
            "invoice_origin": ", ".join(contracts.mapped("name")),
            "ref": ", ".join(filter(None, contracts.mapped("client_order_ref"))) or False,
            "invoice_user_id": contract.user_id.id,
            "team_id": contract.team_id.id,
            "reversed_entry_id": self._reversed_entry(group).id if is_credit else False,
            "invoice_line_ids": self._invoice_lines(group, -1 if is_credit else 1),
            **({"contract_reference": contract.name} if "contract_reference" in self.env["account.move"] else {}),
        }

    @api.model
    def _invoice_lines(self, group, sign) -> list:
        """One product line per charge, under the sections of its contract lines."""
        commands = []
        for section, charges in groupby(group, key=lambda charge: charge.line.section or ""):
            if section:
                commands.append({"display_type": "line_section", "name": section})
            commands += [self._invoice_line_vals(charge, sign) for charge in charges]
        return [Command.create({**vals, "sequence": index}) for index, vals in enumerate(commands)]

    @api.model
    def _invoice_line_vals(self, charge, sign) -> dict:
        """Values of the ``account.move.line`` of a charge; ``sign`` is -1 on a credit note.

        Quantity is the contract's and the unit price is the rounded charge divided by
        it: a prorated quantity (12/31) would be stored 0.39 and not add up.
        """
        line, amount = charge.line, charge.amount * sign
        quantity = abs(charge.quantity) or (1.0 if amount else 0.0)
        if amount < 0:
            quantity, amount = -quantity, -amount
        credited = charge.credited_line
        vals = {
            "product_id": line.product_id.id,
            "name": self._describe(charge),
            "quantity": quantity,
            "product_uom_id": line.product_uom_id.id,
            "price_unit": float(amount / Decimal(str(abs(quantity)))) if quantity else line.price_unit,
            "tax_ids": [Command.set(charge.taxes.ids)],
            "analytic_distribution": line.analytic_distribution or False,
            "subscription_line_id": line.id,
            "subscription_credited_line_id": credited.id if credited else False,
            "deferred_start_date": charge.period.start if line.kind != "one_off" else False,
            "deferred_end_date": charge.period.end if line.kind != "one_off" else False,
        }
        if credited:
            vals["account_id"] = credited.account_id.id
            vals["analytic_distribution"] = credited.analytic_distribution or vals["analytic_distribution"]
        if line.kind == "one_off" and line.sale_line_id and charge.amount > 0:
            vals["sale_line_ids"] = [Command.link(line.sale_line_id.id)]
        return vals

    @api.model
    def _product_lines(self, move):
        """The lines of a move that stand for charges, in the order of its group."""
        return move.invoice_line_ids.filtered(lambda line: line.display_type == "product").sorted(
            lambda line: (line.sequence, line.id)
        )

    @api.model
    def _reversed_entry(self, group):
        """The one invoice that a credit note corrects, if it is one."""
        invoices = self.env["account.move"].union(
            *(charge.credited_line.move_id for charge in group if charge.credited_line)
        )
        return invoices if len(invoices) == 1 else invoices.browse()

    @api.model
    def _reconcile_credits(self, moves):
        """A credit note pays the invoice it corrects, as far as that is open."""
        for credit_note in moves.filtered(lambda move: move.move_type == "out_refund" and move.reversed_entry_id):
            lines = (credit_note | credit_note.reversed_entry_id).line_ids.filtered(
                lambda line: (
                    line.display_type == "payment_term" and not line.reconciled and line.parent_state == "posted"
                )
            )
            if len(lines.move_id) == 2 and len(lines.account_id) == 1:
                lines.reconcile()

    # what Odoo needs to know

    @api.model
    def _invoice_date(self, group):
        contract = group[0].contract
        today = contract._today()
        return min(group[0].due, today) if contract.invoice_date_policy == "due" else today

    @api.model
    def _journal(self, contract):
        journal = contract.journal_id or contract.plan_id.with_company(contract.company_id).journal_id
        return journal or self._default_journal(contract.company_id)

    @api.model
    @remembered(lambda company: company)
    def _default_journal(self, company):
        journals = self.env["account.journal"].sudo()
        return journals.search([*journals._check_company_domain(company), ("type", "=", "sale")], limit=1)

    @api.model
    @remembered(
        lambda contract: (
            contract.company_id,
            contract.fiscal_position_id,
            contract.partner_invoice_id,
            contract.partner_shipping_id,
        )
    )
    def _fiscal_position(self, contract):
        """The contract's own, else what the customer's address calls for today."""
        return contract.fiscal_position_id or self.env["account.fiscal.position"].with_company(
            contract.company_id
        )._get_fiscal_position(contract.partner_invoice_id, delivery=contract.partner_shipping_id)

    @api.model
    @remembered(lambda line: line)
    def _taxes(self, line):
        """The taxes a person forced, else the product's through the fiscal position."""
        if line.tax_ids:
            return line.tax_ids
        taxes = line.product_id.taxes_id._filter_taxes_by_company(line.company_id)
        return self._fiscal_position(line.contract_id).map_tax(taxes)

    @api.model
    def _account(self, charge):
        """The income account Odoo would choose for this charge."""
        product = charge.line.product_id.with_company(charge.contract.company_id)
        accounts = product.product_tmpl_id.get_product_accounts(fiscal_pos=self._fiscal_position(charge.contract))
        return accounts["income"] or self._journal(charge.contract).default_account_id

    @api.model
    def _rebased(self, line, amount: Decimal, taxes) -> Decimal:
        """A tax-included price, moved to the taxes of the invoice."""
        if line.tax_ids or not any(tax.price_include for tax in line.product_id.taxes_id):
            return amount
        own = line.product_id.taxes_id._filter_taxes_by_company(line.company_id)
        if own == taxes or not any(own.mapped("price_include")):
            return amount
        price = line.product_id._get_tax_included_unit_price_from_price(
            float(amount), own, product_taxes_after_fp=taxes
        )
        return round_amount(Decimal(str(price)), line.contract_id._currency_unit())

    @api.model
    def _invoicing_mode(self, move):
        """How the contracts of a document want it to leave."""
        contracts = move.subscription_contract_ids
        return contracts[:1].invoicing_mode or "draft"

    # words

    @api.model
    def _describe(self, charge) -> str:
        """The text of an invoice line, in the customer's language: what, when, how much of it."""
        lang = charge.contract.partner_invoice_id.lang or charge.contract.partner_id.lang or self.env.lang
        engine = self.with_context(lang=lang)
        texts = [charge.line.name]
        if charge.line.kind != "one_off":
            texts.append(engine._describe_period(charge.period))
        if charge.line.kind == "recurring":
            texts += filter(None, [engine._describe_discount(charge), engine._describe_share(charge)])
        if charge.released and charge.proposed:
            texts.append(
                engine.env._("Less %(amount)s billed before", amount=engine._money(charge, charge.credited_amount))
            )
        elif charge.released:
            texts.append(
                engine.env._("Credit of what was billed on %(invoice)s", invoice=charge.credited_line.move_id.name)
            )
        return "\n".join(texts)

    @api.model
    def _describe_period(self, period) -> str:
        return self.env._(
            "From %(start)s to %(end)s",
            start=format_date(self.env, period.start),
            end=format_date(self.env, period.end),
        )

    @api.model
    def _describe_discount(self, charge) -> str:
        if not charge.line.discount or not charge.proposed:
            return ""
        return self.env._(
            "%(price)s less %(discount)s %%",
            price=self._money(charge, charge.line.quantity * charge.line.price_unit),
            discount=formatLang(self.env, charge.line.discount, digits=2).rstrip("0").rstrip(".,"),
        )

    @api.model
    def _describe_share(self, charge) -> str:
        """ "12 days of 31: 100.00 → 38.71"; empty for a whole period."""
        proposed = charge.proposed
        if not proposed or proposed.share == 1:
            return ""
        amounts = {
            "whole": self._money(charge, charge.line._whole()),
            "part": self._money(charge, proposed.amount),
        }
        if charge.contract.proration_policy == "exact_days":
            return self.env._(
                "%(days)s days of %(nominal)s: %(whole)s → %(part)s",
                days=proposed.period.days,
                nominal=proposed.nominal.days,
                **amounts,
            )
        if proposed.share == 0:
            return self.env._("Part of a period, not billed")
        return self.env._(
            "%(share)s of a period: %(whole)s → %(part)s", share=self._fraction(proposed.share), **amounts
        )

    @api.model
    def _fraction(self, share: Fraction) -> str:
        return f"{share.numerator}/{share.denominator}"

    @api.model
    def _money(self, charge, amount) -> str:
        return format_amount(self.env, float(amount), charge.contract.currency_id)
