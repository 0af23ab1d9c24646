from datetime import timedelta
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..core import formula

EXAMPLES = 3


class SubscriptionRevisionSetup(models.TransientModel):
    """Say how the prices of one contract are revised, and see first what that would have done and will do."""

    _name = "subscription.revision.setup"
    _description = "Price revision of a contract"

    contract_id = fields.Many2one("subscription.contract", required=True, readonly=True)
    choice = fields.Selection(
        [
            ("clause", "By a clause that is written already"),
            ("index", "By an index"),
            ("percentage", "By a percentage"),
            ("amount", "By an amount"),
            ("none", "Not at all"),
        ],
        "Prices are revised",
        required=True,
        default="clause",
    )
    clause_id = fields.Many2one("subscription.revision.clause")
    index_id = fields.Many2one("subscription.index")
    reading_month = fields.Selection(
        selection=lambda self: self.env["subscription.revision.clause"]._months(),
        string="Value of",
        help="The month whose value is read each year. Empty: the last one published on the day.",
    )
    percentage = fields.Float("Percent", digits=(6, 4), default=2.0)
    amount = fields.Float(default=5.0)
    date_rule = fields.Selection(
        [("anniversary", "On the anniversary of the contract"), ("fixed_day", "On a day of the year")],
        "Day of revision",
        required=True,
        default="anniversary",
    )
    day = fields.Integer(default=1, required=True)
    month = fields.Selection(
        selection=lambda self: self.env["subscription.revision.clause"]._months(), default="1", required=True
    )
    reason = fields.Char(help="Kept with the amendment, in the history of the contract.")
    example = fields.Text("An example of the past", compute="_compute_texts")
    upcoming = fields.Text("The next revisions", compute="_compute_texts")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        contract = self.env["subscription.contract"].browse(values.get("contract_id"))
        if clause := contract.revision_clause_id:
            values["clause_id"] = clause.id
        elif index := self.env["subscription.index"].search([], limit=1):
            values.update(choice="index", index_id=index.id)
        return values

    @api.depends(
        "contract_id",
        "choice",
        "clause_id",
        "index_id",
        "reading_month",
        "percentage",
        "amount",
        "date_rule",
        "day",
        "month",
    )
    def _compute_texts(self):
        for setup in self:
            clause = setup._clause()
            setup.example = setup._example_in_words(clause) if clause else False
            setup.upcoming = setup._upcoming_in_words(clause) if clause else False

    def _clause(self):
        """The clause chosen, or the one that would be written; none when it is not complete."""
        if self.choice == "clause":
            return self.clause_id
        if self.choice == "none" or (self.choice == "index" and not self.index_id):
            return self.env["subscription.revision.clause"]
        return self.env["subscription.revision.clause"].new(self._clause_values())

    def _clause_values(self) -> dict:
        values = {
            "name": self.contract_id.name,
            "company_id": self.contract_id.company_id.id,
            "kind": self.choice,
            "percentage": self.percentage,
            "amount": self.amount,
            "date_rule": self.date_rule,
            "day": self.day,
            "month": self.month,
        }
        if self.choice == "index":
            reading = {"reading_rule": "same_month", "reading_month": self.reading_month} if self.reading_month else {}
            values["term_ids"] = [Command.create({"index_id": self.index_id.id, "weight": 1.0, **reading})]
        return values

    # what it would have done, and will do

    def _line(self):
        """The first line of the contract that the clause revises, as it is today."""
        rows = self.contract_id._rows_on(self.contract_id._today())
        return rows[:1]

    def _days(self, clause, after, count):
        days, line = [], self._line()
        while line and len(days) < count:
            after = clause._revision_day(self.contract_id, line, after)
            days.append(after)
        return days

    def _example_in_words(self, clause) -> str:
        """A price of 100 one year ago, and what the clause made of it since."""
        today = self.contract_id._today()
        base, amount = Decimal(100), self.contract_id.currency_id.format
        if clause.kind == "percentage":
            result = formula.by_percentage(base, Decimal(str(clause.percentage)), clause._rounding(), clause._limits())
            return self.env._("%(old)s becomes %(new)s.", old=amount(100), new=amount(float(result.price)))
        if clause.kind == "amount":
            result = formula.by_amount(base, Decimal(str(clause.amount)), clause._rounding(), clause._limits())
            return self.env._("%(old)s becomes %(new)s.", old=amount(100), new=amount(float(result.price)))
        for year in range(EXAMPLES * 5):
            day = today - timedelta(days=round(365.25 * year))
            terms, words = [], []
            for term in clause.term_ids:
                s1 = term.index_id._reading(term._period_read(day))
                s0 = term.index_id._reading(term._period_read(day - timedelta(days=365)))
                if s0 and s1:
                    terms.append(formula.Term(Decimal(str(term.weight)), s0.value, s1.value))
                    words.append(f"{term.index_id.name} {self._in_words(s0)} → {self._in_words(s1)}")
            if terms and len(terms) == len(clause.term_ids):
                result = formula.by_index(
                    base, base, terms, Decimal(str(clause.fixed_part)), clause._rounding(), clause._limits()
                )
                return self.env._(
                    "On %(day)s, %(old)s would have become %(new)s: %(values)s.",
                    day=format_date(self.env, day),
                    old=amount(100),
                    new=amount(float(result.price)),
                    values=", ".join(words),
                )
        return self.env._("No two values of the index are a year apart: enter or fetch them first.")

    def _upcoming_in_words(self, clause) -> str:
        """The next three revisions with their days, and the prices where they are known."""
        line, today = self._line(), self.contract_id._today()
        if not line:
            return self.env._("The contract has no line to revise.")
        price, texts = Decimal(str(line.price_unit)), []
        for day in self._days(clause, max(today, self.contract_id.date_start), EXAMPLES):
            if clause.kind == "index":
                periods = ", ".join(
                    f"{term.index_id.name} ({term.index_id._period_label(term._period_read(day))})"
                    for term in clause.term_ids
                )
                texts.append(self.env._("%(day)s: by %(periods)s", day=format_date(self.env, day), periods=periods))
                continue
            compute = formula.by_percentage if clause.kind == "percentage" else formula.by_amount
            change = Decimal(str(clause.percentage if clause.kind == "percentage" else clause.amount))
            price = compute(price, change, clause._rounding(), clause._limits()).price
            texts.append(
                self.env._(
                    "%(day)s: %(line)s at %(price)s",
                    day=format_date(self.env, day),
                    line=line._label(),
                    price=self.contract_id.currency_id.format(float(price)),
                )
            )
        return "\n".join(texts)

    def _in_words(self, reading) -> str:
        """ "305.7 (August 2023)" """
        revisions, index = self.env["subscription.revision"], self.env["subscription.index"]
        return f"{revisions._number(str(reading.value))} ({index._period_label(reading.period)})"

    def action_confirm(self):
        clause = self._clause()
        if not clause and self.choice != "none":
            raise UserError(self.env._("Choose a clause, or an index."))
        if clause and not clause._origin:
            name = clause.summary
            clause = self.env["subscription.revision.clause"].sudo().create({**self._clause_values(), "name": name})
        self.contract_id._set_revision(clause, self.reason or "")
        return {"type": "ir.actions.act_window_close"}
