"""What setup promises beside the happy path, which every other test walks."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import commands
import pytest
from environment import postgres
from environment.addons import Addon, outside_dependencies
from environment.console import Stop

SETUP = Path(__file__).parents[2] / "setup"


@pytest.fixture
def addon(tmp_path):
    folder = tmp_path / "sample"
    for name, text in {
        "__manifest__.py": "{'depends': ['sale', 'sibling']}",
        "models/thing.py": "x = 1",
        "tests/test_thing.py": "assert x",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Addon(folder)


def test_an_addon_changes_with_its_sources_and_not_with_its_tests(addon):
    before = addon.fingerprint
    (addon.folder / "tests/test_thing.py").write_text("assert not x")
    assert addon.fingerprint == before
    (addon.folder / "models/thing.py").write_text("x = 2")
    assert addon.fingerprint != before


def test_siblings_are_no_outside_dependency(addon):
    sibling = Addon(addon.folder.parent / "sibling")
    sibling.folder.mkdir()
    (sibling.folder / "__manifest__.py").write_text("{'depends': ['account']}")
    assert outside_dependencies([addon, sibling]) == {"sale", "account"}


@pytest.mark.parametrize(("length", "over_socket"), [(20, True), (150, False)])
def test_a_path_too_long_for_a_socket_is_served_on_a_port(monkeypatch, length, over_socket):
    monkeypatch.setattr(postgres, "FOLDER", Path("/" + "x" * length))
    options = postgres._options()
    assert ("--listen_addresses=localhost" not in options) == over_socket
    assert ("--port=5432" in options) == over_socket


def test_a_taken_port_is_named(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("HTTP_PORT", str(port))
        with pytest.raises(Stop, match=f"Port {port} is taken.*HTTP_PORT={port + 1} setup/run"):
            commands._http_port()


def test_without_a_port_the_next_free_one_serves(monkeypatch):
    monkeypatch.delenv("HTTP_PORT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(commands, "FIRST_PORT", port)
        assert commands._http_port() > port


def test_a_folder_without_odoo_is_refused(tmp_path):
    refusal = _run(SETUP / "odoo", "--version", ODOO_HOME=str(tmp_path))
    assert refusal.returncode == 1
    assert "holds no Odoo" in refusal.stderr


def test_a_machine_without_python_is_told_what_to_install(tmp_path):
    for program in ("bash", "dirname", "env"):
        (tmp_path / program).symlink_to(shutil.which(program))
    refusal = _run(SETUP / "run", "--once", PATH=str(tmp_path), PYTHON="")
    assert refusal.returncode == 1
    assert "Python 3.10 to 3.13" in refusal.stderr


@pytest.mark.parametrize(
    ("translation", "complaint"),
    [
        ('msgid "%(count)s lines"\nmsgstr "%(count)s lignes"', ""),
        ('msgid "Hello"\nmsgstr ""', "untranslated"),
        ('#, fuzzy\nmsgid "Hello"\nmsgstr "Bonjour"', "fuzzy"),
        ('msgid "%(count)s lines"\nmsgstr "%(nombre)s lignes"', "other placeholders"),
        ('msgid "Hi"\nmsgstr "Salut"\n\nmsgid "Hi"\nmsgstr "Ho"', "twice"),
    ],
)
def test_translations_are_complete(tmp_path, translation, complaint):
    file = tmp_path / "fr.po"
    file.write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n{translation}\n')
    check = _run(sys.executable, SETUP / "check_po.py", file)
    assert check.returncode == bool(complaint)
    assert complaint in check.stdout


def _run(*command, **variables):
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True)
