from decimal import Decimal

from odoo import fields, models

from ..core.money import spread


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    subscription_line_id = fields.Many2one(
        "subscription.line", "Contract line", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    subscription_credited_line_id = fields.Many2one(
        "account.move.line", "Gives back", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    subscription_period_ids = fields.One2many("subscription.period", "move_line_id", "Billed periods", readonly=True)
    subscription_credit_period_ids = fields.One2many(
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
        """The rows billed and credited on these lines."""
        rows = self.sudo()
        return rows.subscription_period_ids, rows.subscription_credit_period_ids

    def _subscription_follow_amounts(self):
        """The ledger keeps what the invoice says, beside what the engine proposed."""
        for line in self:
            billed, credited = line._subscription_ledger()
            billed = billed.filtered(lambda period: period.state not in ("waived", "void"))
            if not billed:
                continue
            unit = Decimal(str(line.currency_id.rounding))
            before = [Decimal(str(period.amount_invoiced)) for period in billed]
            given_back = sum((Decimal(str(period.amount_invoiced)) for period in credited), Decimal(0))
            target = line._subscription_amount() + given_back
            if sum(before) == target:
                continue
            for period, amount in zip(billed, spread(target, before, unit), strict=True):
                period.amount_invoiced = float(amount)

    def _subscription_drop(self, reason):
        """The document counts no more: what it billed waits, what it credited is owed again."""
        billed, credited = self._subscription_ledger()
        billed.filtered(lambda period: period.state == "billed")._hold(reason)
        credited.filtered(lambda period: period.state == "credited").write({"state": "released"})
        self.env["subscription.engine"]._refresh((billed | credited).contract_id)

    def _subscription_restore(self):
        """A cancelled document is a draft again: it bills and credits as before."""
        billed, credited = self._subscription_ledger()
        billed.filtered(lambda period: period.state == "held").write({"state": "billed", "reason": False})
        credited.filtered(lambda period: period.state == "released").write({"state": "credited"})
        self.env["subscription.engine"]._refresh((billed | credited).contract_id)

    def _subscription_hold_credited(self):
        """A line that a person credited in full waits for a decision; a part of it frees nothing."""
        for line in self:
            billed, _credited = line._subscription_ledger()
            is_gone = line._subscription_is_fully_credited()
            if is_gone:
                billed.filtered(lambda period: period.state == "billed")._hold(
                    self.env._("%s was credited in full", line.move_id.display_name)
                )
            elif line.parent_state == "posted":
                billed.filtered(lambda period: period.state == "held").write({"state": "billed", "reason": False})
            self.env["subscription.engine"]._refresh(billed.contract_id)

    def _subscription_is_fully_credited(self) -> bool:
        """Whether credit notes typed by persons give back all that the line billed."""
        self.ensure_one()
        credits = self.env["account.move.line"].sudo().search(
            [
                ("subscription_credited_line_id", "=", self.id),
                ("parent_state", "=", "posted"),
                ("subscription_credit_period_ids", "=", False),
            ]
        )
        given_back = -sum(credit._subscription_amount() for credit in credits)
        return bool(credits) and given_back >= self._subscription_amount()

    def _subscription_hand_over(self, replacement):
        """The rows of this line are billed on ``replacement`` from now on."""
        billed, _credited = self._subscription_ledger()
        billed.filtered(lambda period: period.state in ("held", "billed")).write(
            {"state": "billed", "reason": False, "move_line_id": replacement.id}
        )

    def unlink(self):
        """Deleting a draft frees its periods; a line taken out of a draft leaves them to a decision."""
        lines = self.filtered("subscription_line_id")
        billed, credited = lines._subscription_ledger()
        deleted_moves = set(self.env.context.get("subscription_deleted_moves", ()))
        freed = billed.filtered(lambda period: period.state == "billed" and period.move_id.id in deleted_moves)
        held = billed.filtered(lambda period: period.state == "billed") - freed
        released = credited.filtered(lambda period: period.state == "credited")
        result = super().unlink()
        held._hold(self.env._("Its line was taken out of a draft invoice"))
        released.write({"state": "released"})
        contracts = (freed | held | released).contract_id
        freed._free()
        self.env["subscription.engine"]._refresh(contracts)
        return result
