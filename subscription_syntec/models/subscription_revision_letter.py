import base64
from datetime import timedelta

from num2words import num2words

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, get_lang

from ..letter import Letter, render


class SubscriptionRevisionLetter(models.Model):
    """The letter of a revision: one for all lines of a contract that change on a day, and the proof that it left."""

    _inherit = "subscription.revision"

    letter_due = fields.Date("Letter due on", compute="_compute_letter_due", store=True)

    @api.depends("date_effective", "clause_id.letter_days", "state")
    def _compute_letter_due(self):
        for revision in self:
            days = revision.clause_id.letter_days
            is_due = days and revision.date_effective and revision.state == "applied"
            revision.letter_due = is_due and revision.date_effective - timedelta(days=days)

    def action_send_letter(self):
        """Write to the customer now, whether the clause asks for it or not."""
        for letter in self._by_letter().values():
            letter._check_may_decide()
            letter._send_letter()

    def action_print_letter(self):
        """The letter as it leaves, to read it."""
        self.ensure_one()
        attachment = self._by_letter_of_all()._letter_attachment()
        return {"type": "ir.actions.act_url", "url": f"/web/content/{attachment.id}?download=true"}

    @api.model
    def _letters_due(self) -> dict:
        """The revisions whose customers are to be written to today, by letter."""
        due = self.browse()
        for company in self.env["res.company"].search([]):
            due |= self.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "applied"),
                    ("letter_on", "=", False),
                    ("letter_due", "<=", company._subscription_today()),
                    ("date_effective", ">=", company._subscription_today()),
                ]
            )
        return due._by_letter()

    def _by_letter(self) -> dict:
        return self.grouped(lambda revision: (revision.contract_id, revision.date_effective))

    def _by_letter_of_all(self):
        """All revisions that stand on the same letter as this one."""
        return self.search(
            [
                ("contract_id", "=", self.contract_id.id),
                ("date_effective", "=", self.date_effective),
                ("state", "=", self.state),
            ],
            order="id",
        )

    def _send_letter(self):
        """Mail the letter to the customer and those who get its notices; the message is the proof.

        :raises UserError: where the customer has no address to write to.
        """
        contract = self.contract_id
        recipients = contract.partner_id | contract._recipients("notice")
        if not contract.partner_id.email:
            raise UserError(self.env._("%s has no email address: the letter cannot leave.", contract.partner_id.name))
        told = self.with_context(lang=contract.partner_id.lang or self.env.lang)
        message = contract.message_post(
            subject=told._letter_subject(),
            body=told[0]._headline(),
            partner_ids=recipients.ids,
            attachment_ids=told._letter_attachment().ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self._write({"letter_message_id": message.id, "letter_on": fields.Datetime.now()})

    def _letter_attachment(self):
        contract = self.contract_id
        told = self.with_context(lang=contract.partner_id.lang or self.env.lang)
        return self.env["ir.attachment"].create(
            {
                "name": f"{told._letter_subject()}.pdf",
                "datas": base64.b64encode(render(told._letter())),
                "mimetype": "application/pdf",
                "res_model": contract._name,
                "res_id": contract.id,
            }
        )

    def _letter_subject(self) -> str:
        return self.env._("Price revision of the contract %s", self.contract_id.name)

    def _letter(self) -> Letter:
        """The letter in the language of the context."""
        contract, company = self.contract_id, self.company_id
        first = self[0]
        day = format_date(self.env, first.date_effective, date_format="long")
        return Letter(
            sender=[company.name, *filter(None, (company.partner_id.contact_address or "").split("\n")[1:])],
            recipient=[contract.partner_id.name, *_address(contract.partner_id)],
            place_and_date=format_date(self.env, company._subscription_today(), date_format="long"),
            subject=self._letter_subject(),
            before_table=[
                self.env._("Madam, Sir,"),
                self.env._(
                    "As agreed in our contract %(contract)s, its prices are revised on %(day)s.",
                    contract=contract.name,
                    day=day,
                ),
                *dict.fromkeys(revision._headline() for revision in self),
            ],
            table=[
                [self.env._("Line"), self.env._("Old price"), self.env._("New price"), self.env._("Variation")],
                *[
                    [
                        revision.chain_id._label(),
                        revision._money(revision.price_before),
                        revision._money(revision.price),
                        f"{revision._signed(revision.variation)} %",
                    ]
                    for revision in self
                ],
            ],
            after_table=[
                *(revision._price_in_words() for revision in self if revision.clause_id.letter_in_words),
                self.env._("Formula: %s", first.clause_id._what()),
            ],
            closing=[self.env._("Yours faithfully,"), contract.user_id.name or company.name],
        )

    def _price_in_words(self) -> str:
        lang = get_lang(self.env).iso_code
        words = num2words(self.price, lang=lang, to="currency", currency=self.currency_id.name)
        return self.env._("%(line)s: %(words)s per period.", line=self.chain_id._label(), words=words)


def _address(partner) -> list[str]:
    """The postal address, line by line."""
    return [line for line in (partner._display_address(without_company=True) or "").split("\n") if line.strip()]
