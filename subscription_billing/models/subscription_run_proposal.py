from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class SubscriptionRunProposal(models.Model):
    """One invoice or credit note that a run proposes, kept as it was when a person looked at it.

    Never billed from: the engine proposes again and compares digests.
    """

    _name = "subscription.run.proposal"
    _description = "Proposed invoice"
    _order = "run_id, due_date, id"
    _check_company_auto = True

    run_id = fields.Many2one("subscription.run", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    user_id = fields.Many2one(related="run_id.user_id", string="Responsible")
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company currency")
    digest = fields.Char(readonly=True, export_string_translation=False)

    # whom
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True, index=True, ondelete="cascade")
    contract_ids = fields.Many2many("subscription.contract", string="Contracts", readonly=True)
    plan_id = fields.Many2one("subscription.plan", readonly=True, index="btree_not_null", ondelete="set null")
    salesperson_id = fields.Many2one("res.users", readonly=True, index="btree_not_null", ondelete="set null")

    # what
    move_type = fields.Selection([("out_invoice", "Invoice"), ("out_refund", "Credit note")], "Document", readonly=True)
    due_date = fields.Date("Due on", readonly=True, help="The day from which all of it may be billed.")
    line_ids = fields.One2many("subscription.run.line", "proposal_id", "Content", readonly=True)
    content = fields.Char("What", readonly=True, help="The products it bills.")
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_untaxed = fields.Monetary("Untaxed", readonly=True, help="Negative for a credit note.")
    amount_tax = fields.Monetary("Tax", readonly=True)
    amount_total = fields.Monetary("Total", readonly=True)
    amount_company = fields.Monetary(
        "Untaxed, company currency",
        readonly=True,
        currency_field="company_currency_id",
        help="At the rate of the simulation.",
    )

    # compared with last time
    is_compared = fields.Boolean(readonly=True, help="At least one whole period can be compared with the one before.")
    previous_amount = fields.Monetary(
        "Last time",
        readonly=True,
        help="What the whole periods before were invoiced; for an imported contract, by the former application.",
    )
    variance = fields.Monetary(readonly=True, help="Whole periods only, compared with the whole period before.")
    variance_rate = fields.Float("Variance %", readonly=True, aggregator=None)
    warning = fields.Text("Warnings", readonly=True)
    has_warning = fields.Boolean(readonly=True)

    # what becomes of it
    is_approved = fields.Boolean("Approved", readonly=True)
    is_changed = fields.Boolean("Changed since simulated", readonly=True)
    simulated_total = fields.Monetary("Total when simulated", readonly=True)
    reason = fields.Text(readonly=True, help="Why it is excluded or cannot be billed.")
    remarks = fields.Text(compute="_compute_remarks", help="Why it is not billed, and what is unusual about it.")
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, index="btree_not_null", ondelete="set null")
    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("failed", "Blocked"),
            ("excluded", "Excluded"),
            ("drafted", "Draft invoice"),
            ("posted", "Posted"),
            ("settled", "Nothing to pay"),
            ("gone", "No longer due"),
        ],
        required=True,
        readonly=True,
        default="proposed",
        index=True,
    )

    @api.depends("partner_id", "due_date", "move_id")
    def _compute_display_name(self):
        for proposal in self:
            parts = [proposal.partner_id.display_name, format_date(self.env, proposal.due_date)]
            proposal.display_name = proposal.move_id.display_name or " – ".join(filter(None, parts))

    @api.depends("reason", "warning")
    def _compute_remarks(self):
        for proposal in self:
            proposal.remarks = "\n".join(filter(None, [proposal.reason, proposal.warning]))

    # what it says

    @api.model
    def _values_of(self, engine, group, digest, previous, threshold) -> dict:
        """The row that shows one group of charges, its lines included."""
        contract = group[0].contract
        contracts = contract.browse().union(*(charge.contract for charge in group))
        is_refund = sum(charge.amount for charge in group) < 0
        currency, company = contract.currency_id, contract.company_id
        lines = [self._line_values(engine, charge, -1 if is_refund else 1, previous) for charge in group]
        sign = -1 if is_refund else 1
        untaxed, tax = self._totals(company, currency, lines, is_refund)
        compared = [line for line in lines if line["comparison"] == "whole"]
        last_time = sum(line["previous_amount"] for line in compared)
        variance = sum(
            float(charge.billed_amount) - line["previous_amount"]
            for charge, line in zip(group, lines, strict=True)
            if line["comparison"] == "whole"
        )
        if expected := engine._legacy_amount(group):
            compared, last_time, variance = True, expected, sign * untaxed - expected
        variance = currency.round(variance)
        rate = (variance / last_time if last_time else float(bool(variance))) if compared else None
        warnings = engine._run_warnings(group, None if rate is None else rate * 100, threshold)
        invoice_date = engine._invoice_date(group)
        return {
            "digest": digest,
            "partner_id": contract.partner_invoice_id.id,
            "contract_ids": [Command.set(contracts.ids)],
            "plan_id": contract.plan_id.id,
            "salesperson_id": contract.user_id.id,
            "move_type": "out_refund" if is_refund else "out_invoice",
            "due_date": max(charge.due for charge in group),
            "currency_id": currency.id,
            "amount_untaxed": sign * untaxed,
            "amount_tax": sign * tax,
            "amount_total": sign * (untaxed + tax),
            "amount_company": currency._convert(sign * untaxed, company.currency_id, company, invoice_date),
            "is_compared": bool(compared),
            "previous_amount": last_time,
            "variance": variance,
            "variance_rate": rate or 0.0,
            "content": ", ".join(dict.fromkeys(charge.line.product_id.display_name for charge in group)),
            "line_ids": [
                Command.create({**line, "sequence": index, "amount_untaxed": sign * line["amount_untaxed"]})
                for index, line in enumerate(lines)
            ],
            "warning": "\n".join(warnings),
        }

    @api.model
    def _line_values(self, engine, charge, sign, previous) -> dict:
        """What the invoice line of a charge will say."""
        vals = engine._invoice_line_vals(charge, sign)
        comparison = engine._comparison(charge, previous)
        return {
            "contract_id": charge.contract.id,
            "line_id": charge.line.id,
            "product_id": vals["product_id"],
            "name": vals["name"],
            "date_start": charge.period.start,
            "date_end": charge.period.end,
            "quantity": vals["quantity"],
            "price_unit": vals["price_unit"],
            "tax_ids": vals["tax_ids"],
            "comparison": comparison,
            "previous_amount": previous[charge.line.chain_id.id][1] if comparison == "whole" else 0.0,
        }

    @api.model
    def _totals(self, company, currency, lines, is_refund) -> tuple[float, float]:
        """Untaxed amount and tax of a document, by the arithmetic of invoices; fills the amount of each line."""
        taxes = self.env["account.tax"].with_company(company)
        products, all_taxes = self.env["product.product"], self.env["account.tax"]
        base_lines = [
            taxes._prepare_base_line_for_taxes_computation(
                None,
                product_id=products.browse(line["product_id"]),
                tax_ids=all_taxes.browse(line["tax_ids"][0][2]),
                price_unit=line["price_unit"],
                quantity=line["quantity"],
                currency_id=currency,
                is_refund=is_refund,
            )
            for line in lines
        ]
        taxes._add_tax_details_in_base_lines(base_lines, company)
        taxes._round_base_lines_tax_details(base_lines, company)
        for line, base_line in zip(lines, base_lines, strict=True):
            details = base_line["tax_details"]
            line["amount_untaxed"] = details["total_excluded_currency"] + details["delta_total_excluded_currency"]
        summary = taxes._get_tax_totals_summary(base_lines, currency, company)
        return summary["base_amount_currency"], summary["tax_amount_currency"]

    # verbs

    def _exclude(self, until: date, reason: str):
        """Bill nothing of these contracts before ``until``; the contracts say why."""
        self.check_access("read")
        self.run_id._check_proposer()
        rows = self.sudo()
        if billed := rows.filtered(lambda row: row.state not in ("proposed", "failed")):
            raise UserError(self.env._("Only what is not billed yet can be excluded: %s", billed[0].display_name))
        for run, excluded in rows.grouped("run_id").items():
            run._check_idle()
            contracts = excluded.contract_ids._locked()
            moment = datetime.combine(until, time.min, ZoneInfo(run.company_id.subscription_tz))
            contracts.next_attempt = moment.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
            for contract in contracts:
                contract.message_post(
                    body=self.env._(
                        "Not billed before %(day)s. %(reason)s (%(run)s)",
                        day=format_date(self.env, until),
                        reason=reason,
                        run=run.name,
                    )
                )
            run.proposal_ids.filtered(
                lambda row, contracts=contracts: row.state in ("proposed", "failed") and row.contract_ids & contracts
            ).write({"state": "excluded", "is_approved": False, "reason": reason})
            run._update_state()

    def action_include(self):
        """Take back an exclusion: the contracts may be billed again."""
        self.check_access("read")
        self.run_id._check_proposer()
        rows = self.sudo().filtered(lambda row: row.state == "excluded")
        for run, included in rows.grouped("run_id").items():
            run._check_idle()
            contracts = included.contract_ids._locked()
            contracts.next_attempt = False
            run.proposal_ids.filtered(
                lambda row, contracts=contracts: row.state == "excluded" and row.contract_ids & contracts
            ).write({"state": "proposed", "reason": False})
            run._update_state()

    def action_exclude(self):
        """Ask until when, and why."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Exclude from billing"),
            "res_model": "subscription.run.exclude",
            "view_mode": "form",
            "target": "new",
            "context": {"default_proposal_ids": self.ids},
        }

    def action_open_document(self):
        """The invoice once there is one, else the contract."""
        self.ensure_one()
        target = self.move_id or self.contract_ids[:1]
        return {
            "type": "ir.actions.act_window",
            "res_model": target._name,
            "res_id": target.id,
            "views": [(False, "form")],
        }

    @api.model
    def _follow(self, moves):
        """Drafts of runs that were posted, whoever did it."""
        rows = self.sudo().search([("move_id", "in", moves.ids), ("state", "=", "drafted")])
        if rows:
            rows.state = "posted"
            rows.run_id._update_state()

    def _read_document(self):
        """What a person made of the draft: the row follows, and says so."""
        for row in self.filtered(
            lambda row: (
                row.move_id
                and row.currency_id.compare_amounts(row.amount_total, row.move_id.amount_total_in_currency_signed)
            )
        ):
            move = row.move_id
            row.write(
                {
                    "simulated_total": row.simulated_total if row.is_changed else row.amount_total,
                    "is_changed": True,
                    "is_approved": False,
                    "amount_untaxed": move.amount_untaxed_in_currency_signed,
                    "amount_tax": move.amount_total_in_currency_signed - move.amount_untaxed_in_currency_signed,
                    "amount_total": move.amount_total_in_currency_signed,
                    "amount_company": move.amount_untaxed_signed,
                }
            )
