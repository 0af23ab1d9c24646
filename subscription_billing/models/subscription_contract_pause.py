from datetime import date
from functools import partial

from odoo import fields, models
from odoo.exceptions import UserError

from ..core import timeline
from ..core.period import FOREVER, Period


class SubscriptionContractPause(models.Model):
    """A pause is days that the lines do not serve; the anchor never moves.

    What was billed of them is given back, or kept and made good by as many days free
    of charge after the resumption::

        lines     |————————|          |——————————————▶
        ledger    |█ billed █|▒ kept ▒|░ waived ░|█ billed
    """

    _inherit = "subscription.contract"

    paused_from = fields.Date(copy=False, readonly=True, help="First day that is not served.")
    resumes_on = fields.Date(
        copy=False, readonly=True, help="First day served again; empty while nobody has said when."
    )

    def _pause(self, date: date, until: date | None = None, credit: str = "prorata", reason: str = ""):
        """Serve nothing from ``date`` on, until ``until`` (the first day served again) if that is known.

        :param credit: ``prorata`` gives back what was billed of the pause, on its day;
            ``extend`` keeps it and gives as many days after the resumption.
        :returns: the ``subscription.amendment``.
        :raises UserError: when the contract does not run then, or is paused already.
        """
        self.ensure_one()
        contract = self._locked()
        contract._check_pausable(date, until)
        with contract._amendment("pause", date, reason=reason, date_until=until or False) as amendment:
            for chain in contract._served_chains():
                window = Period(date, until or FOREVER)
                if credit == "extend":
                    self.env["subscription.period"]._keep_in(chain, window, amendment)
                contract._rewrite(amendment, chain, partial(timeline.suspend, window=window), keep_bound=True)
                if until and credit == "extend":
                    self.env["subscription.period"]._make_good(contract, chain, until, amendment)
            values = {"paused_from": date, "resumes_on": until or False}
            if date <= contract._today() and (not until or until > contract._today()):
                values["state"] = "paused"
            if until and until <= contract._today():
                values = {}  # it is over: only the lines say so
            amendment._change_contract(values, at_once=True)
        return amendment

    def _check_pausable(self, date, until):
        if self.state != "active":
            raise UserError(self.env._("%s does not run: it cannot be paused.", self.display_name))
        if self.paused_from:
            raise UserError(self.env._("%s has a pause already: resume it or take it back first.", self.display_name))
        if date < self.date_start or (self.date_stop and date >= self.date_stop):
            raise UserError(self.env._("%s is not served on that day: it cannot be paused.", self.display_name))
        if until and until <= date:
            raise UserError(
                self.env._("%s: the day of resumption comes after the first day paused.", self.display_name)
            )

    def _resume(self, date: date, reason: str = ""):
        """Serve again from ``date`` on what the pause took, as it was planned before.

        :raises UserError: when the contract is not paused then.
        """
        self.ensure_one()
        contract = self._locked()
        pause = contract._current_pause()
        if not pause or date < pause.date_effective or (contract.resumes_on and date >= contract.resumes_on):
            raise UserError(self.env._("%s is not paused on that day.", self.display_name))
        with contract._amendment("resume", date, reason=reason) as amendment:
            contract._take_back(pause, amendment, pause._chains_left(), since=date)
            for chain in contract._served_chains():
                self.env["subscription.period"]._make_good(contract, chain, date, pause)
            today = contract._today()
            amendment._change_contract(
                {"paused_from": False, "resumes_on": False, "state": "active"}
                if date <= today
                else {"resumes_on": date},
                at_once=True,
            )
        return amendment

    def _current_pause(self):
        """The pause that holds or is planned."""
        pauses = self.amendment_ids.filtered(lambda row: row.kind == "pause" and not row.undone_by_id)
        return pauses.filtered(lambda row: row.date_effective == self.paused_from).sorted("number")[-1:]

    def _pause_line(self, line):
        """A line that is added is not served in the pause of its contract either: the pause takes those days too."""
        pause = self._current_pause()
        if pause and line.kind != "one_off":
            window = Period(self.paused_from, self.resumes_on or FOREVER)
            self._rewrite(pause, line, partial(timeline.suspend, window=window))

    def _served_chains(self):
        return self.line_ids.chain_id.filtered(lambda line: line.kind != "one_off")
