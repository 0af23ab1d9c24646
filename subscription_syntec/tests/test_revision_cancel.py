from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .common import TenPercentCommon


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10")
class TestRevisionCancel(TenPercentCommon):
    """A revision taken back, as if it had never been."""

    def test_cancelled_before_an_invoice_it_equals_a_twin(self):
        self.assertTwins(lambda contract: None)

    def test_cancelled_after_an_invoice_it_equals_a_twin(self):
        self.assertTwins(lambda contract: self._bill(contract, "2026-03-10"))

    def test_cancelled_after_a_change_of_quantity_it_equals_a_twin(self):
        def live(contract):
            self._bill(contract, "2026-03-10")
            contract._amend(self._day("2026-02-10"), [(contract.line_ids.chain_id, {"quantity": 4.0})])
            self._bill(contract, "2026-03-10")

        self.assertTwins(live)

    def assertTwins(self, live):
        contract, twin = self.contract(), self.contract(revision_clause_id=False)
        [revision] = self._revise(contract, "2026-03-10")
        live(contract)
        live(twin)
        revision._cancel("An error")
        self.assertEqual(revision.state, "cancelled")
        for item in (contract, twin):
            self._bill(item, "2026-03-10")
        rows = [
            [(line.date_start, line.price_unit, line.quantity) for line in self._line(item, "2026-03-01")]
            for item in (contract, twin)
        ]
        self.assertEqual(rows[0][0][1:], rows[1][0][1:])
        self.assertEqual(self._net(contract), self._net(twin))
        self.assertEqual(contract.mrr, twin.mrr)
        self.assertFalse(self.engine._preview(contract, self._day("2026-03-10")))

    def test_cancelling_under_a_later_revision_is_refused_and_names_it(self):
        contract = self.contract(date_start="2024-01-01")
        [first] = self._revise(contract, "2026-03-10")
        [second] = self._revise(contract, "2026-03-10")
        with self.assertRaisesRegex(UserError, "01/01/2026"), self.env.cr.savepoint():
            first._cancel("An error")
        with self.assertRaisesRegex(UserError, "01/01/2026"), self.env.cr.savepoint():
            first.amendment_id._undo()
        second._cancel("An error")
        first._cancel("An error")
        self.assertEqual(contract.current_line_ids.price_unit, 100.0)

    def test_taking_the_amendment_back_cancels_the_revision(self):
        [revision] = self._revise(self.contract(), "2026-03-10")
        revision.amendment_id._undo()
        self.assertEqual(revision.state, "cancelled")

    def test_cancelling_a_campaign_restores_every_line(self):
        contract = self.contract(self.hosting, self.support)
        campaign = self._revise(contract, "2026-03-10").campaign_id
        with self.assertRaisesRegex(AssertionError, "reason"):
            self._answer(campaign.action_cancel(), False)
        self._answer(campaign.action_cancel(), "The customer refused")
        self.assertEqual(sorted(contract.current_line_ids.mapped("price_unit")), [30.0, 100.0])
        self.assertEqual(set(campaign.revision_ids.mapped("state")), {"cancelled"})
        self.assertEqual({*campaign.revision_ids.mapped("reason"), campaign.reason}, {"The customer refused"})
        self.assertEqual(len(campaign.revision_ids.cancelled_by_id), 1, "both lines by one amendment")

    # one line of several

    def test_cancelling_one_line_restores_that_line_only(self):
        """Cancelled before an invoice, after one, and after a later change of every line."""

        def unbilled(contract):
            pass

        def billed(contract):
            self._bill(contract, "2026-03-10")

        def changed(contract):
            billed(contract)
            chains = contract.line_ids.chain_id
            contract._amend(self._day("2026-02-10"), [(chain, {"quantity": 4.0}) for chain in chains])
            contract._amend(self._day("2026-06-01"), [(chains[0], {"discount": 50.0})])

        for live in (unbilled, billed, changed):
            with self.subTest(live.__name__):
                self.assertTwinLine(live)

    def assertTwinLine(self, live):
        """The first line equals that of a contract where it was never revised, and so does the second, which was."""
        contract, twin = (self.contract(self.hosting, self.support) for _number in range(2))
        twin.revision_exception_ids = [Command.create({"chain_id": twin.line_ids[0].id, "reason": "Never"})]
        revision, other = self._revise(contract, "2026-03-10").sorted("id")
        self._revise(twin, "2026-03-10")
        self.assertEqual(revision.amendment_id, other.amendment_id)
        for item in (contract, twin):
            live(item)
        revision._cancel("An error")
        self.assertEqual((revision.state, other.state), ("cancelled", "applied"))
        for item in (contract, twin):
            self._bill(item, "2026-03-10")
        self.assertEqual(self.life_of(contract), self.life_of(twin))
        self.assertEqual(self._net(contract), self._net(twin))
        self.assertFalse(self.engine._preview(contract, self._day("2026-03-10")))

        other._cancel("Another error")
        self.assertTrue(revision.amendment_id.undone_by_id, "nothing of it is left")
        self.assertFalse(revision.amendment_id.is_undoable)
        never = self.contract(self.hosting, self.support, revision_clause_id=False)
        live(never)
        for item in (contract, never):
            self._bill(item, "2026-03-10")
        self.assertEqual(self.life_of(contract), self.life_of(never))
        self.assertEqual(self._net(contract), self._net(never))

    def test_what_is_left_of_an_amendment_is_taken_back_alone(self):
        contract = self.contract(self.hosting, self.support)
        revision, other = self._revise(contract, "2026-03-10").sorted("id")
        revision._cancel("An error")
        # the price of the revision, agreed anew: it is no longer that amendment's
        contract._amend(self._day("2026-01-01"), [(revision.chain_id, {"price_unit": revision.price})])
        other.amendment_id._undo()
        prices = {row.chain_id: row.price_unit for row in contract.current_line_ids}
        self.assertEqual(prices, {revision.chain_id: revision.price, other.chain_id: other.price_before})
        self.assertEqual(other.state, "cancelled")

    def test_a_stopped_line_that_is_served_again_has_the_price_of_before_its_cancelled_revision(self):
        contract = self.contract(self.hosting, self.support)
        hosting = contract.line_ids[0]
        stop = contract._amend(self._day("2026-06-01"), [(hosting, None)])
        revision, other = self._revise(contract, "2026-03-10").sorted("id")
        revision._cancel("An error")
        self.assertEqual(other.state, "applied")
        stop._undo()
        rows = contract.line_ids.filtered(lambda row: row.chain_id == hosting and row._period())
        self.assertEqual(set(rows.mapped("price_unit")), {100.0})
        self.assertTrue(self._line(contract, "2026-07-01"))

    def life_of(self, contract):
        """Every day of each line, with what it costs; rows that say the same are one."""
        life = []
        for number, chain in enumerate(contract.line_ids.chain_id.sorted("id")):
            rows = contract.line_ids.filtered(lambda row, chain=chain: row.chain_id == chain and row._period())
            for row in rows.sorted("date_start"):
                said = (number, row.price_unit, row.quantity, row.discount)
                if not life or life[-1][1] != said:
                    life.append((row.date_start, said))
        return life
