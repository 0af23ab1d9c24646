from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    subscription_line_id = fields.Many2one(
        "subscription.line", "Contract line", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    subscription_credited_line_id = fields.Many2one(
        "account.move.line", "Gives back", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    subscription_line_credit_ids = fields.One2many(
        "account.move.line", "subscription_credited_line_id", "Given back by", readonly=True
    )
    subscription_line_period_ids = fields.One2many(
        "subscription.period", "move_line_id", "Billed periods", readonly=True
    )
    subscription_line_credit_period_ids = fields.One2many(
        "subscription.period", "credit_line_id", "Credited periods", readonly=True
    )
    # shared on purpose with the deferral of other editions: the end is inclusive
    deferred_start_date = fields.Date("Start of service", copy=False)
    deferred_end_date = fields.Date("End of service", copy=False)

    def _subscription_amount(self) -> Decimal:
        """What the line says, in the basis of its unit price; positive when the customer owes it."""
        self.ensure_one()
        gross = self.currency_id.round(self.quantity * self.price_unit * (1 - self.discount / 100))
        return Decimal(str(gross)) * (-1 if self.move_type == "out_refund" else 1)

    def _subscription_ledger(self):
        """The rows billed and the rows credited on these lines."""
        rows = self.sudo()
        return rows.subscription_line_period_ids, rows.subscription_line_credit_period_ids

    def _subscription_refresh(self):
        billed, credited = self._subscription_ledger()
        self.env["subscription.engine"]._refresh((billed | credited).contract_id)

    # posting

    def _subscription_follow_amounts(self):
        """The ledger keeps what the document says, beside what the engine proposed."""
        for line in self:
            billed, credited = line._subscription_ledger()
            given_back = credited._total("amount_credited")
            if billed:
                difference = line._subscription_amount() + given_back - billed._total("amount_invoiced")
                billed._adjust("amount_invoiced", difference)
            elif credited:
                credited._adjust("amount_credited", -line._subscription_amount() - given_back)

    # cancelling, deleting, coming back

    def _subscription_drop(self, reason):
        """The document counts no more: what it billed waits, what it credited is owed again."""
        billed, credited = self._subscription_ledger()
        billed._check_not_credited()
        billed._hold(reason)
        billed.filtered(lambda period: period.state == "released").write({"state": "void"})
        credited.filtered(lambda period: period.state == "credited").write({"state": "released"})
        self._subscription_refresh()

    def _subscription_restore(self):
        """A cancelled document is a draft again: it bills and credits as before.

        :raises UserError: when its periods were billed or credited elsewhere meanwhile.
        """
        billed, credited = self._subscription_ledger()
        moved = self.filtered(
            lambda line: (
                line.subscription_line_id
                and not (line.sudo().subscription_line_period_ids or line.sudo().subscription_line_credit_period_ids)
            )
        )
        billed._check_not_billed_again(self.move_id)
        if moved.filtered("subscription_credited_line_id"):
            raise UserError(
                self.env._(
                    "What %s gave back was credited on another document meanwhile: it stays cancelled.",
                    moved.move_id[0].display_name,
                )
            )
        billed._return()
        credited.filtered(lambda period: period.state == "released").write({"state": "credited"})
        self._subscription_refresh()

    def unlink(self):
        """Deleting a draft frees its periods; a line taken out of a draft leaves them to a decision."""
        billed, credited = self.filtered("subscription_line_id")._subscription_ledger()
        if not (billed or credited):
            return super().unlink()
        billed._check_not_credited()
        contracts = (billed | credited).contract_id
        deleted = set(self.env.context.get("subscription_deleted_moves", ()))
        live = billed.filtered(lambda period: period.state in ("billed", "kept"))
        freed = live.filtered(lambda period: period.move_id.id in deleted)
        billed.filtered(lambda period: period.state == "released").write({"state": "void"})
        credited.filtered(lambda period: period.state == "credited").write({"state": "released"})
        (live - freed)._hold(self.env._("Its line was taken out of a draft invoice"))
        result = super().unlink()
        freed.state = "void"
        freed._take_gifts_back()
        freed.unlink()
        self.env["subscription.engine"]._refresh(contracts)
        return result

    # credit notes typed by persons

    def _subscription_hold_credited(self):
        """A line credited in full waits for a decision, what it gave back is owed again; a part of it frees nothing."""
        for line in self:
            billed, credited = line._subscription_ledger()
            if line._subscription_is_fully_credited():
                billed._hold(self.env._("%s was credited in full", line.move_id.display_name))
                credited.filtered(lambda period: period.state == "credited").write({"state": "released"})
            elif line.parent_state == "posted":
                billed._check_not_billed_again(line.move_id)
                billed._return()
                credited.filtered(lambda period: period.state == "released").write({"state": "credited"})
        self._subscription_refresh()

    def _subscription_manual_credits(self) -> Decimal:
        """What credit notes typed by persons give back of this line."""
        self.ensure_one()
        credits = self.sudo().subscription_line_credit_ids.filtered(
            lambda credit: credit.parent_state == "posted" and not credit.subscription_line_id
        )
        return -sum((credit._subscription_amount() for credit in credits), Decimal(0))

    def _subscription_is_fully_credited(self) -> bool:
        given_back, amount = self._subscription_manual_credits(), self._subscription_amount()
        # a deduction is given back by a negative amount
        return given_back <= amount if amount < 0 else 0 < given_back >= amount

    def _subscription_creditable(self) -> Decimal:
        """What may still be given back of what this line billed."""
        self.ensure_one()
        billed, _credited = self._subscription_ledger()
        return (
            billed._total("amount_invoiced")
            - billed.filtered(lambda period: period.state == "credited")._total("amount_credited")
            - self._subscription_manual_credits()
        )

    def _subscription_hand_over(self, replacement):
        """The rows of this line are billed on ``replacement`` from now on."""
        billed, _credited = self._subscription_ledger()
        replacement.subscription_line_id = self.subscription_line_id
        live = billed.filtered(lambda period: period.state != "void")
        live.move_line_id = replacement
        live.filtered(lambda period: period.state == "held")._return()
