"""The addons of this repository, and what tells one state of them from another."""

import ast
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from .places import COMPANIONS, ROOT, TEST_ADDONS

UNINSTALLED = {"tests", "__pycache__", "readme"}


@dataclass(frozen=True)
class Addon:
    """A folder with a manifest."""

    folder: Path

    @property
    def name(self):
        return self.folder.name

    @property
    def depends(self):
        manifest = ast.literal_eval((self.folder / "__manifest__.py").read_text())
        return set(manifest.get("depends", ["base"]))

    @property
    def fingerprint(self):
        """Changes with any file that installing the addon reads; its tests are not."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            inside = path.relative_to(self.folder)
            if path.is_file() and not UNINSTALLED & set(inside.parts):
                digest.update(f"{inside}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()


def suite_addons():
    """What we ship: every top-level folder with a manifest, but those named test_*."""
    return [addon for addon in _addons_in(ROOT) if not addon.name.startswith("test_")]


def companions():
    """The addons of others that are installed with ours, and their versions."""
    packages = re.findall(r"^odoo-addon-([\w-]+)==(\S+)$", COMPANIONS.read_text(), re.MULTILINE)
    return {name.replace("-", "_"): version for name, version in packages}


def test_addons():
    """What only the tests install."""
    return _addons_in(TEST_ADDONS)


def outside_dependencies(addons):
    """Names of the addons of others that these need."""
    return set().union(*(addon.depends for addon in addons)) - {addon.name for addon in addons}


def _addons_in(folder):
    return [Addon(manifest.parent) for manifest in sorted(folder.glob("*/__manifest__.py"))]
