import logging

from odoo import Command, api, models
from odoo.fields import Domain

from ..memo import remembering
from .subscription_dated import VERB
from .subscription_engine_cron import BATCH, LOST_RACE

_logger = logging.getLogger(__name__)

# so few contracts are done while the person waits, more in the background
AT_ONCE = {"simulate": 200, "print": 20}


class SubscriptionRunWork(models.Model):
    """How a run simulates and bills: batch after batch, each of them kept before the next begins."""

    _inherit = "subscription.run"

    def _start(self, work, contracts):
        self.ensure_one()
        self.write(
            {
                "work": work,
                "started_by_id": self.env.user.id,
                "todo_contract_ids": [Command.set(contracts.ids)],
                "progress_done": 0,
                "progress_total": len(contracts),
                "state": "running",
            }
        )
        if not contracts:
            self._finish()
        elif len(contracts) <= AT_ONCE.get(work, 0):
            while self.work:
                self._advance()
        else:
            self.env.ref("subscription_billing.ir_cron_run").sudo()._trigger()

    @api.model
    def _cron_run(self):
        """Do the work of all runs, a batch at a time; what is interrupted goes on next time."""
        engine = self.env["subscription.engine"]
        engine._attempt(engine._refresh_statistics)
        for run in self.search([("work", "!=", False)], order="id"):
            while run.try_lock_for_update(allow_referencing=True) and run.work:
                run._as_starter()._advance_or_stop()
                if not self.env["ir.cron"]._commit_progress(1, remaining=len(self.search([("work", "!=", False)]))):
                    return

    def _as_starter(self):
        """With the language and the name of whoever pressed the button."""
        user = self.started_by_id or self.user_id
        return self.with_user(user).with_context(lang=user.lang).with_company(self.company_id).sudo()

    def _advance_or_stop(self):
        """One batch; a fault that is no contract's ends the work and is said in the chatter."""
        try:
            self._advance()
        except LOST_RACE:
            raise
        except Exception as error:
            self.env.cr.rollback()
            _logger.exception("Subscriptions: %s stopped", self.name)
            self.action_stop()
            self.message_post(body=self.env._("The work stopped: %s", error))

    def _advance(self):
        """One batch of the work in progress."""
        self.ensure_one()
        batch = self._next_batch()
        if self.work == "simulate":
            self._simulate_batch(batch)
        elif self.work == "print":
            self._print_batch(batch)
        else:
            self._bill_batch(batch)
        self._dequeue(batch)
        if not self.todo_contract_ids:
            self._finish()

    def _next_batch(self):
        """The next contracts, those of one customer never apart."""
        contracts = self.env["subscription.contract"]
        todo = Domain("id", "in", self.todo_contract_ids.ids)
        batch = contracts.search(todo, order="commercial_partner_id, id", limit=BATCH)
        siblings = todo & Domain("commercial_partner_id", "in", batch[-1:].commercial_partner_id.ids)
        return batch | contracts.search(siblings & Domain("invoice_grouping", "=", "customer"))

    def _dequeue(self, contracts):
        done = self.todo_contract_ids & contracts
        if done:
            self.write(
                {
                    "todo_contract_ids": [Command.unlink(contract_id) for contract_id in done.ids],
                    "progress_done": self.progress_done + len(done),
                }
            )

    def _finish(self):
        if self.work == "simulate":
            self.simulated_on = self.env.cr.now()
        elif self.work == "print":
            self._bind_parts()
        self.work = False
        self._update_state()

    def _update_state(self):
        """What the rows make of the run."""
        for run in self.sudo():
            rows = run.env["subscription.run.proposal"]._read_group(
                [("run_id", "=", run.id)], ["state", "is_approved"], ["__count"]
            )
            is_open = [is_approved for state, is_approved, _count in rows if state in ("proposed", "drafted")]
            if run.work:
                state = "running"
            elif not rows:
                state = "done" if run.simulated_on else "draft"
            elif not all(is_open) or any(state == "failed" for state, _approved, _count in rows):
                state = "review"
            else:
                state = "approved" if is_open else "done"
            if run.state != state:
                run.state = state

    # simulate

    def _engine(self):
        return self.env["subscription.engine"].sudo()._of_company(self.company_id)

    @remembering
    def _simulate_batch(self, contracts):
        """Rows for what is due; a contract that breaks the preview has a row that says so."""
        engine = self._engine()
        try:
            with self.env.cr.savepoint():
                self._propose(engine, contracts, engine._documents(contracts.sudo(), self.until_date))
        except LOST_RACE:
            raise
        except Exception as error:  # noqa: BLE001  one contract never hides the others
            halves = engine._halves(contracts)
            if len(halves) == 1:
                self._propose_failure(contracts, str(error) or type(error).__name__)
            for half in halves if len(halves) > 1 else ():
                self._simulate_batch(half)

    def _propose(self, engine, contracts, documents, **extra):
        """One row per document, with its errors and warnings."""
        previous = engine._previous_wholes([charge for group in documents.values() for charge in group])
        errors = engine._document_errors(documents.values())
        left_out = engine._left_out(contracts, self.until_date)
        proposals = self.env["subscription.run.proposal"].sudo()
        vals_list = []
        for digest, group in documents.items():
            vals = proposals._values_of(engine, group, digest, previous, self.variance_threshold)
            own = dict.fromkeys(charge.contract for charge in group)
            reasons = [f"{contract.name}: {text}" for contract in own for text in errors.get(contract, ())]
            others = [other.name for contract in own for other in left_out.get(contract.commercial_partner_id, ())]
            if others and any(contract.invoice_grouping == "customer" for contract in own):
                names = ", ".join(dict.fromkeys(others))
                vals["warning"] = "\n".join(
                    filter(None, [vals["warning"], self.env._("Left out of this run: %s", names)])
                )
            hook = engine._proposal_warnings(group)
            texts = [text for contract in own for text in hook.get(contract, ())]
            vals["warning"] = "\n".join(filter(None, [vals["warning"], *dict.fromkeys(texts)]))
            vals["has_warning"] = bool(vals["warning"])
            if reasons:
                vals |= {"state": "failed", "reason": "\n".join(reasons)}
            vals_list.append({"run_id": self.id, **vals, **extra})
        return proposals.create(vals_list)

    def _propose_failure(self, contracts, reason):
        self.env["subscription.run.proposal"].sudo().create(
            {
                "run_id": self.id,
                "partner_id": contracts[0].partner_invoice_id.id,
                "contract_ids": [Command.set(contracts.ids)],
                "plan_id": contracts[0].plan_id.id,
                "salesperson_id": contracts[0].user_id.id,
                "currency_id": contracts[0].currency_id.id,
                "due_date": min(contracts.mapped("next_billing_date")),
                "state": "failed",
                "reason": reason,
            }
        )

    # bill

    def _bill_batch(self, contracts):
        """By the way of the unattended billing: halves, until the culprit stands alone."""
        engine = self._engine()
        engine._isolated(contracts, self._bill_part, self._fail)
        if busy := contracts & self.todo_contract_ids:
            self._fail(busy, self.env._("Somebody else is changing or billing it: simulate again."))

    @remembering
    def _bill_part(self, engine, contracts):
        """Write the documents that are still what was shown, and post the approved drafts."""
        if not self.work:  # stopped meanwhile
            return
        contracts = contracts.exists()._try_lock().with_context(subscription_verb=VERB)
        rows = self._rows_of(contracts)
        is_wanted = (lambda row: row.is_approved) if self.work == "post" else (lambda row: row.state == "proposed")
        wanted = rows.filtered(is_wanted)
        self._post_drafts(engine, wanted.filtered(lambda row: row.state == "drafted"))
        wanted = wanted.filtered(lambda row: row.state == "proposed")
        documents = engine._documents(contracts, self.until_date) if wanted else {}
        same = wanted.filtered(lambda row: row.digest in documents)
        self._write_documents(engine, same, [documents.pop(row.digest) for row in same])
        known = set(rows.mapped("digest"))
        others = {digest: group for digest, group in documents.items() if digest not in known}
        self._show_changes(engine, contracts, wanted - same, others)
        self._dequeue(contracts)

    def _rows_of(self, contracts):
        """The rows of these contracts that are not billed yet, drafts included."""
        return self.proposal_ids.filtered(
            lambda row: row.state in ("proposed", "drafted") and row.contract_ids & contracts
        )

    def _write_documents(self, engine, rows, groups):
        """The engine's invoices for rows that were found unchanged."""
        if not rows:
            return
        billed = self.env["subscription.contract"].union(*(charge.contract for group in groups for charge in group))
        moves = iter(engine._write_documents(billed.with_context(subscription_verb=VERB), groups, mode=self.work))
        for row, group in zip(rows, groups, strict=True):
            if not any(charge.amount for charge in group):
                row.state = "settled"
                continue
            move = next(moves)
            is_posted = move.state == "posted"
            row.write({"move_id": move.id, "state": "posted" if is_posted else "drafted"})
            if self.work == "post" and not is_posted:  # it has to be looked at once more, as a draft
                row.is_approved = False
        billed._unpark()

    def _post_drafts(self, engine, rows):
        """Post drafts as they were approved; one that a person changed since comes back."""
        rows.filtered(lambda row: not row.move_id).write({"state": "gone", "is_approved": False})
        rows = rows.filtered(lambda row: row.state == "drafted")
        rows._read_document()
        engine._issue_drafts(rows.filtered("is_approved").move_id.filtered(lambda move: move.state == "draft"))

    def _show_changes(self, engine, contracts, stale, documents):
        """What is no longer due leaves; what is due otherwise is proposed anew, beside what it was."""
        if not stale and not documents:
            return
        stale.write({"state": "gone", "is_approved": False})
        fresh = self._propose(engine, contracts, documents, is_changed=True)
        for row in fresh:
            former = stale.filtered(
                lambda old, row=row: (
                    (old.due_date, old.partner_id, old.currency_id) == (row.due_date, row.partner_id, row.currency_id)
                )
            )[:1]
            row.simulated_total = former.amount_total
            stale -= former
            former.unlink()

    def _fail(self, contracts, error):
        """These contracts stay unbilled: their rows say why."""
        reason = (str(error).strip() or type(error).__name__).replace("\0", "")
        _logger.warning("Subscriptions: %s cannot bill %s: %s", self.name, contracts.mapped("name"), reason)
        self._engine()._attempt(self._record_failure, contracts, reason)

    def _record_failure(self, contracts, reason):
        rows = self._rows_of(contracts)
        rows.filtered(lambda row: row.state == "proposed").write(
            {"state": "failed", "reason": reason, "is_approved": False}
        )
        rows.filtered(lambda row: row.state == "drafted").write({"reason": reason, "is_approved": False})
        self._dequeue(contracts)
