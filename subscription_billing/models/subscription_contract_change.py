from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..core import timeline
from ..core.period import FOREVER, Period
from .subscription_dated import VERB
from .subscription_line import CARRIED


class SubscriptionContractChange(models.Model):
    """The verbs that open, change and stop lines, and the mechanics that all verbs share.

    A verb locks the contract, writes exactly one amendment and leaves the past as it
    was: rows are closed and others opened, and the ledger says what is owed back.
    """

    _inherit = "subscription.contract"

    # verbs

    def action_activate(self):
        """Draft to active: fixes the anchor and the terms, dates the lines and arms the billing."""
        for contract in self:
            if contract.state != "draft":
                raise UserError(self.env._("%s is running already.", contract.display_name))
            if not contract.line_ids:
                raise UserError(self.env._("%s has no line: add what is sold.", contract.display_name))
            contract._activate()
        return True

    def _activate(self):
        self.ensure_one()
        contract = self._locked()
        anchor = contract.anchor_date or contract._anchor_for(contract._service_start())
        with contract._amendment("activate", contract.date_start) as amendment:
            contract.write(
                {
                    "state": "active",
                    "anchor_date": anchor,
                    "signed_on": contract.signed_on or contract._today(),
                    **contract._first_term(),
                }
            )
            for line in contract.line_ids:
                line.write({"opened_by_id": amendment.id, **contract._activation_values(line, anchor)})
                contract._end_promotion(amendment, line)
            contract._begin_trial(amendment)
            contract._bound(amendment)
            if contract.billed_until:
                self.env["subscription.period"]._import_until(contract, contract.billed_until + timedelta(days=1))

    def _amend(self, date: date, changes: Sequence[tuple], reason: str = "", order=None):
        """Change lines from ``date`` on, without touching what was before.

        :param changes: pairs ``(line, {field: value})`` to change a line, ``(line, None)``
            to stop it and ``(None, values)`` to open one. A line stands for its chain;
            only the fields that change are named, and they are replayed on every later
            row of it. Equal values change nothing.
        :returns: the ``subscription.amendment``, empty when nothing changed.
        :raises UserError: when the contract does not run, or a change is impossible.
        """
        self.ensure_one()
        contract = self._locked()
        contract._check_amendable(date)
        with contract._amendment("change", date, reason=reason, order=order, keep_empty=False) as amendment:
            contract._change_lines(amendment, date, changes)
        return amendment.exists()

    def _check_amendable(self, date):
        """:raises UserError: where a change of lines on ``date`` would change nothing, or what is over."""
        if self.state not in ("active", "paused"):
            raise UserError(self.env._("%s does not run: it cannot be amended.", self.display_name))
        if date < self.date_start or (self.date_stop and date >= self.date_stop):
            raise UserError(
                self.env._(
                    "A change of %(contract)s takes effect between its start and its end, not on %(day)s.",
                    contract=self.display_name,
                    day=fields.Date.to_string(date),
                )
            )
        if self.paused_from and self.paused_from <= date and not self.resumes_on:
            raise UserError(
                self.env._(
                    "%s is paused and no day is set for its resumption: resume it first, then change it.",
                    self.display_name,
                )
            )

    def _change_lines(self, amendment, date, changes):
        for line, values in changes:
            if line is None:
                self._open_line(amendment, date, values)
            else:
                self._change_chain(amendment, line.chain_id, date, values)
        self._check_options(date)

    # when a line starts and stops

    def _activation_values(self, line, anchor) -> dict:
        """Dates and anchor of a line on the day its contract starts to run."""
        start = max(line.date_start, self._service_start())
        stop = line.date_stop
        line_anchor = line.anchor_date or anchor
        if line.kind == "one_off":
            stop = start + timedelta(days=1)
        elif line.occurrences:
            stop = self._nth_stop(line, start, line_anchor, line.occurrences)
        return {"date_start": start, "date_stop": stop, "anchor_date": line_anchor}

    @api.model
    def _nth_stop(self, line, start, anchor, count) -> date:
        """Where the ``count``-th period from ``start`` stops, a first stub included."""
        cadence = line.recurrence_id._cadence()
        return cadence.nth(anchor, cadence.index(anchor, start) + count)

    def _end_promotion(self, amendment, line):
        """A discount for some periods ends by itself: the chain goes on at full price."""
        if line.discount and line.discount_occurrences:
            day = self._nth_stop(line, line.date_start, line.anchor_date, line.discount_occurrences)
            self._change_chain(amendment, line.chain_id, day, {"discount": 0.0})

    # how verbs work

    def _locked(self):
        """These contracts, locked until the end of the transaction and safe to write.

        :raises AccessError: when the user may not write them.
        :raises UserError: when somebody else bills or changes one of them right now.
        """
        self.check_access("write")
        locked = self._try_lock()
        if missing := self - locked:
            raise UserError(
                self.env._(
                    "%s is being billed or changed by somebody else. Wait a moment and try again.",
                    ", ".join(missing.mapped("display_name")),
                )
            )
        return locked.with_context(subscription_verb=VERB)

    def _try_lock(self):
        """The contracts of these that could be locked, ids ascending.

        Under REPEATABLE READ a lock alone proves nothing: the row is written too, so
        that whoever worked on an older snapshot fails with a serialization error.
        """
        self._check_present()
        locked = self.sorted("id").try_lock_for_update(allow_referencing=True)
        if locked:
            self.env.cr.execute(
                "UPDATE subscription_contract SET revision = COALESCE(revision, 0) + 1 WHERE id IN %s", [locked._ids]
            )
            locked.invalidate_recordset(["revision"])
        return locked

    @contextmanager
    def _amendment(self, kind, date, reason="", order=None, keep_empty=True, **values):
        """The one amendment of a verb; what the rows became is announced once, at its end."""
        self.ensure_one()
        values = self._amendment_values(kind, date, reason=reason, order_id=order and order.id, **values)
        amendment = self.env["subscription.amendment"].sudo().create(values)
        yield amendment
        if not keep_empty and not amendment._has_effect():
            amendment.unlink()
            return
        self.env["subscription.engine"]._refresh(self)
        self._on_lines_changed(amendment)

    def _amendment_values(self, kind, date, **values) -> dict:
        return {
            "contract_id": self.id,
            "number": max(self.amendment_ids.mapped("number"), default=0) + 1,
            "kind": kind,
            "date_effective": date,
            "author_id": self.env.user.partner_id.id,
            **values,
        }

    def _change_chain(self, amendment, chain, date, values, until=FOREVER):
        """Replay a change, or a stop when ``values`` is None, on the rows of a chain."""
        window = Period(date, until)
        if values is None:
            return self._rewrite(amendment, chain, partial(timeline.suspend, window=window))
        self._check_changes(values)
        rows = self._rows_of(chain)
        rows._check_input(values)
        comparable = {name: rows._comparable(name, value) for name, value in values.items()}
        return self._rewrite(amendment, chain, partial(timeline.overwrite, window=window, values=comparable))

    def _rewrite(self, amendment, chain, change, settle=True, keep_bound=False):
        """Replace rows of a chain as a function of ``core.timeline`` says.

        :param settle: whether money is owed back for what is billed and not worth the same any more.
        :param keep_bound: whether what follows the end of a term can still be served by a renewal.
        """
        rows = self._rows_of(chain)
        replacements = change(rows._versions())
        if settle:
            self.env["subscription.period"]._release_replaced(rows, replacements, amendment)
        self._replace([(rows.browse(item.key), item, amendment) for item in replacements], keep_bound)

    def _rows_of(self, chain):
        rows = self.line_ids.filtered(lambda line: line.chain_id == chain)
        if not rows:
            raise UserError(self.env._("%s has no such line.", self.display_name))
        return rows

    @api.model
    def _replace(self, replaced, keep_bound=False):
        """Close rows and open their successors, in that order: the database refuses both at once.

        :param replaced: a row, its ``core.timeline.Replacement`` and its amendment, for each row.
        """
        opening = []
        for row, replacement, amendment in replaced:
            former = {
                "date_stop": row.date_stop,
                "planned_stop": row.planned_stop,
                "closed_by_id": row.closed_by_id.id,
            }
            successors = replacement.successors
            if keep_bound and row._is_cut() and all(item.period.stop != former["date_stop"] for item in successors):
                # an empty row at the end of the term, which only says what a renewal serves
                [version] = row._versions()
                successors += (replace(version, period=Period(former["date_stop"], former["date_stop"])),)
            row.write(
                {"date_stop": replacement.stop, "planned_stop": former["date_stop"], "closed_by_id": amendment.id}
            )
            opening += [(row, successor, amendment, former) for successor in successors]
        self.env["subscription.line"].flush_model()
        opened = self.env["subscription.line"].create(
            [self._successor_values(row, version, amendment) for row, version, amendment, _former in opening]
        )
        for line, (_row, _version, _amendment, former) in zip(opened, opening, strict=True):
            if former["closed_by_id"] and line.date_stop == former["date_stop"]:
                # the row that another amendment had closed there is this one now
                line.write(former)

    def _open_row(self, row, version, amendment):
        return self.env["subscription.line"].create(self._successor_values(row, version, amendment))

    def _successor_values(self, row, version, amendment) -> dict:
        """Values of a row that follows ``row`` in its chain, with the values and the days of ``version``."""
        stop = version.period.stop
        [values] = row.copy_data(
            {
                **self._stored(version.values),
                "date_start": version.period.start,
                "date_stop": False if stop == FOREVER else stop,
                "chain_id": row.chain_id.id,
                "former_id": row.id,
                "kind": row.kind,
                "occurrences": row.occurrences,
                "covered_until": row.covered_until,
                "opened_by_id": amendment.id,
            }
        )
        return values

    def _open_line(self, amendment, date, values):
        line = self.env["subscription.line"].create(
            {
                **values,
                "contract_id": self.id,
                "date_start": values.get("date_start") or date,
                "opened_by_id": amendment.id,
            }
        )
        line.write(self._activation_values(line, self.anchor_date))
        self._end_promotion(amendment, line)
        if self.date_stop and line.kind != "one_off":
            self._change_chain(amendment, line, self.date_stop, None)
        self._pause_line(line)
        return line

    @api.model
    def _check_changes(self, values):
        if unknown := values.keys() - set(CARRIED):
            raise UserError(self.env._("A change of a contract line cannot name %s.", ", ".join(sorted(unknown))))

    @api.model
    def _stored(self, values) -> dict:
        """Values of a version, as the ORM writes them."""
        return {name: [Command.set(value)] if name == "tax_ids" else value for name, value in values.items()}
