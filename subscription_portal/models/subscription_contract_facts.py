from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_amount, format_date


class SubscriptionContractFacts(models.Model):
    """What the customer reads of a contract, in his language."""

    _inherit = "subscription.contract"

    request_ids = fields.One2many("subscription.request", "contract_id", "Asked by the customer", readonly=True)
    request_count = fields.Integer(compute="_compute_request_count")

    def _compute_request_count(self):
        counts = dict(
            self.env["subscription.request"]._read_group(
                [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]
            )
        )
        for contract in self:
            contract.request_count = counts.get(contract._origin, 0)

    def _customer_facts(self, with_card=True) -> list[tuple[str, str]]:
        """Labels and texts; what does not apply is left out.

        :param with_card: False for who merely holds the link, and is never shown a stored card.
        """
        self.ensure_one()
        facts = [
            (self.env._("Customer"), self.partner_id.display_name),
            (self.env._("Billing address"), self._address_fact()),
            (self.env._("Your reference"), self.client_order_ref),
            (self.env._("Plan"), self.plan_id.name),
            (self.env._("Recurrence"), self.recurrence_id.name),
            (self.env._("Billed"), self._selection_text("billing_timing")),
            (self.env._("Since"), format_date(self.env, self.date_start)),
            (self.env._("Free trial until"), self.trial_end and format_date(self.env, self.trial_end)),
            (self.env._("Current term"), self._term_fact()),
            (self.env._("Renewal"), self._renewal_text() if self.term_end else ""),
            (self.env._("Last day to refuse the renewal"), self._deadline_fact()),
            (self.env._("Minimum duration until"), self.minimum_end and format_date(self.env, self.minimum_end)),
            (self.env._("Last day served"), self.date_end and format_date(self.env, self.date_end)),
            (self.env._("Payment"), self._payment_fact(with_card)),
        ]
        return [(label, text) for label, text in facts if text]

    def _address_fact(self) -> str:
        return "\n".join(filter(str.strip, self.partner_invoice_id._display_address().splitlines()))

    def _term_fact(self) -> str:
        if not self.term_end:
            return ""
        return self.env._(
            "%(start)s to %(end)s",
            start=format_date(self.env, self.term_start),
            end=format_date(self.env, self.term_end),
        )

    def _deadline_fact(self) -> str:
        deadline = not self.date_stop and self.notice_deadline
        return format_date(self.env, deadline) if deadline else ""

    def _payment_fact(self, with_card=True) -> str:
        token = self.payment_token_id.filtered("active")
        if not token or self.collection_method != "token":
            return self.env._("By you, for each invoice")
        if not with_card:
            return self.env._("By card, charged by itself")
        return self.env._("Card %s, charged by itself", token.display_name)

    def _customer_lines(self):
        """What is served now, or from its beginning on, in order."""
        day = max(self._today(), self._service_start())
        rows = self.line_ids.filtered(lambda line: line.kind != "one_off" and line._is_in_force(day))
        return rows.sorted(lambda line: (line.sequence, line.chain_id.id))

    def _customer_price(self, line) -> str:
        amount = format_amount(self.env, line.price_subtotal, line.currency_id)
        return f"{amount} {line.recurrence_id._per()}" if line.kind == "recurring" else self.env._("by what is used")

    def _customer_invoices(self):
        """Posted invoices and credit notes, the latest first."""
        moves = self.period_ids.move_line_id.move_id | self.period_ids.credit_line_id.move_id
        posted = moves.filtered(lambda move: move.state == "posted")
        return posted.sorted(lambda move: (move.invoice_date, move.id), reverse=True)

    def _customer_unpaid(self):
        """The invoices that wait for money, the oldest first."""
        return self._customer_invoices().filtered(lambda move: move._has_to_be_paid())[::-1]

    def _customer_orders(self):
        return self.order_ids.filtered(lambda order: order.state in ("sent", "sale")).sorted("id", reverse=True)

    def _customer_history(self):
        """The amendments, the latest first, those taken back left out."""
        return self.amendment_ids.filtered(lambda row: not row.undone_by_id and row.kind != "undo").sorted(
            lambda row: (row.date_effective, row.number), reverse=True
        )

    def _customer_timeline(self) -> dict | None:
        """The lanes of ``timeline`` with positions in percent of its width; None while there is nothing to draw."""
        timeline = self.timeline()
        if not timeline["lanes"]:
            return None
        start, end = map(fields.Date.to_date, (timeline["start"], timeline["end"]))
        width = (end - start).days + 1

        def placed(part):
            first = max(fields.Date.to_date(part["start"]), start)
            last = min(fields.Date.to_date(part["end"]) or end, end)
            days = (last - first).days + 1
            return (
                {**part, "left": 100 * (first - start).days / width, "width": 100 * days / width} if days > 0 else None
            )

        def all_placed(parts):
            return [part for part in map(placed, parts) if part]

        return {
            "start": start,
            "end": end,
            "today": 100 * (self._today() - start).days / width,
            "lanes": [
                {"name": lane["name"], "rows": all_placed(lane["rows"]), "periods": all_placed(lane["periods"])}
                for lane in timeline["lanes"]
            ],
            "bands": all_placed(timeline["bands"]),
        }

    @api.model
    def _input_quantity(self, quantity) -> str | None:
        """A quantity as a number input of HTML takes it; None without a bound."""
        return None if quantity == float("inf") else f"{quantity:g}"

    def _served_until(self):
        """The last day that is billed already; the day before today when none is."""
        billed = self.period_ids.filtered(
            lambda row: row.state in ("billed", "imported") and row.line_id.kind != "one_off"
        )
        return max([self._today(), *billed.mapped("date_stop")]) - timedelta(days=1)
