"""The Python environment: Odoo's requirements and the tools of the tests."""

import hashlib
import shutil
import sys

from .console import execute, step
from .places import LOCAL, LOGS, ROOT

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
FOLDER = LOCAL / "venv"
PROGRAM = FOLDER / "bin" / "python"
PACKAGES = FOLDER / "lib" / f"python{VERSION}" / "site-packages"
REQUIREMENTS = ROOT / "requirements.txt"
WITHOUT_DEPENDENCIES = ROOT / "requirements-no-deps.txt"
STAMP = FOLDER / "complete"


def python_environment(source):
    """Python with everything that is required, and Odoo's folder on its path."""
    ingredients = (VERSION, REQUIREMENTS.read_text(), WITHOUT_DEPENDENCIES.read_text())
    wanted = hashlib.sha256("\n".join(ingredients).encode()).hexdigest()
    if not STAMP.is_file() or STAMP.read_text() != wanted:
        _install()
        STAMP.write_text(wanted)
    _link(source)
    return PROGRAM


def _install():
    if not PACKAGES.is_dir():
        shutil.rmtree(FOLDER, ignore_errors=True)  # made by another version of Python
    with step("Installing the Python packages"):
        execute([sys.executable, "-m", "venv", FOLDER], log=LOGS / "venv.log")
        _pip("--requirement", REQUIREMENTS)
        _pip("--no-deps", "--requirement", WITHOUT_DEPENDENCIES)


def _pip(*arguments):
    execute(
        [PROGRAM, "-m", "pip", "install", "--disable-pip-version-check", *arguments],
        log=LOGS / "pip.log",
        advice="See requirements.txt; PIP_INDEX_URL and pip.conf are honoured.",
    )


def _link(source):
    """Odoo is found by path, in the way of an editable install."""
    link = PACKAGES / "odoo.pth"
    if not link.is_file() or link.read_text() != f"{source}\n":
        link.write_text(f"{source}\n")
