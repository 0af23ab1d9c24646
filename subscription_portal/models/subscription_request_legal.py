import base64
import binascii
import hashlib
import json
import logging
from datetime import date

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools.mail import email_normalize
from odoo.tools.mimetypes import guess_mimetype

from .res_company import PAGES
from .subscription_request import ACTIVITY

_logger = logging.getLogger(__name__)

LONGEST = {"name": 120, "email": 120, "reference": 60, "reason": 1000, "document_name": 120}
DOCUMENT_TYPES = ("application/pdf", "image/jpeg", "image/png")
DOCUMENT_SIZE = 3 * 1024 * 1024
MANAGER = "subscription_billing.group_subscription_manager"


class SubscriptionRequestLegal(models.Model):
    """What somebody who did not log in declares: the end of a contract, or the withdrawal from it.

    It is kept as typed, with its moment. Where the number and the address are those of one
    running contract, the contract does it; whatever else comes waits for a manager, who
    says which contract was meant.
    """

    _inherit = "subscription.request"

    kind = fields.Selection(selection_add=[("end",), ("withdraw", "Withdrawal")], ondelete={"withdraw": "cascade"})
    declared_name = fields.Char("Name as typed", readonly=True)
    declared_email = fields.Char("E-mail as typed", readonly=True)
    declared_reference = fields.Char("Contract as typed", readonly=True)
    declared_date = fields.Date("Last day wished for", readonly=True)
    document_id = fields.Many2one(
        "ir.attachment", "Uploaded document", readonly=True, index="btree_not_null", ondelete="set null"
    )
    lang = fields.Char("Language", readonly=True)
    obstacle = fields.Char("Why a person decides", readonly=True)

    # reading what was typed

    @api.model
    def _read_declaration(self, kind: str, typed: dict) -> dict:
        """The plain values of a form, from which it can be shown and sent again.

        :raises UserError: in the words of whoever typed it.
        """
        values = {name: " ".join((typed.get(name) or "").split())[:size] for name, size in LONGEST.items()}
        if not values["name"] or not values["reference"]:
            raise UserError(self.env._("Give your name and the number of the contract."))
        if not (email := email_normalize(values["email"])):
            raise UserError(self.env._("Give your e-mail address: the acknowledgement goes there."))
        document = self._read_document(typed)
        if kind != "end":
            return {"name": values["name"], "email": email, "reference": values["reference"]}
        return {
            **values,
            "email": email,
            "date_end": str(self._read_day(typed.get("date_end")) or ""),
            "document": document,
            "document_name": document and values["document_name"],
        }

    @api.model
    def _read_day(self, text) -> date | None:
        try:
            day = fields.Date.to_date(text or False)
        except ValueError:
            raise UserError(self.env._("%s is not a date.", text)) from None
        if day and day < self.env.company._subscription_today():
            raise UserError(self.env._("The day you wish for has passed: choose a later one, or none."))
        return day or None

    @api.model
    def _read_document(self, typed) -> str:
        """What was uploaded, in base64 as the summary sends it again."""
        try:
            content = base64.b64decode(typed.get("document") or "", validate=True)
        except binascii.Error:
            content = b"?"
        if content and (len(content) > DOCUMENT_SIZE or guess_mimetype(content) not in DOCUMENT_TYPES):
            raise UserError(self.env._("The document has to be a PDF or a picture (JPEG, PNG) of at most 3 MB."))
        return base64.b64encode(content).decode()

    @api.model
    def _declaration_key(self, kind: str, declaration: dict) -> str:
        """The same declaration sent twice has the same key."""
        return hashlib.sha256(json.dumps([kind, declaration], sort_keys=True).encode()).hexdigest()

    # keeping and doing it

    @api.model
    def _declare(self, kind: str, declaration: dict):
        """Keep a declaration, do it where the contract is known for sure, and acknowledge it.

        :param declaration: what ``_read_declaration`` returned.
        :returns: the ``subscription.request``.
        """
        request = self.sudo().create(
            {
                "kind": kind,
                "company_id": self.env.company.id,
                "declared_name": declaration["name"],
                "declared_email": declaration["email"],
                "declared_reference": declaration["reference"],
                "declared_date": declaration.get("date_end") or False,
                "reason": declaration.get("reason") or False,
                "lang": self.env.lang,
            }
        )
        if declaration.get("document"):
            name, content = declaration["document_name"], base64.b64decode(declaration["document"])
            request.document_id = request._attach(name or self.env._("Document"), content)
        request._decide_declaration()
        return request

    def _attach(self, name, content: bytes):
        return self.env["ir.attachment"].create(
            {"name": name, "raw": content, "res_model": self._name, "res_id": self.id}
        )

    def _decide_declaration(self):
        """Do it, or leave it to a person: nothing of what failed half-way stays."""
        try:
            with self.env.cr.savepoint():
                contract, party = self._for_responsible()._declared_contract()
                self._apply(contract, party, lambda own: own._declared(self.kind, self.declared_date))
        except OperationalError:
            raise  # the database asks for the whole request to be done again
        except Exception as failure:  # noqa: BLE001  a declaration is never lost
            if not isinstance(failure, UserError):
                _logger.warning("Subscriptions: the declaration %s waits for a person", self.name, exc_info=failure)
            self._leave_to_a_person(self.env["subscription.engine"]._in_words(failure))

    def _declared_contract(self):
        """The one running contract that has the number and the address that were declared, and who has that address.

        :raises UserError: when there is none, or more than one.
        """
        numbers = [self.declared_reference, self.declared_reference.upper()]
        contracts = self.env["subscription.contract"].search(
            Domain("state", "in", ("active", "paused"))
            & Domain(f"company_id.{PAGES[self.kind]}", "=", True)
            & (Domain("name", "in", numbers) | Domain("external_id", "in", numbers))
        )
        known = [(contract, party) for contract in contracts if (party := contract._party_with(self.declared_email))]
        if len(known) != 1:
            raise UserError(self.env._("No running contract has this number and this e-mail address."))
        return known[0]

    def _apply(self, contract, party, wish_of):
        """Let ``contract`` do what was declared, and say what came of it in the customer's language.

        :param wish_of: gives the ``Wish`` of the contract.
        """
        self.write(
            {
                "contract_id": contract.id,
                "company_id": contract.company_id.id,
                "partner_id": party.id,
                "user_id": contract.user_id.id,
            }
        )
        own = self.with_company(contract.company_id).with_context(lang=self._customer_lang())
        wish = wish_of(own.contract_id)
        self.summary = own.contract_id._wish_text(wish)
        own._do(wish)
        if self.kind == "withdraw":
            self._plan_refund()

    def _plan_refund(self):
        """What was paid has to be paid back, and what the order billed beside the contract is seen to by a person."""
        told = self._for_responsible()
        summary = told.env._("Withdrawal: pay back what was paid, and what else the order billed")
        told.activity_schedule(ACTIVITY, summary=summary, user_id=told._responsible().id)

    def _leave_to_a_person(self, obstacle):
        self.write({"state": "waiting", "obstacle": obstacle})
        self._plan_answer()
        self._acknowledge()

    # a manager's decision

    def _apply_by_hand(self, contract, last_day: date | None):
        """Do what was declared on the contract that a manager says was meant.

        :param last_day: the last day served, for an end.
        """
        self.ensure_one()
        self._check_may_decide()
        contract.check_access("write")
        if self.state != "waiting" or not self.declared_email:
            raise UserError(self.env._("%s does not wait for a decision.", self.display_name))
        own = self.sudo()
        party = contract.sudo()._party_with(self.declared_email) or contract.partner_id
        own.activity_feedback([ACTIVITY])
        own._apply(contract.sudo(), party, lambda meant: meant._wish_by_hand(own.kind, last_day))

    # whose it is

    def _customer_lang(self) -> str:
        return self.partner_id.lang or self.lang or self.company_id.partner_id.lang

    def _responsible(self):
        """For what belongs to no contract yet: a manager of the company."""
        if self.contract_id or self.user_id:
            return super()._responsible()
        managers = self.env.ref(MANAGER).all_user_ids
        return managers.filtered(lambda user: self.company_id in user.company_ids)[:1] or self.env.ref(
            "base.user_admin"
        )

    def _check_may_decide(self):
        """A manager decides on what belongs to no contract yet."""
        if not self.env.su and not self.contract_id and not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("A manager of subscriptions decides on what belongs to no contract yet."))

    # buttons

    def action_approve(self):
        for request in self.filtered("declared_email"):
            raise UserError(
                self.env._("%s: say which contract is meant, with the button for it.", request.display_name)
            )
        return super().action_approve()

    def action_refuse(self):
        for request in self:
            request._check_may_decide()
        return super().action_refuse()

    def action_settle(self):
        for request in self:
            request._check_may_decide()
        return super().action_settle()
