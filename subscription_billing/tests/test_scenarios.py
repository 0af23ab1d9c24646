import importlib.util
import sys
from decimal import Decimal
from pathlib import Path

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import SubscriptionCommon

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "scenarios"


def _reader():
    """The reader of stories, which lies outside the addon; None when the addon is installed alone."""
    source = FOLDER / "scenario.py"
    if not source.exists():
        return None
    spec = importlib.util.spec_from_file_location("subscription_scenario", source)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scenario = _reader()


class OdooStage:
    """A contract of the database, as the stories want it: verbs in, rows of invoices out."""

    def __init__(self, case):
        self.case, self.env = case, case.env

    def begin(self, contract, lines, billed_until):
        plan = self.env["subscription.plan"].create(
            {
                "name": "Story",
                "recurrence_id": self.case.monthly.id,
                "billing_timing": contract.billing_timing,
                "proration_policy": contract.proration_policy,
                "lead_days": contract.lead_days,
                "invoicing_mode": "post",
            }
        )
        self.contract = self.case._contract(
            *map(self._line_vals, lines),
            activate=False,
            plan_id=plan.id,
            date_start=min(line.start for line in lines),
            anchor_date=contract.anchor,
            billed_until=billed_until,
        )
        self.contract.action_activate()
        self.chains = {chain.product_id.name: chain for chain in self.contract.line_ids}

    def amend(self, day, name, values):
        changes = {field: float(value) for field, value in values.items()}
        self.contract._amend(day, [(self.chains[name], changes)])

    def pause(self, day, until):
        self.contract._pause(day, until)

    def run(self, until):
        engine = self.env["subscription.engine"]
        due = {
            (charge.line.chain_id, charge.period.start): charge.due
            for charge in engine._preview(self.contract, until)
            if charge.proposed
        }
        return self._invoiced(engine._bill(self.contract, until), due)

    def close(self, day, credit):
        return self._invoiced(self.contract._close(day, self.case.reason, credit=credit), {})

    def _line_vals(self, line):
        values = {
            "product_id": self.case._product(
                line.name, 1.0, subscription_recurring=line.unit is not None, taxes_id=[Command.clear()]
            ).id,
            "quantity": float(line.quantity),
            "price_unit": float(line.price),
            "date_start": line.start,
            "date_end": line.end,
            "occurrences": line.times or 0,
        }
        if line.unit:
            values["recurrence_id"] = self._recurrence(line.unit, line.interval).id
        return values

    def _recurrence(self, unit, interval):
        recurrences = self.env["subscription.recurrence"]
        known = recurrences.search([("unit", "=", unit), ("interval", "=", interval)], limit=1)
        return known or recurrences.create({"name": f"{interval} {unit}", "unit": unit, "interval": interval})

    def _invoiced(self, moves, due):
        """What invoices and credit notes say, by line in the order of days."""
        rows = []
        for line in moves.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            contract_line = line.subscription_line_id
            start, end = line.deferred_start_date, line.deferred_end_date
            if contract_line.kind == "one_off":
                start = end = contract_line.date_start
            amount = Decimal(str(line.price_subtotal)) * (1 if line.move_id.move_type == "out_invoice" else -1)
            day = due.get((contract_line.chain_id, start))
            rows.append(scenario.Invoiced(contract_line.product_id.name, start, end, amount, day))
        names = [*self.chains]
        return sorted(rows, key=lambda row: (names.index(row.name), row.start))


@tagged("post_install", "-at_install")
@freeze_time("2027-01-15")
class TestScenarios(SubscriptionCommon):
    """The stories of tests/scenarios, played on contracts and read on their invoices."""

    def test_there_are_stories(self):
        if not scenario:
            self.skipTest("the stories come with the repository, not with the addon")
        self.assertGreaterEqual(len(scenario.scenarios()), 20)


def _add_story(path):
    """One test for each file, so that each fails by its own name."""

    def test(self):
        scenario.play(scenario.read(path), OdooStage(self))

    setattr(TestScenarios, f"test_{path.stem}", test)


for _path in scenario.scenarios() if scenario else ():
    _add_story(_path)
