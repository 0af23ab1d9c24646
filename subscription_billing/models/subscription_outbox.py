from datetime import datetime

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

CLERKS = ("account.group_account_invoice", "subscription_billing.group_subscription_manager")
UNSETTLED = ("waiting", "bounced", "failed", "held")


class SubscriptionOutbox(models.Model):
    """What has to leave the database: decided in one transaction, done after its commit.

    *How to use it*: ``_queue(kind, moves)`` writes one row per invoice, in the
    transaction that decides; a method ``_run_<kind>`` does the effect, one step at a
    time. A kind that is about something else overrides ``_document``.
    *How it works*: see ``subscription_outbox_work.py``. An effect is done at least
    once; its key says what must not be done twice.
    """

    _name = "subscription.outbox"
    _description = "Outgoing effect"
    _inherit = ["subscription.armed"]
    _order = "id desc"

    kind = fields.Selection([("send", "Send the invoice")], "What", required=True, readonly=True)
    key = fields.Char(required=True, readonly=True, help="Two effects with the same key are one.")
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Customer", compute="_compute_partner_id", search="_search_partner_id")
    contract_ids = fields.Many2many(
        "subscription.contract", "subscription_outbox_contract_rel", "outbox_id", "contract_id", readonly=True
    )
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True, precompute=True, index=True)
    message_id = fields.Many2one(
        "mail.message", readonly=True, index="btree_not_null", ondelete="set null", bypass_search_access=True
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("done", "Done"),
            ("bounced", "Bounced"),
            ("failed", "Given up"),
            ("held", "On hold"),
            ("cancelled", "No longer needed"),
        ],
        required=True,
        readonly=True,
        default="waiting",
        index=True,
    )
    tries = fields.Integer(readonly=True)
    since = fields.Datetime("Asked on", required=True, readonly=True, default=lambda self: self.env.cr.now())
    next_attempt = fields.Datetime(required=True, readonly=True, default=lambda self: self.env.cr.now())
    done_on = fields.Datetime(readonly=True)
    last_error = fields.Text("Last answer", readonly=True)

    _key_unique = models.UniqueIndex("(key)", "This is in the outbox already.")
    _due_idx = models.Index("(next_attempt, id) WHERE state = 'waiting'")

    def _document(self):
        """What the effect is about: the invoice, or a record of another model."""
        self.ensure_one()
        return self.move_id

    @api.depends("kind", "move_id.display_name")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for effect in self:
            effect.display_name = f"{kinds.get(effect.kind)}: {effect._document().display_name}"

    @api.depends("move_id.partner_id")
    def _compute_partner_id(self):
        for effect in self:
            effect.partner_id = effect._document().partner_id

    @api.model
    def _search_partner_id(self, operator, value):
        return [("contract_ids.partner_id", operator, value)]

    @api.depends("move_id.company_id")
    def _compute_company_id(self):
        for effect in self:
            effect.company_id = effect._document().company_id

    # asking

    @api.model
    def _queue(self, kind, moves, at: datetime | None = None):
        """Have an effect done once for each of ``moves``, after commit and not before ``at``.

        What was withdrawn is asked again; what is done, or waits already, stays.
        """
        outbox = self.sudo()
        keys = {move: self._key_of(kind, move) for move in moves}
        known = outbox.search([("key", "in", list(keys.values()))]) if moves else outbox.browse()
        known.filtered(lambda effect: effect.state == "cancelled")._ask_again()
        asked = set(known.mapped("key"))
        effects = outbox.create(
            [self._effect_vals(kind, key, move, at) for move, key in keys.items() if key not in asked]
        )
        effects._wake()
        return known | effects

    @api.model
    def _key_of(self, kind, move) -> str:
        return f"{kind}:{move.id}"

    @api.model
    def _effect_vals(self, kind, key, move, at) -> dict:
        return {
            "kind": kind,
            "key": key,
            "move_id": move.id,
            "contract_ids": [Command.set(move.subscription_contract_ids.ids)],
            **({"next_attempt": at} if at else {}),
        }

    def _wake(self):
        """Let the worker come as soon as the first of these is due, after commit."""
        if self:
            self.env.ref("subscription_billing.ir_cron_outbox")._trigger(min(self.mapped("next_attempt")))

    def _ask_again(self):
        now = self.env.cr.now()
        self.write(
            {
                "state": "waiting",
                "tries": 0,
                "since": now,
                "next_attempt": now,
                "message_id": False,
                "last_error": False,
                "done_on": False,
            }
        )
        self._wake()

    @api.model
    def _hold_all(self):
        """Leave to a person what waits: the database that this one was copied from may have done it."""
        waiting = self.sudo().search([("state", "=", "waiting")])
        waiting.write(
            {
                "state": "held",
                "last_error": self.env._("It waited when this database was copied: the original may have done it."),
            }
        )

    def _problem(self) -> str:
        """What did not arrive and why, in words, by reason; empty when all is well."""
        labels = dict(self._fields["state"]._description_selection(self.env))
        troubled = self.filtered(
            lambda effect: (
                effect.state in ("bounced", "failed", "held") or (effect.state == "waiting" and effect.last_error)
            )
        )
        by_reason = troubled.grouped(lambda effect: (effect.state, effect.last_error or ""))
        return "\n".join(
            f"{', '.join(effects.mapped('display_name'))} ({labels[state]}): {reason}"
            for (state, reason), effects in by_reason.items()
        )

    # buttons

    def action_try_again(self):
        """Do it now, a new message being written where the last one did not arrive."""
        self._check_clerk()
        for effect in self.sudo():
            if effect.state not in UNSETTLED:
                raise UserError(self.env._("%s is settled already.", effect.display_name))
            effect._ask_again()
        return True

    def action_settle(self):
        """A person has seen to it another way."""
        self._check_clerk()
        for effect in self.sudo():
            if effect.state not in UNSETTLED:
                raise UserError(self.env._("%s is settled already.", effect.display_name))
        self.sudo().write({"state": "cancelled", "last_error": self.env._("Settled by %s.", self.env.user.name)})
        self.contract_ids.sudo()._forget_undelivered()
        return True

    def _check_clerk(self):
        self.check_access("read")
        if not any(self.env.user.has_group(group) for group in CLERKS):
            raise AccessError(self.env._("Only accounting or a manager of subscriptions decides on the outbox."))
