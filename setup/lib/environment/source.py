"""Odoo 19 itself: the folder named by ODOO_HOME, or Debian's package, unpacked.

Odoo is on no Python package index. Debian's package `odoo-19` is fetched with a
private apt configuration from the mirror that the machine already uses, and
unpacked without being installed. Three things make it whole again:

- files that Debian takes from other packages, unpacked beside it;
- Font Awesome 4.7, from the Debian release that still has it;
- one library that Debian strips, and whose absence breaks every backend page.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from .console import Stop, execute, output_of, step
from .machine import check_space
from .places import LOCAL, LOGS

SERIES = (19, 0)
UNPACKED = LOCAL / "odoo"
PACKAGES = (
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-glyphicons-halflings",
    "fonts-montserrat",
    "fonts-font-awesome/bookworm",
)
STRIPPED = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
ADVICE = "Or point ODOO_HOME to a folder with the source of Odoo 19.0."


def odoo_source():
    """The folder to put on Python's path so that `import odoo` is Odoo 19."""
    if home := os.environ.get("ODOO_HOME"):
        return _checked(Path(home).expanduser().resolve())
    source = UNPACKED / "usr/lib/python3/dist-packages"
    if not source.is_dir():
        _download()
    return source


def _checked(home):
    for folder in (home, home.parent):
        release = folder / "odoo" / "release.py"
        if release.is_file():
            series = re.search(r"^version_info = \((\d+), (\d+)", release.read_text(), re.MULTILINE)
            if series and tuple(map(int, series.groups())) == SERIES:
                return folder
            raise Stop(f"ODOO_HOME={home} is not Odoo 19.0.")
    raise Stop(f"ODOO_HOME={home} holds no Odoo: no odoo/release.py there.")


def _download():
    check_space()
    apt, unpacking = LOCAL / "apt", LOCAL / "odoo.partial"
    for folder in (apt, unpacking):
        shutil.rmtree(folder, ignore_errors=True)
    with step("Downloading Odoo 19"):
        environment = _private_apt(apt)
        execute(["apt-get", "update"], log=LOGS / "odoo-update.log", env=environment, advice=ADVICE)
        execute(
            ["apt-get", "download", *PACKAGES],
            log=LOGS / "odoo-download.log",
            env=environment,
            cwd=apt,
            advice=ADVICE,
        )
    with step("Unpacking Odoo 19"):
        for package in sorted(apt.glob("*.deb")):
            execute(["dpkg-deb", "--extract", package, unpacking], log=LOGS / "odoo-unpack.log")
        _mend(unpacking / "usr/lib/python3/dist-packages")
        unpacking.rename(UNPACKED)
        shutil.rmtree(apt)


def _private_apt(folder):
    """Environment of an apt of our own, which touches nothing of the machine's."""
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    keyring = next(Path("/usr/share/keyrings").glob("debian-archive-keyring.[gp][pg][gp]"), None)
    signed = f" [signed-by={keyring}]" if keyring else ""
    mirror = _debian_mirror(folder / "machine-lists")
    suites = ("sid", "bookworm")
    (folder / "sources.list").write_text("".join(f"deb{signed} {mirror} {suite} main\n" for suite in suites))
    (folder / "apt.conf").write_text(f"""\
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "{folder}/lists";
Dir::State::status "/dev/null";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
""")
    return {**os.environ, "APT_CONFIG": f"{folder}/apt.conf"}


def _debian_mirror(lists):
    """The Debian mirror that this machine uses; its lists are read anew if it keeps none."""
    command = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]
    own_lists = ["--option", f"Dir::State::lists={lists}"]
    for refresh, options in ((False, []), (True, own_lists)):
        if refresh:
            (lists / "partial").mkdir(parents=True)
            subprocess.run(
                ["apt-get", "update", *own_lists],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        for line in output_of([*command, *options]).splitlines():
            origin, _, address = line.partition(" ")
            if origin == "Debian" and "security" not in address:
                return address
    raise Stop(f"Odoo 19 comes from Debian's archive, and this machine's apt knows no Debian mirror. {ADVICE}")


def _mend(source):
    for duplicate in ("addons", "doc", "setup"):
        shutil.rmtree(source / duplicate, ignore_errors=True)
    stripped = source / STRIPPED
    stripped.parent.mkdir(parents=True, exist_ok=True)
    stripped.touch()
