from odoo import Command, fields
from odoo.tests import Form, freeze_time

from odoo.addons.subscription_billing.tests.common import SubscriptionCommon


class RevisionCommon(SubscriptionCommon):
    """Two indexes of their own, so that what the addon ships changes no test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.index = cls._index(
            "Syntec", {"2013-12": "244.9", "2014-02": "245.6", "2014-12": "246.1", "2015-02": "246.8"}
        )

    @classmethod
    def _index(cls, name, values, **more):
        index = cls.env["subscription.index"].create({"name": name, "code": name.lower(), **more})
        cls._publish(index, values)
        return index

    @classmethod
    def _publish(cls, index, values, **more):
        index._record([{"period": period, "printed": printed, **more} for period, printed in values.items()])

    @classmethod
    def _clause(cls, index=None, term=None, **values):
        if index:
            values["term_ids"] = [Command.create({"index_id": index.id, **(term or {})})]
        return cls.env["subscription.revision.clause"].create(
            {"name": "Clause", "kind": "index" if index else "percentage", **values}
        )

    def _revise(self, contract, until, approve=True):
        """What a campaign makes of the contract until a day."""
        campaign = self.env["subscription.revision.campaign"].create(
            {"until_date": until, "partner_ids": [Command.set(contract.partner_id.ids)]}
        )
        campaign.action_simulate()
        if approve:
            campaign.action_approve()
        return campaign.revision_ids

    def _answer(self, action, reason):
        """Give the reason that a dialog asks for, and go on."""
        dialog = Form(self.env[action["res_model"]].with_context(**action["context"]))
        dialog.reason = reason
        dialog.save().action_confirm()

    def _line(self, contract, day):
        """The row of the first line in force on a day."""
        return contract.line_ids.sorted("id").filtered(lambda row: row._is_in_force(fields.Date.to_date(day)))[:1]

    def _net(self, contract):
        """What the contract was billed, less what was given back."""
        moves = contract.invoice_ids.filtered(lambda move: move.state == "posted")
        return sum(move.amount_untaxed_signed for move in moves)

    def at(self, day):
        return freeze_time(day)


class TenPercentCommon(RevisionCommon):
    """Contracts whose prices rise by 10 % each year."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plus_10 = cls._clause(percentage=10.0)

    def contract(self, *lines, **values):
        customer = self.customer.copy()
        return self._contract(
            *lines,
            **{
                "date_start": "2025-01-01",
                "partner_id": customer.id,
                "revision_clause_id": self.plus_10.id,
                **values,
            },
        )
