from dataclasses import replace
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.cadence import Cadence
from ..core.period import FOREVER, Period


class SubscriptionContractTerm(models.Model):
    """The terms of a contract: the first one, its renewals, the notice, and how it ends.

    A contract renewed tacitly runs on; one that is not, or only on acceptance, is
    bounded at the end of its term when it starts, and a renewal serves what follows::

        tacit     |—— term 1 ——|—— term 2 ——▶     the lines have no end, the term moves
        accepted  |—— term 1 ——|                  lines end with the term
                               |—— term 2 ——|     renewed: the same lines, opened again
    """

    _inherit = "subscription.contract"

    minimum_end = fields.Date(
        "Minimum until", copy=False, readonly=True, help="Last day before which the customer cannot end the contract."
    )

    @api.depends("term_end", "notice", "notice_unit", "renewal")
    def _compute_notice_deadline(self):
        """Term until 31/12, notice of two months: 31/10 is the last day to refuse."""
        for contract in self:
            if contract.term_end and contract.renewal == "tacit":
                stop = contract._term_stop()
                notice = Cadence(contract.notice_unit, contract.notice).nth(stop, -1) if contract.notice else stop
                contract.notice_deadline = notice - timedelta(days=1)
            else:
                contract.notice_deadline = False

    # reading

    def _term_stop(self) -> date:
        """The first day after the current term."""
        self.ensure_one()
        return self.term_end + timedelta(days=1)

    def _first_term(self) -> dict:
        start = self._service_start()
        values = {"term_start": self.date_start, "term_end": False, "minimum_end": False}
        if self.commitment:
            stop = Cadence(self.commitment_unit, self.commitment).nth(start, 1)
            values["term_end"] = stop - timedelta(days=1)
            if self.renewal != "tacit":
                values["date_stop"] = stop
        if self.minimum:
            values["minimum_end"] = Cadence(self.minimum_unit, self.minimum).nth(start, 1) - timedelta(days=1)
        return values

    def _renewal_cadence(self) -> Cadence:
        """How long a renewal lasts: as the first term when nothing else is said."""
        if self.renewal_term:
            return Cadence(self.renewal_term_unit, self.renewal_term)
        return Cadence(self.commitment_unit, self.commitment or 1)

    def _committed_until(self) -> date:
        """The first day on which the customer may leave free of charge."""
        self.ensure_one()
        ends = [self.minimum_end, self.term_end if self.commitment else False]
        return max((day + timedelta(days=1) for day in ends if day), default=date.min)

    def _free_from(self) -> date:
        """The first day on which leaving costs no fee: the commitment, unless the law lifted it (L215-1)."""
        return date.min if self.is_free_to_leave else self._committed_until()

    def _exit_day(self, told_on: date) -> date:
        """The first day that need not be served any more when the customer gives notice on ``told_on``.

        Notice, minimum duration and term of the contract count, unless the law lifted them (L215-1).
        """
        self.ensure_one()
        tomorrow = max(told_on, self.date_start) + timedelta(days=1)
        if self.is_free_to_leave:
            return tomorrow
        noticed = Cadence(self.notice_unit, self.notice).nth(tomorrow, 1) if self.notice else tomorrow
        day = max(noticed, self.minimum_end + timedelta(days=1) if self.minimum_end else noticed)
        if not self.term_end:
            return day
        stop = self._term_stop()
        while self.renewal == "tacit" and stop < day:
            stop = self._renewal_cadence().nth(stop, 1)
        return stop

    # verbs

    def _renew(self, reason="", order=None, changes=()):
        """Begin the next term of the same contract: same anchor, no end and no beginning.

        :param changes: as those of ``_amend``, from the first day of the new term on.
        :returns: the ``subscription.amendment``.
        :raises UserError: when the contract has no term, was ended, or is renewed too late.
        """
        self.ensure_one()
        contract = self._locked()
        contract._check_renewable()
        start = contract._term_stop()
        stop = contract._renewal_cadence().nth(start, 1)
        with contract._amendment("renew", start, reason=reason, order=order) as amendment:
            if contract.date_stop:
                end = FOREVER if contract.renewal == "tacit" else stop
                state = "active" if contract.state == "closed" else contract.state
                amendment._change_contract({"date_stop": end != FOREVER and end, "state": state}, at_once=True)
                contract._serve_again(amendment, Period(start, end))
            amendment._change_contract({"term_start": start, "term_end": stop - timedelta(days=1)})
            contract._change_lines(amendment, start, changes)
        return amendment

    def _check_renewable(self):
        if obstacle := self._obstacle_to_renewal():
            raise UserError(obstacle)

    def _obstacle_to_renewal(self) -> str:
        """Why the next term cannot begin; empty when it can."""
        self.ensure_one()
        if not self.term_end or self.state == "draft":
            return self.env._("%s has no term that could be renewed.", self.display_name)
        if planned := self.amendment_ids.filtered(lambda row: row.kind == "renew" and row.is_pending)[:1]:
            return self.env._(
                "%(contract)s is renewed already: %(what)s.", contract=self.display_name, what=planned._summary()
            )
        if self.date_stop and self.paused_from and not self.resumes_on:
            return self.env._("%s is paused at the end of its term: resume it first, then renew it.", self.display_name)
        if self.date_stop and (self.date_stop != self._term_stop() or self.close_reason_id):
            return self.env._("%s was ended: take the closing back before renewing it.", self.display_name)
        if self.state == "closed" and self._today() > self.term_end + timedelta(days=self.renewal_grace):
            return self.env._(
                "The term of %(contract)s ended more than %(days)s days ago: sell a new contract.",
                contract=self.display_name,
                days=self.renewal_grace,
            )
        return ""

    def _bound(self, amendment):
        """Lines end where the contract does, as planned from the start."""
        for chain in self.line_ids.chain_id.filtered(lambda line: line.kind != "one_off") if self.date_stop else ():
            self._change_chain(amendment, chain, self.date_stop, None)

    def _serve_again(self, amendment, window, since=None):
        """Open again in ``window`` what the end of a term, or of a trial, cut off ``since`` that day."""
        since = since or window.start
        for row in self.line_ids.filtered(lambda line: line._is_cut() and line.date_stop >= since):
            lost = Period(row.date_stop, row.planned_stop or FOREVER)
            if served := lost & window:
                self._open_part(amendment, row, lost, served)

    def _open_part(self, amendment, row, lost, served):
        """Open ``served``, a part of what a closed row would have held; the rest stays closed."""
        [version] = row._versions()
        for free in served.subtract(other._period() for other in self._rows_of(row.chain_id)):
            opened = self._open_row(row, replace(version, period=free), amendment)
            if free.stop < lost.stop:
                opened.write(
                    {
                        "closed_by_id": amendment.id,
                        "planned_stop": False if lost.stop == FOREVER else lost.stop,
                    }
                )

    # the calendar

    def _renew_tacitly(self):
        """Move the term on where its last day has passed, as often as it passed."""
        self.ensure_one()
        while self.renewal == "tacit" and self.term_end and self._term_stop() <= self._today() and not self.date_stop:
            self._renew(reason=self.env._("Tacit renewal"))

    def action_renew(self):
        """Renew by hand what is renewed on acceptance, or earlier than its day."""
        for contract in self:
            amendment = contract._renew()
            contract.message_post(body=amendment._summary())
        return True
