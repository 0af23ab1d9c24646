import sys
import unittest
from pathlib import Path
from unittest.mock import patch

import pytest

from odoo.modules import Manifest
from odoo.tools import config

from odoo.addons.test_lint.tests import (
    test_dunderinit,
    test_i18n,
    test_index,
    test_jstranslate,
    test_manifests,
    test_naming,
    test_onchange_domains,
    test_orm_import,
    test_override_signatures,
    test_pofile,
    test_pylint,
    test_routes,
    test_test_holes,
)

# left out: the tests of the checkers themselves, conventions of Odoo's own documentation and of its localisations,
# and eslint, which needs Node
LINTERS = (
    test_dunderinit.TestDunderinit,
    test_i18n.TestI18n,
    test_index.TestIndex,
    test_jstranslate.TestJsTranslations,
    test_manifests.ManifestLinter,
    test_naming.TestNaming,
    test_onchange_domains.TestOnchangeDomains,
    test_orm_import.TestDunderinit,
    test_override_signatures.TestLintOverrideSignatures,
    test_pofile.PotLinter,
    test_pylint.TestPyLint,
    test_routes.RoutesLinter,
    test_test_holes.TestTestHoles,
)
ROOT = Path(__file__).resolve().parents[4]
OURS = [
    Manifest.for_addon(folder.parent.name)
    for pattern in ("*", "tests/addons/*", "tests/neighbours/*")
    for folder in ROOT.glob(f"{pattern}/__manifest__.py")
]


@pytest.mark.parametrize("linter", LINTERS, ids=lambda linter: f"{linter.__module__.split('.')[-1]}")
def test_lint(linter, caplog, monkeypatch):
    """What reads files reads ours, what reads the registry reads it all."""
    assert "subscription_billing" in [manifest.name for manifest in OURS]
    monkeypatch.setattr(Manifest, "all_addon_manifests", lambda: OURS)
    monkeypatch.setattr(test_pylint, "which", lambda program: Path(sys.executable).with_name(program))
    result = unittest.TestResult()
    # pylint is told to read this folder whole
    with patch.object(config, "root_path", str(ROOT / "subscription_billing")):
        unittest.defaultTestLoader.loadTestsFromTestCase(linter).run(result)
    warnings = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    failures = [text for _test, text in result.errors + result.failures]
    assert result.testsRun
    assert not result.skipped
    assert not failures + warnings, "\n".join(failures + warnings)
