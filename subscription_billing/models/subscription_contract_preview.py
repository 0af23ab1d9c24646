from contextlib import contextmanager
from datetime import date

from odoo import models

from ..core.period import FOREVER


class SubscriptionContractPreview(models.Model):
    """What a verb would bill and give back, computed by the verb and the engine themselves."""

    _inherit = "subscription.contract"

    def _preview_change(self, date: date, changes) -> dict:
        """What the next invoice carries once ``changes`` are made: same arguments as ``_amend``.

        :returns: ``billing_date``, ``charges`` and ``amount_total`` (tax included) of the next
            invoice, and ``recurring_summary`` as it reads on ``date``; plain values, since what
            they were read from is undone.
        """
        return self._preview_verb(date, lambda contract: contract._amend(date, changes))

    def _preview_plan(self, plan, date: date) -> dict:
        """The same for a change of offer: see ``_change_plan``."""
        return self._preview_verb(date, lambda contract: contract._change_plan(plan, date))

    def _preview_service(self, date: date) -> dict:
        """The same for a contract that is served again: see ``_serve_from``."""
        return self._preview_verb(date, lambda contract: contract._serve_from(date))

    def _preview_verb(self, date: date, verb) -> dict:
        self.ensure_one()
        with self._rehearsal():
            verb(self)
            day = max(filter(None, (self._today(), self.next_billing_date)))
            charges = self.env["subscription.engine"]._preview(self, day)
            return {
                "billing_date": day,
                "charges": self._charge_values(charges),
                "amount_total": self._charged_total(charges),
                "recurring_summary": self.with_context(subscription_as_of=date).recurring_summary,
            }

    def _preview_pause(self, date: date, until: date | None, credit: str) -> dict:
        """What a pause gives back: see ``_pause``."""
        self.ensure_one()
        with self._rehearsal():
            self._pause(date, until or None, credit)
            charges = self.env["subscription.engine"]._owed_credits(self)
            return {"charges": self._charge_values(charges), "amount_total": self._charged_total(charges)}

    def _preview_close(self, date: date, credit: str = "none", with_fee: bool = False) -> dict:
        """What closing gives back at once, and what stays to be billed: see ``_close``."""
        self.ensure_one()
        engine = self.env["subscription.engine"]
        with self._rehearsal():
            self._end(date, credit=credit, with_fee=with_fee)
            charges = engine._owed_credits(self)
            remaining = [charge for charge in engine._preview(self, FOREVER) if charge.proposed]
            return {
                "charges": self._charge_values(charges),
                "amount_total": self._charged_total(charges),
                "remaining": self._charge_values(remaining),
            }

    @contextmanager
    def _rehearsal(self):
        """Everything inside is undone, also in the cache: never enter it with unsaved records."""
        savepoint = self.env.cr.savepoint()
        try:
            yield
        finally:
            savepoint.close(rollback=True)

    def _charged_total(self, charges) -> float:
        """What these charges come to, tax included, on all their documents."""
        engine = self.env["subscription.engine"]
        return sum(engine._amount_total(group) for group in engine._groups(charges))

    def _charge_values(self, charges) -> list[dict]:
        engine = self.env["subscription.engine"]
        return [
            {
                "name": engine._describe(charge),
                "date_start": charge.period.start,
                "date_end": charge.period.end,
                "amount_charged": float(charge.billed_amount),
                "amount_credited": float(charge.credited_amount),
                "amount": float(charge.amount),
            }
            for charge in charges
        ]
