from collections import defaultdict
from datetime import timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..memo import remembered
from .subscription_period import COUNTING

# what refuses a second billing, and the table it guards
GUARDS = {
    "subscription_period_billed_once": "subscription_period",
    "subscription_period_billed_once_start": "subscription_period",
    "subscription_line_chain_disjoint": "subscription_line",
}
MAX_RATE_AGE = timedelta(days=31)
MAX_CONFLICTS = 20


def overlaps(table) -> SQL:
    """Pairs of rows of one chain that hold on the same day, of lines or of the ledger."""
    counting = SQL("one.state IN %(states)s AND other.state IN %(states)s", states=COUNTING)
    return SQL(
        """
        SELECT one.id, one.company_id, one.contract_id, one.date_start, other.id AS other_id,
               other.date_start AS other_start
          FROM %(table)s one
          JOIN %(table)s other
            ON other.chain_id = one.chain_id
           AND other.id > one.id
           AND daterange(other.date_start, other.date_stop) && daterange(one.date_start, one.date_stop)
         WHERE %(counting)s
        """,
        table=SQL.identifier(table),
        counting=counting if table == "subscription_period" else SQL("TRUE"),
    )


class SubscriptionEngineCheck(models.AbstractModel):
    """What Odoo would accept silently and wrongly is an error that names the record."""

    _inherit = "subscription.engine"

    @api.model
    def _preflight(self, charges):
        """:raises UserError: with every reason why one of these documents would be wrong."""
        if broken := self._guard_errors():
            raise UserError("\n".join(broken))
        errors = defaultdict(list)
        for contract in {charge.contract: None for charge in charges}:
            own = [charge for charge in charges if charge.contract == contract]
            errors[contract] += self._contract_errors(contract, own)
        messages = [
            f"{contract.display_name}: {text}" for contract, texts in errors.items() for text in dict.fromkeys(texts)
        ]
        if messages:
            raise UserError("\n".join(messages))

    @api.model
    def _guard_errors(self) -> list[str]:
        """Which constraints are missing, and the rows that kept an upgrade from making them."""
        missing = self._missing_guards()
        if not missing:
            return []
        return [
            self.env._(
                "The database does not refuse a second billing any more: %s is missing. "
                "Correct the rows below if there are any, then upgrade the module.",
                ", ".join(missing),
            ),
            *(text for table in dict.fromkeys(GUARDS[name] for name in missing) for text in self._conflicts(table)),
        ]

    @api.model
    def _missing_guards(self) -> list[str]:
        """The constraints that an upgrade over dirty data dropped with only a warning."""
        found = self.env.execute_query(
            SQL(
                "SELECT conname FROM pg_constraint WHERE conname IN %(names)s "
                "UNION SELECT indexname FROM pg_indexes WHERE indexname IN %(names)s",
                names=tuple(GUARDS),
            )
        )
        return sorted(GUARDS.keys() - {name for [name] in found})

    @api.model
    def _conflicts(self, table) -> list[str]:
        """Pairs of rows of one chain that hold on the same day, in words."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT contract.name, pair.id, pair.date_start, pair.other_id, pair.other_start
                  FROM (%(pairs)s) pair
                  JOIN subscription_contract contract ON contract.id = pair.contract_id
                 ORDER BY contract.name, pair.date_start
                 LIMIT %(limit)s
                """,
                pairs=overlaps(table),
                limit=MAX_CONFLICTS,
            )
        )
        return [
            self.env._(
                "%(contract)s: rows %(one)s (from %(one_start)s) and %(other)s (from %(other_start)s) of %(table)s "
                "hold on the same day.",
                contract=contract,
                one=one,
                one_start=one_start,
                other=other,
                other_start=other_start,
                table=table,
            )
            for contract, one, one_start, other, other_start in rows
        ]

    @api.model
    def _contract_errors(self, contract, charges) -> list[str]:
        _ = self.env._
        errors = []
        journal, company = self._journal(contract), contract.company_id
        today = self._invoice_date(charges)
        if not journal:
            errors.append(_("the company has no sales journal: create one."))
        elif not journal.active or journal.company_id not in company.parent_ids:
            errors.append(
                _("the journal %s is archived or of another company: choose another one.", journal.display_name)
            )
        elif violated := company._get_violated_lock_dates(today, any(charge.taxes for charge in charges), journal):
            errors.append(
                _(
                    "the books are closed until %s: Odoo would move the invoice to a later day. "
                    "Open them, or choose “Day of billing” as its invoice date.",
                    format_date(self.env, max(day for day, _field in violated)),
                )
            )
        for partner in contract.partner_id | contract.partner_invoice_id | contract.partner_shipping_id:
            if not partner.active:
                errors.append(_("the contact %s is archived: restore it or choose another one.", partner.display_name))
            if partner.company_id and partner.company_id not in company.parent_ids:
                errors.append(_("the contact %s belongs to another company: choose another one.", partner.display_name))
        if contract.payment_term_id and not contract.payment_term_id.active:
            errors.append(
                _("the payment terms %s are archived: choose other ones.", contract.payment_term_id.display_name)
            )
        if contract.fiscal_position_id and not contract.fiscal_position_id.active:
            errors.append(
                _("the fiscal position %s is archived: choose another one.", contract.fiscal_position_id.display_name)
            )
        errors += self._currency_errors(contract, today)
        for charge in charges:
            errors += self._charge_errors(charge)
        return errors

    @api.model
    def _currency_errors(self, contract, day) -> list[str]:
        currency, company = contract.currency_id, contract.company_id
        if not currency.active:
            return [self.env._("the currency %s is not active.", currency.name)]
        if currency == company.currency_id:
            return []
        known = (
            self.env["res.currency.rate"]
            .sudo()
            .search_count(
                [
                    ("currency_id", "=", currency.id),
                    ("company_id", "in", [False, company.root_id.id]),
                    ("name", "<=", day),
                    ("name", ">=", day - MAX_RATE_AGE),
                ],
                limit=1,
            )
        )
        if known:
            return []
        return [
            self.env._(
                "the currency %(currency)s has no rate in the 31 days before %(day)s: Odoo would use a wrong one.",
                currency=currency.name,
                day=format_date(self.env, day),
            )
        ]

    @api.model
    def _charge_errors(self, charge) -> list[str]:
        _ = self.env._
        product = charge.line.product_id
        if not charge.proposed:
            return []
        if not product.active:
            return [_("the product %s is archived: restore it or change the line.", product.display_name)]
        errors = [
            _("the tax %s is archived: choose another one on the product or the line.", tax.display_name)
            for tax in self._archived_taxes(charge)
        ]
        account = self._account(charge)
        if not account or not account.active:
            errors.append(_("the product %s has no income account in use.", product.display_name))
        if charge.amount and abs(charge.amount) >= 10**12:
            errors.append(_("the amount of %s is not an ordinary number.", charge.line.name))
        return errors

    @api.model
    def _archived_taxes(self, charge):
        """The taxes that would be charged although they are archived, or be left out because they are.

        Odoo hides archived taxes of a product: an invoice loses them without a word.
        """
        line = charge.line.with_context(active_test=False)
        if line.tax_ids:
            return line.tax_ids.filtered(lambda tax: not tax.active)
        # a variant keeps the taxes that were active when it was first read: its template tells all of them
        template, position = line.product_id.product_tmpl_id, self._fiscal_position(charge.contract)
        return self._archived_product_taxes(template, line.company_id, position)

    @api.model
    @remembered(lambda *values: values)
    def _archived_product_taxes(self, template, company, position):
        own = template.with_context(active_test=False).taxes_id._filter_taxes_by_company(company)
        mapped = position.with_context(active_test=False).tax_ids
        wanted = [own, *(mapped.filtered(lambda tax, own=own: own in tax.original_tax_ids) for own in own)]
        return own.browse().union(*(taxes for taxes in wanted if not any(taxes.mapped("active"))))
