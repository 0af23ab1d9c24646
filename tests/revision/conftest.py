"""The arithmetic of revisions without Odoo: ``core`` of the addon, as the package ``revision``."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

CORE = Path(__file__).parents[2] / "subscription_syntec" / "core"

if "revision" not in sys.modules:
    spec = spec_from_file_location("revision", CORE / "__init__.py", submodule_search_locations=[str(CORE)])
    sys.modules["revision"] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules["revision"])
