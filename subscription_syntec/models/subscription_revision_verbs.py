from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import partial

from psycopg2.errors import DeadlockDetected, SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.subscription_billing.core.cadence import add_months
from odoo.addons.subscription_billing.models.subscription_contract_reprice import Repricing
from odoo.addons.subscription_billing.models.subscription_dated import VERB

from .subscription_revision import OPEN
from .subscription_revision_calculation import _decimal, reprice


class SubscriptionRevisionVerbs(models.Model):
    """Propose, approve, apply, cancel: what becomes of a revision."""

    _inherit = "subscription.revision"

    # propose

    @api.model
    def _propose(self, until, contracts, campaign=None, clauses=None):
        """The revisions of ``contracts`` that fall on or before ``until`` and are not there yet.

        One for each line: the next one of a line waits until this one is settled. Whoever
        calls, however often, a line has one revision on a day.

        :param clauses: only lines that one of these revises
        """
        contracts = contracts.filtered(lambda contract: contract.state in ("active", "paused"))
        last = self._last_of(contracts)
        values = []
        for contract in contracts:
            for chain, rows in contract._revisable_rows().items():
                clause = contract._revision_clause(chain)
                previous = last.get(chain, self.browse())
                if not clause or clause._excludes(chain) or previous.state in OPEN:
                    continue
                if clauses is not None and clause not in clauses:
                    continue
                first = rows[0]
                after = max(filter(None, (previous.date, contract.revision_from, chain.date_start)))
                day = clause._revision_day(contract, first, after)
                if day <= until and any(row._period().stop > day for row in rows):
                    values.append(
                        {
                            "contract_id": contract.id,
                            "chain_id": chain.id,
                            "clause_id": clause.id,
                            "date": day,
                            "previous_id": self._last_applied(previous).id,
                            "campaign_id": campaign and campaign.id,
                        }
                    )
        revisions = self.sudo().with_context(tracking_disable=True).create(values).with_env(self.sudo().env)
        revisions._calculate()
        return revisions

    @api.model
    def _last_of(self, contracts) -> dict:
        """The latest revision of each line, cancelled ones forgotten."""
        revisions = self.sudo().search(
            [("contract_id", "in", contracts.ids), ("state", "!=", "cancelled")], order="date, id"
        )
        return {revision.chain_id: revision for revision in revisions}

    @api.model
    def _last_applied(self, previous):
        """``previous`` itself, or the applied one before it."""
        while previous and previous.state != "applied":
            previous = previous.previous_id
        return previous

    def action_calculate(self):
        """Look again for what is missing, with the values and prices of now."""
        self._check_may_decide()
        self.filtered(lambda revision: revision.state in ("waiting", "proposed"))._calculate()

    # decide

    def _check_may_decide(self):
        """:raises AccessError: who may not change a contract decides nothing about its prices."""
        self.contract_id.check_access("write")

    def action_approve(self):
        """Approve and apply: what takes effect later is dated, and can be withdrawn until then."""
        self._approve()
        self._apply()

    def action_exclude(self):
        """Ask why they are left out."""
        return self.env["subscription.revision.decision"]._ask("exclude", revisions=self)

    def action_include(self):
        """Propose again what was left out."""
        self._check_may_decide()
        excluded = self.filtered(lambda revision: revision.state == "excluded")
        excluded._write({"reason": False})
        excluded._calculate()

    def _exclude(self, reason):
        self._check_may_decide()
        self.filtered(lambda revision: revision.state in OPEN)._write(
            {"state": "excluded", "reason": reason, "effect_mrr": 0.0, "effect_year": 0.0}
        )

    def _approve(self):
        """:raises UserError: where something is missing that only a person can say."""
        self._check_may_decide()
        for revision in self:
            revision._check_approvable()
        self._write(
            {
                "state": "approved",
                "approved_by_id": self.env.uid,
                "approved_on": fields.Datetime.now(),
                "failure": False,
            }
        )

    def _check_approvable(self):
        self.ensure_one()
        _ = self.env._
        obstacle = None
        if self.state == "waiting":
            obstacle = _("%(revision)s waits for %(missing)s.", revision=self.display_name, missing=self.missing)
        elif self.state != "proposed":
            obstacle = _("%s is settled already.", self.display_name)
        elif self.is_unofficial and not self.confirmation:
            obstacle = _(
                "%s uses a value that is provisional or derived: write in Confirmation why it may be used.",
                self.display_name,
            )
        elif self._is_adjusted() and not self.reason:
            obstacle = _("%s: write the reason of the price that differs from the clause.", self.display_name)
        if obstacle:
            raise UserError(obstacle)

    def _write(self, vals):
        # a revision says itself who approved it and when; the chatter tells who took it back
        is_told = vals.get("state") in ("excluded", "cancelled")
        self.sudo().with_context(revision_verb=VERB, mail_notrack=not is_told).write(vals)

    # apply

    def _apply(self):
        """Give the lines their new prices, by one amendment for each contract and day.

        What is applied already is left alone.

        :raises UserError: where a price changed since it was calculated, or a contract is busy.
        """
        self._check_may_decide()
        revisions = self.sudo()._locked_in_state("approved")
        revisions.partner_id.fetch(["lang"])
        revisions._check_applicable()
        groups = revisions.grouped(lambda revision: (revision.contract_id, revision.date_effective))
        amendments = self.env["subscription.contract"]._reprice(
            [
                Repricing(
                    contract.with_env(self.env),
                    day,
                    {
                        revision.chain_id: partial(reprice, revision._price_replaced(), revision.price)
                        for revision in group
                    },
                    group[0]._reason(),
                )
                for (contract, day), group in groups.items()
            ]
        )
        for group, amendment in zip(groups.values(), amendments, strict=True):
            group._write({"state": "applied", "amendment_id": amendment.id, "applied_on": fields.Datetime.now()})
        revisions._announce()
        self.env["subscription.period"]._free_held(revisions)
        return amendments

    def _apply_isolated(self):
        """Apply these; on failure their halves, until the contract that cannot be revised stands alone.

        A contract that somebody bills or changes right now is left for the next time.
        """
        try:
            with self.env.cr.savepoint():
                self._apply()
        except (SerializationFailure, DeadlockDetected):
            raise
        except Exception as error:  # noqa: BLE001  one contract never stops the others
            contracts = self.contract_id
            if len(contracts) == 1:
                if contracts._try_lock():
                    self._write({"state": "proposed", "failure": str(error)})
                return
            middle = len(contracts) // 2
            for part in (contracts[:middle], contracts[middle:]):
                self.filtered(lambda revision, part=part: revision.contract_id in part)._apply_isolated()

    def _billed_in_a_year(self) -> dict:
        """What the line of each revision is billed for until a year after its day, or after today, by revision."""
        until = {revision: revision._a_year_later() for revision in self}
        by_chain = defaultdict(list)
        for charge in self.env["subscription.engine"]._preview(self.contract_id, max(until.values())):
            by_chain[charge.line.chain_id].append(charge)
        return {
            revision.id: sum((item.amount for item in by_chain[revision.chain_id] if item.due <= last), Decimal(0))
            for revision, last in until.items()
        }

    def _a_year_later(self):
        """The last day of the twelve months that count as its effect."""
        return add_months(max(self.date_effective, self.contract_id._today()), 12) - timedelta(days=1)

    def _locked_in_state(self, state):
        """Those of these in ``state``, locked: two at once apply a revision once."""
        locked = self.sorted("id").try_lock_for_update(allow_referencing=True)
        locked.invalidate_recordset(["state"])
        return locked.filtered(lambda revision: revision.state == state)

    def _check_applicable(self):
        for revision, later in self._changed_later().items():
            raise UserError(
                self.env._(
                    "%(revision)s: the later revision %(later)s is applied already; cancel it first.",
                    revision=revision.display_name,
                    later=later.display_name,
                )
            )
        for revision in self:
            row = revision._row()
            if not row:
                raise UserError(
                    self.env._(
                        "%s: the line is not served from that day on any more. Calculate it again.",
                        revision.display_name,
                    )
                )
            if _decimal(row.price_unit) != _decimal(revision._price_replaced()):
                raise UserError(
                    self.env._(
                        "%s: the price of the line changed since it was calculated. "
                        "Calculate it again, then approve it.",
                        revision.display_name,
                    )
                )

    def _price_replaced(self) -> float:
        """The price that this revision finds in force: the old one, or the one it corrects."""
        self.ensure_one()
        return self.corrects_id.price or self.price_before

    def _reason(self) -> str:
        lang = self.partner_id.lang or self.env.lang
        return self.with_context(lang=lang)._headline()

    # cancel

    def action_cancel(self):
        """Ask why they are cancelled."""
        return self.env["subscription.revision.decision"]._ask("cancel", revisions=self)

    def _cancel(self, reason):
        """Give the lines their prices back, as if they had never been revised; money billed too much is owed back.

        Other lines that the same amendment revised keep their new prices.

        :raises UserError: where a later revision of one of them is applied: it names it.
        """
        self._check_may_decide()
        self.filtered(lambda revision: revision.state in (*OPEN, "excluded"))._write(
            {"state": "cancelled", "reason": reason}
        )
        applied = self.filtered(lambda revision: revision.state == "applied")
        latest_first = applied.sorted(lambda revision: (revision.date, revision.id), reverse=True)
        for amendment, group in latest_first.grouped("amendment_id").items():
            amendment._undo(reason, group.chain_id)

    def _check_cancellable(self):
        for revision, later in self._changed_later().items():
            raise UserError(
                self.env._(
                    "%(revision)s cannot be cancelled under the later revision %(later)s: cancel that one first.",
                    revision=revision.display_name,
                    later=later.display_name,
                )
            )

    # corrected indexes

    @api.model
    def _propose_corrections(self, values):
        """What was revised by a value that was corrected since is proposed again, never repriced by itself."""
        former = values.browse()
        for value in values.filtered(lambda value: value.vintage > 1):
            former |= value.index_id.value_ids.filtered(
                lambda other, value=value: other.period == value.period and other.value != value.value
            )
        revisions = self.sudo().search([("value_ids", "in", former.ids), ("state", "=", "applied")])
        revisions -= self.union(*revisions._changed_later())
        known = self.sudo().search([("corrects_id", "in", revisions.ids), ("state", "!=", "cancelled")])
        corrections = self.sudo().create(
            [
                {
                    "contract_id": revision.contract_id.id,
                    "chain_id": revision.chain_id.id,
                    "clause_id": revision.clause_id.id,
                    "date": revision.date,
                    "previous_id": revision.previous_id.id,
                    "corrects_id": revision.id,
                }
                for revision in revisions - known.corrects_id
            ]
        )
        corrections |= known.filtered(lambda revision: revision.state in ("waiting", "proposed"))
        corrections._calculate()
        return corrections

    # unattended

    @api.model
    def _cron_revise(self):
        """Propose what falls due, look for missing indexes, apply what clauses let apply, send letters."""
        engine = self.env["subscription.engine"]
        if not engine._is_armed():
            return
        for company in self.env["res.company"].search([]):
            engine._attempt(self.with_company(company)._follow_clauses, company)
        self.env["subscription.revision.campaign"]._cron_apply()
        for group in self._letters_due().values():
            engine._attempt(group._send_letter)

    @api.model
    def _follow_clauses(self, company):
        today = company._subscription_today()
        revisions = self.search([("company_id", "=", company.id), ("state", "=", "waiting")])
        revisions._calculate()
        clauses = self.env["subscription.revision.clause"].with_context(active_test=False)
        for days, group in clauses.search([("automation", "!=", "none")]).grouped("letter_days").items():
            contracts = self.env["subscription.contract"].search(
                [
                    ("company_id", "=", company.id),
                    "|",
                    ("revision_clause_id", "in", group.ids),
                    ("revision_exception_ids.clause_id", "in", group.ids),
                ]
            )
            revisions |= self._propose(today + timedelta(days=days), contracts, clauses=group)
        ready = revisions.filtered(lambda revision: revision._applies_by_itself())
        ready._approve()
        ready._apply_isolated()

    def _applies_by_itself(self) -> bool:
        """Whether nothing is left for a person to say."""
        self.ensure_one()
        return (
            self.clause_id.automation == "apply"
            and self.state == "proposed"
            and not self.is_unofficial
            and not self.warnings
            and not self.corrects_id
        )
