"""The Python environment: Odoo's requirements and the tools of the tests."""

import hashlib
import shutil
import sys

from .console import execute, step
from .places import COMPANIONS, LOCAL, LOGS, ROOT, SETUP

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
FOLDER = LOCAL / "venv"
PROGRAM = FOLDER / "bin" / "python"
PACKAGES = FOLDER / "lib" / f"python{VERSION}" / "site-packages"
REQUIREMENTS = ROOT / "requirements.txt"
WITHOUT_DEPENDENCIES = (SETUP / "requirements-no-deps.txt", COMPANIONS)
STAMP = FOLDER / "complete"


def python_environment(source):
    """Python with everything that is required, and Odoo's folder on its path."""
    ingredients = (VERSION, *(path.read_text() for path in (REQUIREMENTS, *WITHOUT_DEPENDENCIES)))
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
        for requirements in WITHOUT_DEPENDENCIES:
            _pip("--no-deps", "--requirement", requirements)


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
