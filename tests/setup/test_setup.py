"""What setup promises beside the happy path, which every other test walks."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import commands
import pytest
from environment import machine, postgres
from environment.addons import Addon, outside_dependencies
from environment.console import Stop, execute

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


@pytest.mark.parametrize("port", ["http", "-1", "0", "65536"])
def test_what_is_no_port_is_refused(monkeypatch, port):
    monkeypatch.setenv("HTTP_PORT", port)
    with pytest.raises(Stop, match=f"HTTP_PORT={port} is not a port"):
        commands._http_port()


def test_without_a_port_the_next_free_one_serves(monkeypatch):
    monkeypatch.delenv("HTTP_PORT", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(commands, "FIRST_PORT", port)
        assert commands._http_port() > port


@pytest.mark.parametrize(
    ("path", "needs_odoo"),
    [
        ("tests/core", False),
        ("tests/core/test_money.py::test_x", False),
        ("tests/addons", True),
        ("subscription_billing/tests/test_engine.py::TestEngine", True),
    ],
)
def test_tests_of_addons_run_with_odoo(path, needs_odoo):
    assert bool(commands._needs_odoo(SETUP.parent / path)) == needs_odoo


def test_a_folder_without_odoo_is_refused(tmp_path):
    refusal = _run(SETUP / "odoo", "--version", ODOO_HOME=str(tmp_path))
    assert refusal.returncode == 1
    assert "holds no Odoo" in refusal.stderr


@pytest.mark.parametrize(
    ("python", "found"), [("", "no python3"), ("[[ $1 == --version ]] && echo Python 3.9.2", "Python 3.9.2")]
)
def test_a_machine_without_the_right_python_is_told_what_to_install(tmp_path, python, found):
    for program in ("bash", "dirname", "env"):
        (tmp_path / program).symlink_to(shutil.which(program))
    if python:
        (tmp_path / "python3").write_text(f"#!{shutil.which('bash')}\n{python}\n")
        (tmp_path / "python3").chmod(0o755)
    refusal = _run(SETUP / "run", "--once", PATH=str(tmp_path), PYTHON="")
    assert refusal.returncode == 1
    assert "Python 3.10 to 3.13" in refusal.stderr
    assert found in refusal.stderr
    assert "PYTHON=/path/to/python3.12 setup/run" in refusal.stderr


@pytest.mark.parametrize(("server", "package"), [(True, "postgresql"), (False, "postgresql-client")])
def test_missing_programs_are_named(monkeypatch, server, package):
    monkeypatch.setattr(machine, "postgresql_programs", lambda: None)
    monkeypatch.setattr(machine.ctypes.util, "find_library", lambda name: "found")
    monkeypatch.setattr(shutil, "which", lambda program: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Stop, match=f"sudo apt-get install wkhtmltopdf {package} chromium$"):
        machine.install_missing(server=server, browser=True)


@pytest.mark.parametrize("is_full", [True, False])
def test_whatever_fails_on_a_full_disk_says_so(monkeypatch, capsys, is_full):
    def fail(arguments):
        raise Stop("The server went away.")

    free = shutil.disk_usage("/")._replace(free=10**7 if is_full else 10**10)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: free)
    monkeypatch.setitem(commands.COMMANDS, "run", fail)
    monkeypatch.setattr(sys, "argv", ["commands.py", "run"])
    assert commands.main() == 1
    assert ("The disk is full. Free some space" in capsys.readouterr().err) == is_full


def test_a_program_that_meets_a_full_disk_says_so(tmp_path):
    with pytest.raises(Stop, match="The disk is full. Free some space"):
        execute(["sh", "-c", "echo No space left on device; exit 1"], log=tmp_path / "log")


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
