from collections import Counter, defaultdict
from datetime import date
from hashlib import sha256

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from .subscription_engine_cron import MAX_PERIODS


class SubscriptionEngineRun(models.AbstractModel):
    """What a billing run asks of the engine: documents to look at, and what is odd about them."""

    _inherit = "subscription.engine"

    @api.model
    def _documents(self, contracts, until: date) -> dict[str, list]:
        """The documents that would be written for ``contracts``, by their digest."""
        groups = self._groups(self._preview(contracts, until))
        return {self._digest(group): group for group in groups}

    @api.model
    def _digest(self, group) -> str:
        """Two documents with the same digest ask the same money of the same customer for the same days."""
        contract = group[0].contract
        parts = [
            (
                contract.partner_invoice_id.id,
                contract.partner_shipping_id.id,
                contract.currency_id.id,
                self._journal(contract).id,
                contract.payment_term_id.id,
            )
        ]
        for charge in group:
            parts.append(
                (
                    charge.line.id,
                    charge.line.product_id.id,
                    charge.period.start.isoformat(),
                    charge.period.stop.isoformat(),
                    str(charge.amount),
                    f"{charge.quantity:.6f}",
                    [(tax.id, tax.amount_type, tax.amount) for tax in charge.taxes.flatten_taxes_hierarchy()],
                    charge.released.id if charge.released else False,
                )
            )
        return sha256(repr(parts).encode()).hexdigest()

    # comparison with what was billed before

    @api.model
    def _previous_wholes(self, charges) -> dict:
        """The last whole period that was billed of each chain: its line and what it came to."""
        chains = {charge.line.chain_id.id for charge in charges}
        if not chains:
            return {}
        self.env["subscription.period"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (chain_id) chain_id, line_id, amount_invoiced
                  FROM subscription_period
                 WHERE chain_id IN %(chains)s
                   AND state IN ('billed', 'kept')
                   AND share_numerator = share_denominator
                 ORDER BY chain_id, date_start DESC
                """,
                chains=tuple(chains),
            )
        )
        return {chain_id: (line_id, amount) for chain_id, line_id, amount in rows}

    @api.model
    def _comparison(self, charge, previous) -> str:
        """Whether a charge can be compared with the whole period before it, or why not."""
        if charge.line.kind == "one_off":
            return "one_off"
        if not charge.proposed or charge.released:
            return "credit"
        if charge.proposed.share != 1:
            return "stub"
        if charge.line.chain_id.id not in previous:
            return "first"
        if previous[charge.line.chain_id.id][0] != charge.line.id:
            return "amended"
        if charge.line.date_stop and charge.period.stop >= charge.line.date_stop:
            return "last"
        return "whole"

    # warnings

    @api.model
    def _run_warnings(self, group, variance: float | None, threshold: float) -> list[str]:
        """What is unusual about one document; a person decides.

        :param variance: difference with last time, in percent; None when nothing compares.
        """
        _ = self.env._
        contract = group[0].contract
        today = contract._today()
        warnings = []
        counts = Counter(charge.line.chain_id for charge in group if charge.proposed)
        if counts and max(counts.values()) > MAX_PERIODS:
            warnings.append(_("%s periods of one line at once", max(counts.values())))
        if variance is not None and abs(variance) > threshold:
            warnings.append(_("%s %% compared with last time", f"{variance:+.0f}"))
        if not any(charge.amount for charge in group):
            warnings.append(_("Nothing to pay: its periods are settled without an invoice"))
        elif zero := [charge.line.name.split("\n")[0] for charge in group if charge.proposed and not charge.amount]:
            warnings.append(_("Costs nothing: %s", ", ".join(dict.fromkeys(zero))))
        for other in dict.fromkeys(charge.contract for charge in group):
            if other.date_stop and other.date_stop <= today:
                warnings.append(
                    _("%(contract)s ended on %(day)s", contract=other.name, day=format_date(self.env, other.date_end))
                )
        return warnings

    @api.model
    def _left_out(self, contracts, until: date) -> dict:
        """Contracts due by then that would share an invoice with these, by customer, were they billed together."""
        grouped = contracts.filtered(lambda contract: contract.invoice_grouping == "customer")
        if not grouped:
            return {}
        others = self.env["subscription.contract"].search(
            [
                ("id", "not in", contracts.ids),
                ("commercial_partner_id", "in", grouped.commercial_partner_id.ids),
                ("company_id", "in", grouped.company_id.ids),
                ("invoice_grouping", "=", "customer"),
                ("state", "!=", "draft"),
                ("next_billing_date", "<=", until),
            ]
        )
        return others.grouped("commercial_partner_id")

    @api.model
    def _document_errors(self, groups) -> dict:
        """Why contracts cannot be billed, by contract."""
        charges = defaultdict(list)
        for group in groups:
            for charge in group:
                charges[charge.contract].append(charge)
        errors = {contract: self._contract_errors(contract, own) for contract, own in charges.items()}
        return {contract: list(dict.fromkeys(texts)) for contract, texts in errors.items() if texts}

    # drafts

    @api.model
    def _issue_drafts(self, moves):
        """Post drafts that the engine wrote earlier.

        :raises UserError: when the books were closed meanwhile: Odoo would move the invoice to a later day.
        """
        self._check_armed()
        for move in moves:
            day = move.invoice_date or move.company_id._subscription_today()
            if violated := move.company_id._get_violated_lock_dates(day, bool(move.line_ids.tax_ids), move.journal_id):
                raise UserError(
                    self.env._(
                        "%(invoice)s is dated %(day)s and the books are closed until %(lock)s: change its date.",
                        invoice=move.display_name,
                        day=format_date(self.env, day),
                        lock=format_date(self.env, max(lock for lock, _field in violated)),
                    )
                )
        self._issue(moves)

    @api.model
    def _on_invoiced(self, moves):
        """A draft of a run that a person posts by hand is posted in the run too."""
        result = super()._on_invoiced(moves)
        self.env["subscription.run.proposal"]._follow(moves)
        return result
