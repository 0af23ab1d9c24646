"""An order without recurring products is what it is without our addons."""

import json
import re
from pathlib import Path

SALES = (Path(__file__).parent / "plain_orders.py").read_text()


def _sell(databases, origin):
    with databases.copy(origin, armed=False) as name:
        output = databases.odoo.run_code(name, SALES)
    # ids differ from one database to the other
    return json.loads(re.sub(r'data-oe-id=\\"\d+\\"', "", output.splitlines()[-1]))


def test_ordinary_orders_and_invoices_are_those_of_odoo_alone(databases, odoo_template):
    alone, beside_us = _sell(databases, databases.base()), _sell(databases, odoo_template)
    assert alone["orders"] and alone["move_lines"]
    for part, values in alone.items():
        if not isinstance(values, list):
            assert beside_us[part] == values, part
            continue
        assert len(beside_us[part]) == len(values), part
        for expected, found in zip(values, beside_us[part], strict=True):
            if isinstance(expected, dict):
                found = {name: found.get(name) for name in expected}
            assert found == expected, part
