from collections import defaultdict

from odoo import api, models


class SubscriptionEngine(models.AbstractModel):
    """Invoices tell of a new price once, a revision that is due is pointed out, a line can wait for its index."""

    _inherit = "subscription.engine"

    @api.model
    def _proposal_warnings(self, charges):
        warnings = defaultdict(list, super()._proposal_warnings(charges))
        last = {}
        for charge in charges:
            last[charge.contract] = max(charge.period.start, last.get(charge.contract, charge.period.start))
        due = (
            self.env["subscription.revision"]
            .sudo()
            .search(
                [
                    ("contract_id", "in", [contract.id for contract in last]),
                    ("state", "in", ("waiting", "proposed", "approved")),
                ]
            )
        )
        for revision in due.filtered(lambda item: item.date <= last[item.contract_id]):
            warnings[revision.contract_id].append(
                self.env._("A price revision is due and not applied: %s", revision.display_name)
            )
        return dict(warnings)

    # a line that waits

    @api.model
    def _holds(self, charges):
        """Lines whose clause says so are not billed until the index of their revision is known."""
        holds = super()._holds(charges)
        chains = {charge.line.chain_id.id for charge in charges}
        waiting = (
            self.env["subscription.revision"]
            .sudo()
            .search(
                [
                    ("chain_id", "in", list(chains)),
                    ("state", "=", "waiting"),
                    ("clause_id.while_waiting", "=", "hold"),
                ]
            )
        )
        by_chain = {revision.chain_id: revision for revision in waiting}
        for charge in charges:
            revision = by_chain.get(charge.line.chain_id)
            if revision and charge.proposed and charge.period.stop > revision.date:
                holds[id(charge)] = {
                    "reason": self.env._("Waits for %s", revision.missing),
                    "revision_id": revision.id,
                }
        return holds

    # the sentence

    @api.model
    def _record(self, pairs):
        pairs = list(pairs)
        super()._record(pairs)
        untold = self._untold([charge.line.chain_id.id for charge, _line in pairs if charge.proposed])
        told = defaultdict(self.env["subscription.revision"].browse)
        said = set()
        for charge, move_line in sorted(pairs, key=lambda pair: pair[0].period.start):
            for revision in untold.get(charge.line.chain_id, ()):
                is_new = charge.proposed and charge.amount > 0 and charge.period.stop > revision.date_effective
                if is_new and revision not in said:
                    said.add(revision)
                    told[move_line.move_id] |= revision
        for move, revisions in told.items():
            revisions._tell(move)

    @api.model
    def _untold(self, chain_ids) -> dict:
        """The applied revisions of these lines that no invoice told of yet."""
        revisions = (
            self.env["subscription.revision"]
            .sudo()
            .search([("chain_id", "in", chain_ids), ("state", "=", "applied"), ("told_move_id", "=", False)])
        )
        return revisions.grouped("chain_id")
