from odoo import Command, api, models
from odoo.tools import frozendict, ormcache

from .account_move_entry import POSTING

# addons whose overrides of the methods below leave a new customer invoice as `account` and `mail` make it
NEUTRAL = {"account", "hr_expense", "mail", "rating", "sms", "stock_account", "subscription_billing"}
# what decides which lines an invoice gets, and what stands on them
SYNC = frozendict(
    {
        "account.move": (
            "_sync_dynamic_lines",
            "_get_sync_stack",
            "_sync_dynamic_line",
            "_sync_dynamic_line_needed_values",
            "_sync_tax_lines",
            "_sync_rounding_lines",
            "_sync_unbalanced_lines",
            "_sync_non_deductible_base_lines",
            "_sync_invoice",
            "_get_rounded_base_and_tax_lines",
            "_prepare_product_base_line_for_taxes_computation",
            "_get_product_base_line_currency_rate",
            "_get_invoice_currency_rate_date",
            "_get_expected_currency_rate_at",
            "_compute_expected_currency_rate",
            "_compute_invoice_currency_rate",
            "_compute_always_tax_exigible",
            "_compute_needed_terms",
            "_compute_invoice_date_due",
            "_get_discount_allocation_account",
        ),
        "account.move.line": (
            "_sync_invoice",
            "_sanitize_vals",
            "_compute_account_id",
            "_compute_partner_id",
            "_compute_currency_id",
            "_compute_currency_rate",
            "_compute_balance",
            "_compute_debit_credit",
            "_compute_amount_currency",
            "_compute_amount_residual",
            "_compute_totals",
            "_compute_is_refund",
            "_compute_epd_needed",
            "_compute_discount_allocation_needed",
        ),
        "account.tax": (
            "_prepare_base_line_for_taxes_computation",
            "_add_tax_details_in_base_lines",
            "_add_tax_details_in_base_line",
            "_round_base_lines_tax_details",
            "_add_accounting_data_in_base_lines_tax_details",
            "_add_accounting_data_to_base_line_tax_details",
            "_prepare_base_line_grouping_key",
            "_prepare_base_line_tax_repartition_grouping_key",
            "_prepare_tax_lines",
        ),
    }
)
# what decides who follows a new document, and which message it begins with
CHATTER = frozendict(
    {
        "account.move": (
            "_message_auto_subscribe",
            "_message_auto_subscribe_followers",
            "_creation_subtype",
            "_creation_message",
            "message_post",
            "_message_compute_author",
            "_message_compute_parent_id",
            "_mail_get_alias_domains",
            "_notify_get_reply_to",
            "_message_create",
            "_message_post_after_hook",
            "_notify_thread",
            "_notify_get_recipients",
        ),
        "mail.followers": ("_get_recipient_data",),
    }
)
# the fields of `account` that are read below; a value for any other one takes the ordinary path
READ_ON_MOVE = {
    "move_type",
    "company_id",
    "journal_id",
    "partner_id",
    "partner_shipping_id",
    "currency_id",
    "fiscal_position_id",
    "invoice_payment_term_id",
    "invoice_date",
    "invoice_origin",
    "invoice_line_ids",
    "invoice_user_id",
    "ref",
    "narration",
    "reversed_entry_id",
}
READ_ON_LINE = {
    "display_type",
    "sequence",
    "product_id",
    "name",
    "quantity",
    "product_uom_id",
    "price_unit",
    "discount",
    "tax_ids",
    "account_id",
    "analytic_distribution",
}
NEEDED_ON_LINE = {"product_id", "name", "quantity", "product_uom_id", "price_unit", "tax_ids", "analytic_distribution"}
WITHOUT_AMOUNT = ("line_section", "line_subsection", "line_note")
AMOUNT_TYPES = {"percent", "division", "fixed", "group"}
# a line that Odoo adds: no goods on it
ADDED = {"product_uom_id": False, "quantity": 0.0, "price_unit": 0.0, "price_subtotal": 0.0, "price_total": 0.0}
TAX_LINE = {**ADDED, "display_type": "tax", "sequence": 10000}
DUE_LINE = {
    **ADDED,
    "display_type": "payment_term",
    "sequence": 12000,
    "tax_ids": [],
    "name": False,
    "discount_date": False,
    "discount_balance": 0.0,
    "discount_amount_currency": 0.0,
}


class SubscriptionEngineEntry(models.AbstractModel):
    """The hot path: Odoo is handed a complete, balanced entry.

    Odoo finds the tax and due lines of an invoice by writing, comparing and writing
    again. Here the same functions of ``account`` work on values before anything is
    written, and ``create`` gets all lines at once. Where it is not proven that both
    ways lead to the same entry, the ordinary one is taken. Posting is Odoo's own.
    """

    _inherit = "subscription.engine"

    @api.model
    def _create_moves(self, vals_list):
        """The documents of ``vals_list``, in its order."""
        entries = [self._entry_vals(vals) if self._is_proven(vals) else None for vals in vals_list]
        complete = iter(self._create_entries([entry for entry in entries if entry]))
        ordinary = [vals for vals, entry in zip(vals_list, entries, strict=True) if not entry]
        others = iter(super()._create_moves(ordinary))
        return self.env["account.move"].sudo().union(*(next(complete if entry else others) for entry in entries))

    @api.model
    def _create_entries(self, entries):
        is_silent = self.env.context.get("tracking_disable") or self.env.context.get("mail_create_nolog")
        with_chatter = not is_silent and self._is_known(CHATTER)
        return self.env["account.move"].sudo()._subscription_create_complete(entries, with_chatter)

    @api.model
    def _issue(self, moves):
        """Post; what Odoo asks the database again for each document is asked once for all."""
        keys = {key for line in moves.line_ids for key in line.analytic_distribution or {}}
        ids = {int(id_) for key in keys for id_ in key.split(",") if id_.isdigit()}
        known = frozenset(self.env["account.analytic.account"].browse(ids).exists()._ids)
        super()._issue(moves.with_context(subscription_posting=POSTING, subscription_analytic_ids=known))

    # what is proven

    @api.model
    def _is_proven(self, vals) -> bool:
        """Whether the entry of these values is known to be what Odoo would make of them."""
        moves = self.env["account.move"]
        company = self.env["res.company"].browse(vals["company_id"])
        terms = self.env["account.payment.term"].browse(vals["invoice_payment_term_id"])
        lines = [line for _command, _id, line in vals["invoice_line_ids"]]
        return bool(
            self._is_known(SYNC)
            and self._is_read(moves, vals.keys(), READ_ON_MOVE)
            and all(self._is_read(moves.line_ids, line.keys(), READ_ON_LINE) for line in lines)
            and all(self._is_line_proven(line) for line in lines)
            and not company.account_storno
            and not company.account_discount_expense_allocation_id
            and not (terms.early_discount and terms.early_pay_discount_computation == "mixed")
        )

    @api.model
    @ormcache("methods")
    def _is_known(self, methods) -> bool:
        """Whether nothing but neutral addons have a say in ``methods``."""
        return all(
            owner.__module__.split(".")[2:3] and owner.__module__.split(".")[2] in NEUTRAL
            for model, names in methods.items()
            for name in names
            for owner in type(self.env[model]).__mro__
            if name in vars(owner)
        )

    @api.model
    def _is_read(self, records, names, read) -> bool:
        """Whether of the fields of ``account``, only those of ``read`` are given, by these values or by default."""
        defaults = self.env["ir.default"]._get_model_defaults(records._name)
        given = {*names, *defaults, *(key[8:] for key in self.env.context if key.startswith("default_"))}
        return all("account" not in records._fields[name]._modules for name in given - read if name in records._fields)

    @api.model
    def _is_line_proven(self, line) -> bool:
        if line.get("display_type") in WITHOUT_AMOUNT:
            return True
        return (
            line.keys() >= NEEDED_ON_LINE
            and bool(line["product_id"])
            and all(
                tax.amount_type in AMOUNT_TYPES and tax.tax_exigibility != "on_payment"
                for tax in self._entry_taxes(line)
            )
        )

    # the entry

    @api.model
    def _entry_vals(self, vals) -> dict | None:
        """The values of a document with all the lines that Odoo would add; None without the accounts for them."""
        company = self.env["res.company"].browse(vals["company_id"])
        currency = self.env["res.currency"].browse(vals["currency_id"])
        partner = self.env["res.partner"].browse(vals["partner_id"]).commercial_partner_id
        common = {"partner_id": partner.id, "currency_id": currency.id}
        lines = [{"display_type": "product", **line, **common} for _command, _id, line in vals["invoice_line_ids"]]
        products = [line for line in lines if line["display_type"] == "product"]
        for line in products:
            line["account_id"] = line.get("account_id") or self._income_account(vals, line).id
        receivable = self._receivable_account(vals, partner)
        if not receivable or not all(line["account_id"] for line in products):
            return None
        added = self._add_taxes(vals, products, company, currency, partner)
        due_lines = self._due_lines(vals, products, added, company, currency)
        added += [{**DUE_LINE, **common, "account_id": receivable.id, **line} for line in due_lines]
        return {
            **{name: value for name, value in vals.items() if name != "invoice_line_ids"},
            "invoice_date_due": max(line["date_maturity"] for line in due_lines),
            "line_ids": [Command.create(line) for line in lines + added],
        }

    @api.model
    def _income_account(self, vals, line):
        product = self.env["product.product"].browse(line["product_id"]).with_company(vals["company_id"])
        position = self.env["account.fiscal.position"].browse(vals["fiscal_position_id"])
        return product.product_tmpl_id.get_product_accounts(fiscal_pos=position)["income"]

    @api.model
    def _receivable_account(self, vals, partner):
        account = partner.with_company(vals["company_id"]).property_account_receivable_id
        return self.env["account.fiscal.position"].browse(vals["fiscal_position_id"]).map_account(account)

    @api.model
    def _entry_taxes(self, line):
        """The taxes of the values of a line, those inside groups included."""
        [[_command, _id, ids]] = line["tax_ids"]
        return self.env["account.tax"].browse(ids).flatten_taxes_hierarchy()

    @api.model
    def _add_taxes(self, vals, products, company, currency, partner) -> list[dict]:
        """Put amounts and tags on the product lines; returns the tax lines they call for."""
        taxes = self.env["account.tax"]
        rate = self.env["res.currency"]._get_conversion_rate(
            from_currency=company.currency_id, to_currency=currency, company=company, date=vals["invoice_date"]
        )
        base_lines = [self._base_line(vals, line, currency, partner, rate) for line in products]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        for line, base_line in zip(products, base_lines, strict=True):
            # each line by itself, as Odoo shows it; then all together, as Odoo books them
            taxes._round_base_lines_tax_details([base_line], company)
            line["price_subtotal"] = base_line["tax_details"]["total_excluded_currency"]
            line["price_total"] = base_line["tax_details"]["total_included_currency"]
        taxes._round_base_lines_tax_details(base_lines, company)
        taxes._add_accounting_data_in_base_lines_tax_details(base_lines, company)
        result = taxes._prepare_tax_lines(base_lines, company)
        for line, (_base_line, amounts) in zip(products, result["base_lines_to_update"], strict=True):
            line.update(amounts)
        return [{**TAX_LINE, **line} for line in result["tax_lines_to_add"]]

    @api.model
    def _base_line(self, vals, line, currency, partner, rate) -> dict:
        """The values of a product line as the taxes read them."""
        is_refund = vals["move_type"] == "out_refund"
        records = self.env["account.move.line"]
        numbers = {
            name: records._fields[name].convert_to_cache(line.get(name, 0.0), records)
            for name in ("price_unit", "quantity", "discount")
        }
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            None,
            product_id=self.env["product.product"].browse(line["product_id"]),
            product_uom_id=self.env["uom.uom"].browse(line["product_uom_id"]),
            tax_ids=self.env["account.tax"].browse(line["tax_ids"][0][2]),
            account_id=self.env["account.account"].browse(line["account_id"]),
            analytic_distribution=line["analytic_distribution"],
            partner_id=partner,
            currency_id=currency,
            is_refund=is_refund,
            sign=1 if is_refund else -1,
            rate=rate,
            name=line["name"],
            **numbers,
        )

    @api.model
    def _due_lines(self, vals, products, tax_lines, company, currency) -> list[dict]:
        """What the customer owes and when, by the payment terms; at once without any."""

        def owed(lines):
            amounts = -sum(line["balance"] for line in lines), -sum(line["amount_currency"] for line in lines)
            return company.currency_id.round(amounts[0]), currency.round(amounts[1])

        (untaxed, untaxed_currency), (tax, tax_currency) = owed(products), owed(tax_lines)
        terms = self.env["account.payment.term"].browse(vals["invoice_payment_term_id"])
        if not terms:
            return [
                {
                    "date_maturity": company._subscription_today(),
                    "balance": untaxed + tax,
                    "amount_currency": untaxed_currency + tax_currency,
                }
            ]
        schedule = terms._compute_terms(
            date_ref=vals["invoice_date"],
            currency=currency,
            company=company,
            tax_amount=tax,
            tax_amount_currency=tax_currency,
            untaxed_amount=untaxed,
            untaxed_amount_currency=untaxed_currency,
            sign=-1 if vals["move_type"] == "out_refund" else 1,
        )
        discount = {
            "discount_date": schedule["discount_date"],
            "discount_balance": schedule["discount_balance"],
            "discount_amount_currency": schedule.get("discount_amount_currency", 0.0),
        }
        by_day = {}
        for instalment in schedule["line_ids"]:
            day = instalment["date"]
            line = by_day.setdefault(day, {"date_maturity": day, **discount, "balance": 0.0, "amount_currency": 0.0})
            line["balance"] += instalment["company_amount"]
            line["amount_currency"] += instalment["foreign_amount"]
        return list(by_day.values())
