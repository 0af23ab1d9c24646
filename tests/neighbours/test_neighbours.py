"""Contracts are sold and billed the same beside other applications, in one database with them."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("sale_invoicing", "sale_discount", "engine", "entry")


def test_beside_other_applications():
    paths = [
        ROOT / "tests/neighbours/test_subscription_neighbours/tests",
        *(ROOT / f"subscription_billing/tests/test_{name}.py" for name in OURS),
    ]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [ROOT / "setup/test", *paths, "--quiet", "--tb=short"], env=variables, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout
    assert "skipped" not in run.stdout
