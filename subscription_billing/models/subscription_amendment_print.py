from odoo import models
from odoo.tools import format_amount


class SubscriptionAmendmentPrint(models.Model):
    """The amendment on paper, as it was when it was made, in the language of the customer."""

    _inherit = "subscription.amendment"

    def _customer(self):
        """With whom the contract was on the day of the amendment."""
        self.ensure_one()
        contract = self.contract_id
        past = contract._values_as_of(self.date_effective).get("partner_id")
        return contract.partner_id.browse(past) if past else contract.partner_id

    def _printed_lines(self) -> list[dict]:
        """A line of the table for each row that it closed or opened."""
        return [
            {
                "name": (after or before)._label(),
                "before": self._printed_row(before) if before else "–",
                "after": self._printed_row(after) if after else "–",
                "since": after.date_start if after else False,
                "until": after.date_end if after else before.date_end,
            }
            for before, after in self._line_changes()
        ]

    def _printed_row(self, row) -> str:
        """ "2.00 × 100.00, −10.00 % = 180.00 € per month"; usage and one-off lines have no period."""
        discount = f", −{row._written('discount')} %" if row.discount else ""
        text = f"{row._written('quantity')} × {row._written('price_unit')}{discount}"
        if row.kind == "usage":
            return text
        amount = format_amount(self.env, row.price_subtotal, row.currency_id)
        per = f" {row.recurrence_id._per()}" if row.kind == "recurring" else ""
        return f"{text} = {amount}{per}"

    def _printed_amounts(self) -> tuple[str, str]:
        """What the contract cost on the day it takes effect, without this amendment and with it."""
        contract = self.contract_id
        day = max(self.date_effective, contract._service_start())
        after = contract.line_ids.filtered(lambda line: day in line._period_known(self.number))
        before = after
        for former, row in self._line_changes():
            if day in (row._opening_period() if row else former._lost_period()):
                before = before - row | former
        return tuple(
            contract._recurring_text(lines.filtered(lambda line: line.kind == "recurring")) or "–"
            for lines in (before, after)
        )
