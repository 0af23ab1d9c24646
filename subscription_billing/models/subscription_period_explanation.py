from odoo import api, fields, models
from odoo.tools import format_amount, format_date, formatLang


class SubscriptionPeriodExplanation(models.Model):
    """Why an invoice says what it says: the share, the row of the contract, and where its price comes from."""

    _inherit = "subscription.period"

    segment = fields.Char(compute="_compute_explanation", help="Since when the line holds as it was billed.")
    price_source = fields.Char(compute="_compute_explanation")
    share = fields.Char(compute="_compute_explanation", help="What part of a whole period was billed.")
    explanation = fields.Text("Why", compute="_compute_explanation")

    @api.depends("state", "amount", "amount_invoiced", "reason", "line_id.opened_by_id", "share_numerator")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for period in self:
            period.share = period._share_in_words()
            period.segment = period._segment_in_words()
            period.price_source = period._price_source()
            period.explanation = period._in_words()

    def _share_in_words(self) -> str:
        if self._share() == 1:
            return self.env._("Whole period")
        return f"{self.share_numerator}/{self.share_denominator}"

    def _segment_in_words(self) -> str:
        line = self.line_id
        start, end = format_date(self.env, line.date_start), line.date_end and format_date(self.env, line.date_end)
        return self.env._("%(start)s to %(end)s", start=start, end=end) if end else self.env._("Since %s", start)

    def _price_source(self) -> str:
        """The act that gave this row its price."""
        amendment = self.line_id.opened_by_id
        order = (amendment.order_id or self.chain_id.sale_line_id.order_id).sudo()
        kind = dict(amendment._fields["kind"]._description_selection(self.env)).get(amendment.kind)
        if order and (not amendment or amendment.order_id or amendment.kind == "activate"):
            return self.env._("Order %s", order.name)
        if not amendment:
            return self.contract_id.name
        return self.env._(
            "%(kind)s of %(day)s (%(amendment)s)",
            kind=kind,
            day=format_date(self.env, amendment.date_effective),
            amendment=amendment.display_name,
        )

    def _in_words(self) -> str:
        if self.state == "imported":
            return self.reason or self.env._("Billed elsewhere.")
        if self.state == "waived":
            return self.env._("Not billed: %s.", self.reason or self.env._("Waived"))
        if self.state == "void":
            return self.env._("Not billed here any more: %s.", self.reason or self.env._("Void"))
        told = self._amount_in_words()
        if self.state == "held":
            return self.env._("%(told)s It waits for a decision: %(reason)s.", told=told, reason=self.reason)
        if self.state == "released":
            return self.env._("%(told)s It is owed back, and credited by the next run.", told=told)
        if self.state == "credited":
            return self.env._(
                "%(told)s Given back on %(credit)s.", told=told, credit=self.sudo().credit_move_id.display_name
            )
        if self.state == "kept":
            return self.env._("%(told)s No longer served, and nothing is owed back.", told=told)
        return told

    def _amount_in_words(self) -> str:
        """One sentence from price to amount."""
        texts = {
            "quantity": formatLang(self.env, self.quantity, digits=2).rstrip("0").rstrip(".,"),
            "price": self._money(self.price_unit),
            "amount": self._money(self.amount),
            "origin": self.price_source,
        }
        if self.discount:
            discount = formatLang(self.env, self.discount, digits=2).rstrip("0").rstrip(".,")
            texts["price"] = self.env._("%(price)s less %(discount)s %%", price=texts["price"], discount=discount)
        if self.line_id.kind == "usage":
            told = self.env._("%(quantity)s used at %(price)s make %(amount)s. Price: %(origin)s.", **texts)
        elif self.line_id.kind == "one_off":
            told = self.env._("%(quantity)s × %(price)s, billed once: %(amount)s. Price: %(origin)s.", **texts)
        elif self._share() == 1:
            told = self.env._(
                "%(quantity)s × %(price)s for a whole period make %(amount)s. Price: %(origin)s.", **texts
            )
        else:
            told = self.env._(
                "%(quantity)s × %(price)s for %(share)s of a period make %(amount)s. Price: %(origin)s.",
                share=self.share,
                **texts,
            )
        if self.move_line_id and self.currency_id.compare_amounts(self.amount, self.amount_invoiced):
            told += " " + self.env._("A person made it %s on the invoice.", self._money(self.amount_invoiced))
        return told

    def _money(self, amount) -> str:
        return format_amount(self.env, amount, self.currency_id)
