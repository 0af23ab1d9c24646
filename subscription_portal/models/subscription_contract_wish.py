from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import isfinite

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_amount, format_date, hmac, plaintext2html
from odoo.tools.misc import formatLang

WAITING_KINDS = ("change", "offer", "pause")
ENDING_KINDS = ("end", "withdraw")


@dataclass(frozen=True)
class Wish:
    """What a customer asks for, checked against his rights: nothing is done yet.

    :param values: the plain values it was made of, from which it can be made again.
    :param verb: the verb of the contract that does it.
    """

    kind: str
    date: date
    texts: list[str]
    verb: Callable
    values: dict = field(default_factory=dict)


class SubscriptionContractWish(models.Model):
    """A form of the portal becomes a verb: ``_wish`` checks, ``_preview_wish`` shows, ``_carry_out`` does.

    Each kind of wish is one method ``_wish_<kind>`` that takes what was typed, trusts nothing
    of it, and raises an error in the customer's words.
    """

    _inherit = "subscription.contract"

    def _wish(self, kind: str, form: dict) -> Wish:
        """:raises UserError: when it is not allowed, or makes no sense."""
        self.ensure_one()
        return getattr(self, f"_wish_{kind}")(form)

    def _wish_change(self, form) -> Wish:
        """Other quantities: ``quantity_<id of the line of the plan>`` for each."""
        wanted = {
            choice: quantity
            for choice in self._customer_choices()
            if (quantity := self._typed_quantity(choice, form.get(f"quantity_{choice.line.id}"))) != choice.quantity
        }
        if not wanted:
            raise UserError(self.env._("Nothing changes: choose another quantity."))
        has_less = any(quantity < choice.quantity for choice, quantity in wanted.items())
        timing = self.downgrade_timing if has_less else self.upgrade_timing
        day = self._today() if timing == "now" else self._next_period_start()
        changes = [self._option_change(choice.line, quantity, day) for choice, quantity in wanted.items()]
        return Wish(
            "change",
            day,
            [self._quantity_text(choice, quantity) for choice, quantity in wanted.items()],
            lambda contract: contract._amend(day, changes),
            {f"quantity_{choice.line.id}": str(quantity) for choice, quantity in wanted.items()},
        )

    def _typed_quantity(self, choice, text) -> float:
        if text in (None, ""):
            return choice.quantity
        try:
            quantity = float(text.replace(",", "."))
        except ValueError:
            quantity = float("nan")
        uom = choice.line.product_id.uom_id
        if not isfinite(quantity) or quantity != uom.round(quantity):
            raise UserError(
                self.env._("%(text)s is not a quantity of %(line)s.", text=text, line=self._name_of(choice))
            )
        if quantity != choice.quantity and not (
            choice.least <= quantity <= choice.most and choice.line._allows(quantity)
        ):
            raise UserError(
                self.env._(
                    "%(line)s: you may have from %(least)s to %(most)s here.",
                    line=self._name_of(choice),
                    least=self._plain_quantity(max(choice.least, choice.line.minimum_quantity if quantity else 0)),
                    most=self._plain_quantity(choice.most) if isfinite(choice.most) else "∞",
                )
            )
        return quantity

    def _name_of(self, choice) -> str:
        return choice.line.product_id.display_name

    def _plain_quantity(self, quantity) -> str:
        return formatLang(self.env, quantity, digits=0) if quantity == int(quantity) else formatLang(self.env, quantity)

    def _quantity_text(self, choice, quantity) -> str:
        return self.env._(
            "%(line)s: %(before)s → %(after)s",
            line=self._name_of(choice),
            before=self._plain_quantity(choice.quantity),
            after=self._plain_quantity(quantity),
        )

    def _wish_offer(self, form) -> Wish:
        """Another plan of the family: ``plan``."""
        plan = self._customer_offers().filtered(lambda plan: str(plan.id) == form.get("plan"))
        if not plan:
            raise UserError(self.env._("This offer cannot be chosen here."))
        day = self._plan_change_day(plan)
        return Wish(
            "offer",
            day,
            [self.env._("%(before)s → %(after)s", before=self.plan_id.name, after=plan.name)],
            lambda contract: contract._change_plan(plan, day),
            {"plan": str(plan.id)},
        )

    def _wish_pause(self, form) -> Wish:
        """Nothing is served from ``date_start`` to ``date_end``, both included."""
        if not self._customer_may_pause():
            raise UserError(self.env._("This contract cannot be paused here."))
        start, last = self._typed_day(form.get("date_start")), self._typed_day(form.get("date_end"))
        longest = self.plan_id.customer_pause_days
        if start < self._today() or not start <= last < start + timedelta(days=longest):
            raise UserError(
                self.env._(
                    "A pause begins today or later and ends within %(days)s days of its beginning.", days=longest
                )
            )
        until = last + timedelta(days=1)
        return Wish(
            "pause",
            start,
            [
                self.env._(
                    "Nothing is served from %(start)s to %(end)s.",
                    start=format_date(self.env, start),
                    end=format_date(self.env, last),
                )
            ],
            lambda contract: contract._pause(start, until),
            {"date_start": str(start), "date_end": str(last)},
        )

    def _wish_resume(self, form) -> Wish:
        if not self._customer_may_resume():
            raise UserError(self.env._("This contract cannot be resumed here."))
        today = self._today()
        return Wish(
            "resume",
            today,
            [self.env._("Served again from %s on.", format_date(self.env, today))],
            lambda contract: contract._resume(today),
        )

    def _wish_renew(self, form) -> Wish:
        """A quote for the next term; it is the salesperson who sends it."""
        if not self._customer_may_renew():
            raise UserError(self.env._("There is no renewal to be agreed now."))
        return Wish(
            "renew",
            self._term_stop(),
            [self.env._("A quote for the term that begins on %s.", format_date(self.env, self._term_stop()))],
            lambda contract: contract.action_renewal_quote(),
        )

    def _wish_end(self, form) -> Wish:
        """No longer served after ``date_end``, for ``reason`` (of the list) or ``other_reason``."""
        if not self._customer_may_end():
            raise UserError(self.env._("This contract cannot be ended here."))
        last, earliest = self._typed_day(form.get("date_end")), self._customer_last_day()
        if last < (self._today() if self._may_leave_early() else earliest):
            raise UserError(
                self.env._("By its terms this contract ends on %s at the earliest.", format_date(self.env, earliest))
            )
        reason = self._customer_end_reasons().filtered(lambda reason: str(reason.id) == form.get("reason"))
        reason = reason or self.env.ref("subscription_billing.close_reason_other")
        values = {
            "date_end": str(last),
            "reason": str(reason.id),
            "other_reason": (form.get("other_reason") or "").strip()[:500],
        }
        return self._wish_to_end(last + timedelta(days=1), reason, values, with_fee=True)

    def _wish_to_end(self, day, reason, values=None, with_fee=False) -> Wish:
        """No longer served from ``day`` on; what was paid ahead is given back where the law says so."""
        credit = self._customer_credit()
        return Wish(
            "end",
            day,
            [self.env._("The last day served is %s.", format_date(self.env, day - timedelta(days=1)))],
            lambda contract: contract._close(day, reason, credit, with_fee),
            values or {},
        )

    def _customer_last_day(self) -> date:
        """The last day served when notice is given today."""
        return self._exit_day(self._today()) - timedelta(days=1)

    def _may_leave_early(self) -> bool:
        """Whether the terms say what leaving before that day costs."""
        return self.exit_fee != "none"

    def _customer_credit(self) -> str:
        """What was paid ahead is given back where the law says so (article L215-1), else as the service ends."""
        return "prorata" if self.is_free_to_leave else "none"

    def _typed_day(self, text) -> date:
        try:
            return fields.Date.to_date(text) or self._refuse_day(text)
        except ValueError:
            return self._refuse_day(text)

    def _refuse_day(self, text):
        raise UserError(self.env._("%s is not a date.", text or "–"))

    # showing

    def _preview_wish(self, wish: Wish) -> dict:
        """What it costs: what is asked or given back at once, and the next invoice after that.

        :returns: ``amount_now``, ``charges_now``, ``amount_next``, ``date_next`` and ``recurring_summary``.
        """
        engine, today = self.env["subscription.engine"], self._today()
        with self._rehearsal():
            result = wish.verb(self)
            credits = result if wish.kind in ENDING_KINDS else self.env["account.move"]
            now, upcoming = engine._preview(self, today), engine._upcoming(self, after=today)[self]
            return {
                "amount_now": self._charged_total(now) - sum(credits.mapped("amount_total")),
                "charges_now": self._credit_values(credits) + self._charge_values(now),
                "amount_next": upcoming.amount,
                "date_next": upcoming.date,
                "charges_next": self._charge_values(upcoming.charges),
                "recurring_summary": self.with_context(subscription_as_of=wish.date).recurring_summary,
            }

    @api.model
    def _credit_values(self, credits) -> list[dict]:
        """The lines of credit notes as those of ``_charge_values``."""
        lines = credits.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        return [{"name": line.name, "amount": -line.price_subtotal} for line in lines]

    def _seal(self, wish: Wish, preview: dict) -> str:
        """A sign of what was shown: another price, or a contract that changed since, has another one."""
        shown = (
            self.id,
            self.revision,
            wish.kind,
            str(wish.date),
            sorted(wish.values.items()),
            f"{preview['amount_now']:.6f}",
            f"{preview['amount_next']:.6f}",
            str(preview["date_next"]),
        )
        return hmac(self.env(su=True), "subscription_portal.wish", shown)

    # doing

    def _amendment_values(self, kind, date, **values) -> dict:
        """The amendment of a request says so; without a login its author is the customer who was recognised."""
        request = self.env["subscription.request"].browse(self.env.context.get("subscription_request_id"))
        author = {"author_id": request.partner_id.id} if request and self.env.user._is_public() else {}
        return {**super()._amendment_values(kind, date, **values), "request_id": request.id, **author}

    def _carry_out(self, wish: Wish, preview: dict):
        """Keep what was asked as it was shown, and do it unless a person has to approve it first.

        :returns: the ``subscription.request``.
        """
        request = self._new_request(
            {
                "kind": wish.kind,
                "date_effective": wish.date,
                "wished": wish.values,
                "summary": "\n".join([*wish.texts, *self._preview_texts(preview)]),
                "reason": wish.values.get("other_reason"),
            }
        )
        if wish.kind in WAITING_KINDS and self.plan_id.customer_approval:
            request._wait()
        else:
            request._do(wish)
        return request

    def _new_request(self, values):
        request = {"contract_id": self.id, "partner_id": self.env.user.partner_id.id, **values}
        return self.env["subscription.request"].sudo().create(request)

    def _ask_question(self, text: str):
        """Begin a conversation with the salesperson, who answers by mail.

        :returns: the ``subscription.request``.
        """
        text = (text or "").strip()
        if not text:
            raise UserError(self.env._("Write what you would like to ask."))
        customer = self.env.user.partner_id
        request = self._new_request({"kind": "question", "summary": text[:5000]})
        request.message_subscribe((customer | request._responsible().partner_id).ids)
        request.message_post(
            body=plaintext2html(text[:5000]),
            author_id=customer.id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        request._plan_answer()
        return request

    def _preview_texts(self, preview) -> list[str]:
        """What was shown, in words."""

        def money(amount):
            return format_amount(self.env, amount, self.currency_id)

        now = preview["amount_now"]
        texts = [
            self.env._("Given back at once: %s, tax included.", money(-now))
            if now < 0
            else self.env._("At once: %s, tax included.", money(now))
        ]
        if preview["date_next"]:
            texts.append(
                self.env._(
                    "Next invoice: %(amount)s, tax included, on %(day)s.",
                    amount=money(preview["amount_next"]),
                    day=format_date(self.env, preview["date_next"]),
                )
            )
        return texts
