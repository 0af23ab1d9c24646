from datetime import date

from odoo import models
from odoo.exceptions import UserError

from ..core import timeline
from ..core.period import FOREVER, Period

# the verbs whose changes of lines go on until somebody changes them again
REPLAYED = ("change", "plan", "reprice", "close")


class SubscriptionContractUndo(models.Model):
    """Amendments taken back: what they closed and opened says what they changed."""

    _inherit = "subscription.contract"

    def _take_back(self, undone, amendment, chains, since=date.min):
        """Give every day of these lines from ``since`` on back what ``undone`` took from it.

        Where a later amendment changed the same value again, the later one stays.
        """
        for chain in chains:
            rows = self._rows_of(chain)
            for reversal in undone._reversals(rows):
                window = reversal.period & Period(since, FOREVER)
                if not window:
                    continue
                part = timeline.Reversal(window, reversal.before, reversal.after)
                self._rewrite(amendment, chain, lambda versions, part=part: timeline.revert(versions, part))
                if reversal.after is None:
                    row = rows.browse(reversal.before.key)
                    self._open_part(amendment, row, reversal.period, window)
                    self._replay(amendment, chain, window, undone)
        self.env["subscription.period"]._unkeep(undone, since)

    def _replay(self, amendment, chain, window, undone):
        """What was changed since ``undone`` holds on the days it gives back too: they were not there to be changed."""
        later = self.amendment_ids.filtered(
            lambda row: (
                undone.number < row.number < amendment.number
                and row.kind in REPLAYED
                and not row.undone_by_id
                and chain not in row.undone_chain_ids
            )
        )
        for change in later.sorted("number"):
            part = window & Period(change.date_effective, FOREVER)
            reversals = change._reversals(self._rows_of(chain)) if part else []
            values = {}
            for reversal in reversals:
                if reversal.before and reversal.after:
                    values |= reversal.changed
            if values:
                self._change_chain(amendment, chain, part.start, values, until=part.stop)
            elif any(reversal.before for reversal in reversals):
                self._change_chain(amendment, chain, part.start, None, until=part.stop)

    def _reopen_from(self, date: date, reason: str = ""):
        """Serve a closed contract again from ``date`` on, as its lines were.

        :raises UserError: when the contract was not closed, or ended later.
        """
        self.ensure_one()
        contract = self._locked()
        closing = contract._last_closing()
        if not closing or date < contract.date_stop:
            raise UserError(
                self.env._("%s was not closed before that day: there is nothing to reopen.", self.display_name)
            )
        with contract._amendment("reopen", date, reason=reason) as amendment:
            amendment._change_contract(
                {
                    "state": "active",
                    "date_stop": closing.values_before.get("date_stop", False),
                    "close_reason_id": False,
                },
                at_once=True,
            )
            contract._take_back(closing, amendment, closing._chains_left(), since=date)
        return amendment

    def _serve_from(self, date: date, reason: str = ""):
        """Resume what is paused, reopen what is closed."""
        self.ensure_one()
        return self._resume(date, reason) if self.paused_from else self._reopen_from(date, reason)

    def _last_closing(self):
        closings = self.amendment_ids.filtered(
            lambda row: row.kind == "close" and not row.undone_by_id and "date_stop" in (row.values_before or {})
        )
        return closings.sorted("number")[-1:] if self.close_reason_id or self.date_stop else closings.browse()
