from collections import defaultdict
from decimal import Decimal

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_amount, format_date, formatLang, get_lang

from ..core.index_period import IndexPeriod
from .subscription_revision_calculation import _decimal


class SubscriptionRevisionWords(models.Model):
    """What the customer reads: one sentence, always the same, in the customer's language."""

    _inherit = "subscription.revision"

    evidence_html = fields.Html("The file", compute="_compute_evidence_html", sanitize=False)

    @api.depends("evidence", "price", "reason", "confirmation", "approved_on", "letter_on", "told_move_id")
    @api.depends_context("lang")
    def _compute_evidence_html(self):
        for revision in self:
            revision.evidence_html = revision.evidence and self.env["ir.qweb"]._render(
                "subscription_syntec.revision_evidence", {"doc": revision}
            )

    def _steps_in_words(self) -> list[dict]:
        """The steps of the file, with the names that people give them."""
        _ = self.env._
        names = {
            "ratio": _("Rounding of a ratio"),
            "coefficient": _("Rounding of the coefficient"),
            "price": _("Rounding of the price"),
            "currency": _("Rounding to the price's decimals"),
            "deadband": _("Too small a change: the price stays"),
            "minimum": _("Rises by at least"),
            "floor": _("Falls by at most"),
            "cap": _("Rises by at most"),
            "never_below": _("Never below P0"),
        }
        return [
            {"rule": names[step["rule"]], **{key: self._exact(step[key]) for key in ("before", "after", "by")}}
            for step in self.evidence["steps"]
        ]

    def _readings_in_words(self) -> list[dict]:
        """S0 and S1 of each index of the file, as the reader writes names, days and numbers."""
        statuses = dict(self.env["subscription.index.value"]._fields["status"]._description_selection(self.env))
        return [
            {
                "side": side,
                "index": term.index_id.name,
                "weight": self._exact(kept["weight"]),
                "value": self._exact(reading["value"]),
                "link": self._link_in_words(term.index_id, reading["link"]),
                "period": reading["period"],
                "published": self._day(reading["published"]),
                "source": reading["source"],
                "status": self.env._(
                    "%(status)s, version %(vintage)s", status=statuses[reading["status"]], vintage=reading["vintage"]
                ),
            }
            for term, kept in zip(self.clause_id.term_ids, self.evidence["terms"], strict=True)
            for side, reading in (("S0", kept["base"]), ("S1", kept["current"]))
        ]

    def _link_in_words(self, index, link) -> str:
        """ "Syntec (revised) 305.7 × 0.97975" where a successor was read."""
        if not link:
            return ""
        return f"{index.successor_id.name} {self._exact(link['value'])} × {self._exact(link['coefficient'])}"

    def _rounding_in_words(self) -> str:
        rounding, fields = self.evidence["rounding"], self.clause_id._fields
        return self.env._(
            "%(what)s, %(digits)s decimals, %(way)s",
            what=dict(fields["rounding_target"]._description_selection(self.env))[rounding["target"]],
            digits=rounding["digits"],
            way=dict(fields["rounding_method"]._description_selection(self.env))[rounding["method"]].lower(),
        )

    def _limits_in_words(self) -> list[str]:
        """What the clause lets a price do, in percent of the price it replaces."""
        _ = self.env._
        limits = self.evidence["limits"]
        names = {
            "cap": _("Rises by at most"),
            "floor": _("Falls by at most"),
            "minimum": _("Rises by at least"),
            "deadband": _("Stays under"),
        }
        texts = [
            _("%(bound)s: %(percent)s %%", bound=name, percent=self._exact(limits[key]))
            for key, name in names.items()
            if limits[key]
        ]
        return [*texts, _("Never below P0")] if limits["never_below"] else texts

    def action_print_evidence(self):
        return self.env.ref("subscription_syntec.action_report_subscription_revision").report_action(self)

    @api.depends("state", "price", "price_before", "evidence")
    @api.depends_context("lang")
    def _compute_sentence(self):
        for revision in self:
            revision.sentence = revision._sentence() if revision.evidence else revision.missing

    def _sentence(self) -> str:
        """ "Price revised on 01/02/2015 by Syntec index: 245.6 (February 2014) to 246.8 (February 2015), +0.49 %.
        Hosting: from 500.00 to 502.44." """
        self.ensure_one()
        return self.env._(
            "%(headline)s %(line)s: from %(before)s to %(after)s (%(variation)s %%).",
            headline=self._headline(),
            line=self.chain_id._label(),
            before=self._money(self.price_before),
            after=self._money(self.price),
            variation=self._signed(self.variation),
        )

    def _headline(self) -> str:
        """Why and when the price is revised, without the line."""
        self.ensure_one()
        day = format_date(self.env, self.date_effective)
        terms = (self.evidence or {}).get("terms") or []
        if terms:
            # the file keeps the names of its day; the reader gets them in the reader's language
            names = [term.index_id.name for term in self.clause_id.term_ids]
            moves = ", ".join(self._move_in_words(term, name) for term, name in zip(terms, names, strict=True))
            return self.env._("Price revised on %(day)s: %(moves)s.", day=day, moves=moves)
        return self.env._("Price revised on %(day)s as agreed: %(rule)s.", day=day, rule=self.clause_id.summary)

    def _move_in_words(self, term, name) -> str:
        """ "Syntec index from 245.6 (February 2014) to 246.8 (February 2015), +0.49 %" """
        base, current = term["base"], term["current"]
        change = 100 * (Decimal(current["value"]) / Decimal(base["value"]) - 1)
        return self.env._(
            "%(index)s from %(base)s (%(base_period)s) to %(current)s (%(current_period)s), %(change)s %%",
            index=name,
            base=self._number(base["value"]),
            base_period=self._where_from(base),
            current=self._number(current["value"]),
            current_period=self._where_from(current),
            change=self._signed(change),
        )

    @api.model
    def _where_from(self, reading) -> str:
        """ "August 2023", or "August 2023, 305.7 × 0.97975" where a successor was read."""
        period, link = self._period_in_words(reading["period"]), reading["link"]
        if not link:
            return period
        return f"{period}, {self._number(link['value'])} × {self._number(link['coefficient'])}"

    @api.model
    def _period_in_words(self, text) -> str:
        """A month in words, a quarter or a year as it is published."""
        period = IndexPeriod.parse(text)
        return format_date(self.env, period.start, date_format="LLLL y") if period.frequency == "month" else text

    @api.model
    def _number(self, text) -> str:
        """A printed value with its own decimals, in the reader's way."""
        return formatLang(self.env, float(text), digits=max(0, -Decimal(text).as_tuple().exponent))

    @api.model
    def _exact(self, text) -> str:
        """A number of the file, every digit kept, with the reader's decimal point."""
        return (text or "").replace(".", get_lang(self.env).decimal_point)

    @api.model
    def _day(self, text) -> str:
        """A day of the file."""
        return format_date(self.env, text)

    @api.model
    def _signed(self, number) -> str:
        return ("+" if number > 0 else "") + formatLang(self.env, float(number), digits=2)

    def _money(self, amount) -> str:
        """An amount; a unit price has all its decimals: 0.0523 is not 0.05."""
        currency = self.contract_id.currency_id
        digits = -_decimal(amount).as_tuple().exponent
        if digits <= currency.decimal_places:
            return format_amount(self.env, amount, currency)
        pair = formatLang(self.env, amount, digits=digits), currency.symbol
        return "\N{NO-BREAK SPACE}".join(pair if currency.position == "after" else reversed(pair))

    # where it is said

    def _announce(self):
        """Say it on the contracts: one note on each."""
        texts = defaultdict(list)
        for revision in self:
            told = revision.with_context(lang=revision.partner_id.lang or self.env.lang)
            texts[revision.contract_id.id].append(told._sentence())
        self.contract_id._message_log_batch({id_: Markup("<br/>").join(lines) for id_, lines in texts.items()})

    def _tell(self, move):
        """Say it on the first invoice at the new price, once: in its note, which is printed and travels with it."""
        lang = move.partner_id.lang or self.env.lang
        texts = [revision.with_context(lang=lang)._sentence() for revision in self]
        note = Markup("").join(Markup("<p>%s</p>") % text for text in texts)
        move.narration = (move.narration or Markup("")) + note
        self._write({"told_move_id": move.id})
