from odoo import api, fields, models


class SubscriptionContract(models.Model):
    """Which clause revises the prices of a contract, from when on, and what it did so far."""

    _inherit = "subscription.contract"

    revision_from = fields.Date(
        "Revised from",
        copy=False,
        readonly=True,
        help="The day from which the clause holds: prices of that day and their index are its base. "
        "Empty: from the start of the contract.",
    )
    revision_exception_ids = fields.One2many(
        "subscription.revision.exception", "contract_id", "Lines with a revision of their own"
    )
    price_revision_ids = fields.One2many("subscription.revision", "contract_id", "Price revisions", readonly=True)
    price_revision_count = fields.Integer(compute="_compute_price_revision")
    next_price_revision = fields.Date("Next revision", compute="_compute_price_revision")
    price_revision_sentence = fields.Text("Last revision", compute="_compute_price_revision")

    @api.depends("price_revision_ids.state", "revision_clause_id", "state")
    @api.depends_context("lang")
    def _compute_price_revision(self):
        for contract in self:
            contract.price_revision_count = len(contract.price_revision_ids)
            contract.next_price_revision = contract._next_revision_day()
            applied = contract.price_revision_ids.filtered(lambda revision: revision.state == "applied")
            contract.price_revision_sentence = applied.sorted(lambda revision: (revision.date, revision.id))[
                -1:
            ].sentence

    def _revision_clause(self, chain):
        """The clause that revises a line: its own, else that of its contract."""
        self.ensure_one()
        own = self.revision_exception_ids.filtered(lambda exception: exception.chain_id == chain)
        return own.clause_id if own else self.revision_clause_id

    def _revisable_rows(self) -> dict:
        """The rows of each line that has a price for each period, in order."""
        self.ensure_one()
        rows = self.line_ids.filtered(lambda row: row.kind != "one_off" and row._period())
        return rows.sorted("date_start").grouped("chain_id")

    def _next_revision_day(self):
        """The day on which the next price of this contract may change; False when none will."""
        self.ensure_one()
        if self.state not in ("active", "paused") or not self.date_start:
            return False
        pending = self.price_revision_ids.filtered(lambda revision: revision.state in ("waiting", "proposed"))
        last = self.env["subscription.revision"]._last_of(self)
        days = pending.mapped("date")
        for chain, rows in self._revisable_rows().items():
            clause = self._revision_clause(chain)
            if clause and not clause._excludes(chain):
                after = max(
                    filter(None, (last.get(chain, pending.browse()).date, self.revision_from, chain.date_start))
                )
                days.append(clause._revision_day(self, rows[0], after))
        return min(days, default=False)

    def _set_revision(self, clause, reason=""):
        """Follow ``clause`` from today on, or none when it is empty: an amendment says so.

        :returns: the ``subscription.amendment``, empty when nothing changed.
        """
        self.ensure_one()
        contract = self._locked()
        if contract.state == "draft":
            contract.revision_clause_id = clause
            return self.env["subscription.amendment"]
        today = max(contract._today(), contract.date_start)
        with contract._amendment("terms", today, reason=reason, keep_empty=False) as amendment:
            amendment._change_contract(
                {"revision_clause_id": clause.id, "revision_from": fields.Date.to_string(today) if clause else False},
                at_once=True,
            )
        return amendment.exists()

    def action_open_price_revisions(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_syntec.action_subscription_revision")
        return {**action, "domain": [("contract_id", "=", self.id)], "context": {}}
