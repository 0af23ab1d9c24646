"""The table of the customer base in the README: every feature, each with a proof that exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FEATURES = [f"F{number}" for number in range(70, 84)]


def _rows():
    section = (ROOT / "README.md").read_text().split("## Customer base")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return {row[0]: row[1:] for row in rows[2:]}


def _proofs():
    """Names of the tests and tours of this repository."""
    tests = "\n".join(path.read_text() for path in ROOT.glob("**/test_*.py") if ".local" not in path.parts)
    tours = "\n".join(path.read_text() for path in ROOT.glob("*/static/tests/tours/*.js"))
    return {*re.findall(r"def (test_\w+)", tests), *re.findall(r'\.add\("(\w+)"', tours)}


def test_every_feature_has_a_full_row():
    assert list(_rows()) == FEATURES
    assert all(all(row) for row in _rows().values())


def test_every_proof_exists():
    named = {feature: re.findall(r"`(\w+)`", row[-1]) for feature, row in _rows().items()}
    assert all(named.values())
    assert {name for names in named.values() for name in names} <= _proofs()
