from odoo import api, fields, models
from odoo.tools import format_date, format_datetime

from ..receipt import Receipt, render
from .subscription_contract_wish import ENDING_KINDS


class SubscriptionRequestReceipt(models.Model):
    """The paper that a customer keeps of an end or a withdrawal (a durable medium)."""

    _inherit = "subscription.request"

    receipt_id = fields.Many2one(
        "ir.attachment", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    def _do(self, wish):
        """An end leaves a receipt with its effects."""
        super()._do(wish)
        if wish.kind in ENDING_KINDS:
            self._acknowledge()

    def _acknowledge(self):
        """Write the receipt, and let it leave."""
        own = self.with_context(lang=self._customer_lang())
        self.receipt_id = own._attach(f"{self.name}.pdf", own._receipt())
        self._queue_letter()

    def _receipt(self) -> bytes:
        """With what came of it, as far as it is known."""
        effects = (self.summary or "").splitlines() if self.state == "done" else [self._wait_text()]
        return self._render_receipt(self.company_id, self._receipt_facts(), effects)

    def _declaration_receipt(self) -> bytes:
        """What was typed and when: for whoever typed it, known to us or not."""
        effects = [self.env._("The acknowledgement, with the day and the effects, goes to %s.", self.declared_email)]
        return self._render_receipt(self.env.company, self._declared_facts(), effects)

    def _render_receipt(self, company, facts, effects) -> bytes:
        address = company.partner_id._display_address(without_company=True).splitlines()
        return render(
            Receipt(
                sender=[company.name, *filter(str.strip, address)],
                title=self._receipt_title(),
                facts=[(self.env._("Request"), self.name), (self.env._("Received on"), self._moment(company)), *facts],
                heading=self.env._("What follows"),
                effects=effects,
                footnote=self.env._("Keep this document: it proves what you told us, and when."),
            )
        )

    def _receipt_title(self) -> str:
        if self.kind == "withdraw":
            return self.env._("Receipt of your withdrawal")
        return self.env._("Receipt of the termination of your contract")

    def _moment(self, company) -> str:
        """Day, time and time zone."""
        zone = company.subscription_tz
        return f"{format_datetime(self.env, self.create_date, tz=zone)} ({zone})"

    def _wait_text(self) -> str:
        return self.env._("We look at your request and answer you by mail.")

    def _receipt_facts(self) -> list[tuple[str, str]]:
        """Who asked, and for which contract; what was typed where it belongs to none yet."""
        if not self.contract_id:
            return self._declared_facts()
        contract = self.contract_id
        facts = [
            (self.env._("Customer"), contract.partner_id.display_name),
            (self.env._("Asked by"), self.declared_name or self.partner_id.name),
            (self.env._("E-mail"), self.declared_email or self.partner_id.email),
            (self.env._("Contract"), f"{contract.name} · {contract.plan_id.name}"),
            (self.env._("Last day wished for"), self.declared_date and format_date(self.env, self.declared_date)),
            (self.env._("Reason"), self.reason),
        ]
        return [(label, text) for label, text in facts if text]

    def _declared_facts(self) -> list[tuple[str, str]]:
        """What was typed, and nothing else."""
        return self._declaration_facts(
            {
                "name": self.declared_name,
                "email": self.declared_email,
                "reference": self.declared_reference,
                "date_end": self.declared_date,
                "reason": self.reason,
                "document_name": self.document_id.name,
            }
        )

    @api.model
    def _declaration_facts(self, declaration: dict) -> list[tuple[str, str]]:
        """Labels and texts of what ``_read_declaration`` returned."""
        wished = declaration.get("date_end")
        facts = [
            (self.env._("Name or company"), declaration["name"]),
            (self.env._("E-mail"), declaration["email"]),
            (self.env._("Number of the contract"), declaration["reference"]),
            (self.env._("Last day wished for"), wished and format_date(self.env, wished)),
            (self.env._("Legitimate reason"), declaration.get("reason")),
            (self.env._("Document"), declaration.get("document_name")),
        ]
        return [(label, text) for label, text in facts if text]
