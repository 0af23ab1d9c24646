from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_amount, format_date

UNPAID = "subscription_billing.mail_activity_type_unpaid"


class SubscriptionContractPayment(models.Model):
    """How a contract is collected, and what became of it.

    Another addon offers its own way with ``selection_add`` on ``collection_method``
    and the hook ``subscription.charge.attempt._ask``.
    """

    _inherit = "subscription.contract"

    collection_method = fields.Selection(
        [("manual", "By hand"), ("token", "Stored card")],
        "Collected",
        compute="_compute_collection_method",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        tracking=True,
        help="By hand: the customer pays each invoice. Stored card: due invoices are charged by themselves.",
    )
    payment_token_id = fields.Many2one(
        "payment.token",
        "Stored card",
        domain="[('id', 'in', suitable_payment_token_ids)]",
        copy=False,
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    suitable_payment_token_ids = fields.Many2many(
        "payment.token", compute="_compute_suitable_payment_token_ids", compute_sudo=True
    )
    attempt_ids = fields.One2many("subscription.charge.attempt", "contract_id", "Charges", readonly=True)
    attempt_count = fields.Integer(compute="_compute_payment")
    payment_error = fields.Text("What could not be charged", compute="_compute_payment")
    payment_warning = fields.Char(compute="_compute_payment_warning")

    @api.depends("invoicing_mode")
    def _compute_collection_method(self):
        for contract in self:
            method = contract.collection_method or "manual"
            contract.collection_method = (
                "token" if contract.invoicing_mode == "post_charge" and method == "manual" else method
            )

    @api.depends("partner_id", "partner_invoice_id", "company_id")
    def _compute_suitable_payment_token_ids(self):
        """The cards that the customer, or its company, allowed to keep."""
        tokens = self.env["payment.token"]
        for contract in self:
            contract.suitable_payment_token_ids = tokens.search(contract._suitable_token_domain())

    def _suitable_token_domain(self):
        return [
            *self.env["payment.token"]._check_company_domain(self.company_id),
            ("partner_id.commercial_partner_id", "=", self.partner_id.commercial_partner_id.id),
            ("provider_id.allow_tokenization", "=", True),
            ("provider_id.capture_manually", "=", False),
        ]

    @api.depends("invoicing_mode", "collection_method", "payment_token_id")
    def _compute_payment_warning(self):
        for contract in self:
            problem = contract._is_charged() and (contract._collection_problem() or contract._provider_obstacle())
            contract.payment_warning = problem or False

    def _compute_payment(self):
        for contract in self:
            attempts = contract._origin.sudo().attempt_ids
            contract.attempt_count = len(attempts)
            contract.payment_error = "\n".join(filter(None, map(contract._payment_text, attempts.move_id))) or False

    def _payment_text(self, move) -> str:
        """Of an invoice still due: when it was charged last, why that failed, and what comes next."""
        last = move.subscription_contract_attempt_ids.sorted("number")[-1:]
        failed = move.subscription_contract_attempt_ids.filtered(
            lambda attempt: attempt.state in ("declined", "unknown")
        ).sorted("number")[-1:]
        if not failed or not move._subscription_is_due() or last.state == "done":
            return ""
        return self.env._(
            "%(invoice)s, %(amount)s still due: charged on %(day)s, %(state)s (%(reason)s). %(next)s",
            invoice=move.name,
            amount=format_amount(self.env, move.amount_residual, move.currency_id),
            day=format_date(self.env, failed._day_of(failed.answered_on or failed.asked_on or failed.create_date)),
            state=failed._state_text().lower(),
            reason=failed.reason or "…",
            next=move._subscription_next_text(),
        ).strip()

    @api.constrains("payment_token_id", "partner_id", "company_id")
    def _check_payment_token(self):
        for contract in self.sudo().filtered("payment_token_id"):
            token = contract.payment_token_id
            if token.partner_id.commercial_partner_id != contract.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._("The stored card belongs to somebody else than the customer of %s.", contract.name)
                )
            if token.provider_id.capture_manually:
                raise ValidationError(
                    self.env._("%s captures payments by hand: its cards cannot be charged.", token.provider_id.name)
                )

    @api.constrains("invoicing_mode", "collection_method")
    def _check_collection_method(self):
        for contract in self:
            if contract.invoicing_mode == "post_charge" and contract.collection_method == "manual":
                raise ValidationError(
                    self.env._(
                        "Invoices that are charged by themselves need a way to do it: choose how it is collected."
                    )
                )

    def write(self, vals):
        """A new card is tried at once on what the last one did not pay."""
        result = super().write(vals)
        if vals.get("payment_token_id"):
            for move in self.sudo().attempt_ids.move_id:
                self.env["subscription.charge.attempt"]._plan_again(move)
        return result

    def _tell_unpaid(self, text):
        """One to-do: the steps of the plan are at their end, or the provider is silent."""
        self._tell(UNPAID, text)

    def _forget_unpaid(self):
        self.filtered(lambda contract: not contract.payment_error).activity_unlink([UNPAID])

    def _choose_card(self, token):
        """Charge to ``token`` what is due and what will be: for who writes the contract, and for accounting.

        :raises UserError: when the customer did not allow to keep that card.
        """
        self.ensure_one()
        is_accounting = self.env.user.has_group("account.group_account_invoice")
        self.check_access("read" if is_accounting else "write")
        contract = self.sudo()
        if token not in contract.suitable_payment_token_ids:
            raise UserError(self.env._("%s has not stored that card here.", contract.partner_id.display_name))
        contract.payment_token_id = token
        contract.message_post(body=self.env._("Charged to the card %s from now on.", token.display_name))

    def _keep_card(self, token):
        """The customer agreed: this card pays what is due from now on, if the contract charges by itself."""
        for contract in self:
            contract.payment_token_id = token
            contract.message_post(body=self.env._("The customer agreed to keep the card %s.", token.display_name))

    def _is_charged(self) -> bool:
        """Whether posting an invoice of this contract starts its collection."""
        self.ensure_one()
        approved = self.invoicing_mode == "draft" and self.collection_method != "manual"
        return self.invoicing_mode == "post_charge" or approved

    def _collection_problem(self) -> str:
        """Why nothing can be charged at present; empty when it can."""
        self.ensure_one()
        token = self.sudo().payment_token_id
        if self.collection_method != "token":
            return ""
        if not token:
            return self.env._("No card is stored: ask the customer for one.")
        if not token.active:
            return self.env._("The stored card is not valid any more: ask the customer for another one.")
        return ""

    def _provider_obstacle(self) -> str:
        """Why no card of this provider may be charged at present, whosever it is."""
        return self.sudo().payment_token_id.filtered("active").provider_id._subscription_obstacle()
