"""The programs that Odoo needs beside Python: found, or installed by apt when root."""

import ctypes.util
import functools
import os
import re
import shutil
import sys
from pathlib import Path

from .console import Stop, execute, output_of, step
from .places import LOCAL, LOGS

MINIMUM_POSTGRESQL = 13
NEEDED_SPACE_GB = 4
FULL_GB = 0.1
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


@functools.cache
def postgresql_programs():
    """The folder of the newest PostgreSQL server of this machine, or None."""
    folders = {path.parent.resolve() for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")}
    if program := shutil.which("initdb"):
        folders.add(Path(program).resolve().parent)
    versions = {_version(folder): folder for folder in folders}
    newest = max(versions, default=0)
    return versions[newest] if newest >= MINIMUM_POSTGRESQL else None


def _version(folder):
    found = re.search(r"(\d+)", output_of([folder / "initdb", "--version"]))
    return int(found[1]) if found else 0


def install_missing(*, server, browser):
    """Have the programs that are needed; their Debian packages are named after them here."""
    present = {
        "wkhtmltopdf": shutil.which("wkhtmltopdf"),
        "postgresql" if server else "postgresql-client": postgresql_programs() if server else shutil.which("createdb"),
        "libcairo2": sys.version_info < (3, 13) or ctypes.util.find_library("cairo"),  # see requirements.txt
        "chromium": not browser or any(map(shutil.which, BROWSERS)),
    }
    missing = [package for package, found in present.items() if not found]
    if not missing:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise Stop(f"Programs are missing. Install them, then start again: sudo apt-get install {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"Installing {', '.join(missing)}"):
        execute(["apt-get", "update"], log=LOGS / "apt-update.log", env=environment)
        execute(
            ["apt-get", "install", "--yes", "--no-install-recommends", *missing],
            log=LOGS / "apt-install.log",
            env=environment,
        )
    postgresql_programs.cache_clear()


def check_space():
    """A full disk is told before the download, not in the middle of it."""
    LOCAL.mkdir(exist_ok=True)
    if (free := _free_space_gb()) < NEEDED_SPACE_GB:
        raise Stop(f"Only {free:.1f} GB are free at {LOCAL}, and about {NEEDED_SPACE_GB} are needed. Free some space.")


def disk_is_full():
    """Whether that alone explains a failure: a database server seldom says why it went away."""
    return _free_space_gb() < FULL_GB


def _free_space_gb():
    return shutil.disk_usage(LOCAL).free / 1e9
