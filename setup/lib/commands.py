"""The commands: run, test, bench, odoo. Each prepares what it needs, once."""

import argparse
import errno
import itertools
import os
import signal
import socket
import sys
from pathlib import Path

from environment import postgres, prepare
from environment.addons import companions, suite_addons
from environment.console import DISK_FULL, Stop, say, step
from environment.machine import disk_is_full
from environment.places import LOCAL, ROOT

SETUP = ROOT / "setup"
BENCHMARKS = SETUP / "benchmarks"
DEMO_ADDONS = ("payment_demo",)  # a provider without money, for cards that are charged
FIRST_PORT = 8069
PORTS_TRIED = 50
TEST_HELP = """\
setup/test [PATHS] [--long] [pytest arguments]

PATHS are files, folders, `file::Class::test`, or names of addons, also of Odoo's own.
Without any: the whole suite. --long draws more of the same examples.
Environment: ODOO_HOME, PGHOST, PGPORT, PGUSER, PGPASSWORD."""


def run(arguments):
    """Install, bill the demo contracts and serve."""
    parser = argparse.ArgumentParser(
        prog="setup/run",
        description="Install the addons with demo data, bill the demo contracts and serve Odoo.",
        epilog="Environment: DB_NAME (subscriptions), HTTP_PORT (the first free one from 8069), "
        "HTTP_INTERFACE (127.0.0.1), ODOO_HOME, PGHOST, PGPORT, PGUSER, PGPASSWORD.",
    )
    parser.add_argument("--once", action="store_true", help="do all but serve")
    parser.add_argument("--stop", action="store_true", help="only stop the private database server")
    options = parser.parse_args(arguments)
    if options.stop:
        return postgres.stop()

    port = None if options.once else _http_port()
    name = os.environ.get("DB_NAME", "subscriptions")
    databases = prepare()
    _install_demo(databases, name)
    if suite_addons():
        databases.odoo.run_script(name, SETUP / "bill_demo.py")
    if options.once:
        return None
    say(f"\nOdoo is at http://localhost:{port} (login admin, password admin). Ctrl-C ends it.\n")
    odoo = databases.odoo
    command = odoo.command(f"--database={name}", f"--db-filter=^{name}$", f"--http-port={port}", "--log-level=warn")
    os.execve(command[0], command, odoo.variables())


def _install_demo(databases, name):
    """Bring the database to the present state of the sources."""
    ours = {addon.name: addon.fingerprint for addon in suite_addons()}
    wanted = {**ours, **companions()} if ours else {"sale_management": "as it is"}
    wanted |= dict.fromkeys(DEMO_ADDONS, "as it is")
    if not databases.exists(name):
        _make_demo(databases, name, wanted)
    else:
        installed = databases.installed(name)
        known = databases.note(name) or {}
        new = [addon for addon in wanted if addon not in installed]
        changed = [addon for addon in wanted if addon in installed and known.get(addon) != wanted[addon]]
        if new or changed:
            with step(f"Updating {', '.join(new + changed)}"):
                databases.install(name, new, "--with-demo", update=changed)
    databases.set_note(name, wanted)


def _make_demo(databases, name, addons):
    """Odoo's demo data tells of an American company: it moves to France before ours come."""
    with databases.scratch() as french:
        with step("Installing the demo data of Odoo, in France"):
            databases.install(french, ["l10n_fr_account"], "--with-demo")
            databases.odoo.run_script(french, SETUP / "french_company.py")
        with step(f"Installing {', '.join(addons)} with demo data"):
            databases.make(name, [*addons], "--load-language=en_US,fr_FR", origin=french)


def _http_port():
    """The port that was asked for, or the first free one."""
    asked = os.environ.get("HTTP_PORT", "")
    if asked and not (asked.isdecimal() and 0 < int(asked) < 65536):
        raise Stop(f"HTTP_PORT={asked} is not a port: name a number, as in HTTP_PORT={FIRST_PORT} setup/run")
    candidates = [int(asked)] if asked else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((os.environ.get("HTTP_INTERFACE", "127.0.0.1"), port))
            except OSError:
                continue
            return port
    raise Stop(f"Port {candidates[0]} is taken. Name another one: HTTP_PORT={candidates[-1] + 1} setup/run")


def test(arguments):
    """Run pytest on everything, or on what is named first."""
    if {"-h", "--help"} & {*arguments}:
        return print(TEST_HELP)
    variables = {"HYPOTHESIS_STORAGE_DIRECTORY": str(LOCAL / "hypothesis")}
    if "--long" in arguments:
        arguments = [argument for argument in arguments if argument != "--long"]
        variables["LONG"] = "1"
    named = [*itertools.takewhile(lambda argument: not argument.startswith("-"), arguments)]
    options = arguments[len(named) :]

    databases = prepare(browser=True)
    paths = [_test_path(name, databases.odoo) for name in named]
    if not paths:
        paths = [ROOT / "tests", *_addon_tests()]
        if os.cpu_count() > 1:
            options = ["--numprocesses=2", "--dist=loadfile", *options]
    pytest = [databases.odoo.python, "-m", "pytest", f"--config-file={ROOT / 'pyproject.toml'}", f"--rootdir={ROOT}"]
    if not any(map(_needs_odoo, paths)):
        return databases.odoo.run([*pytest, "-p", "no:odoo", *paths, *options], variables)

    variables["SUITE_TEMPLATE"] = template = databases.template()
    with databases.copy(template, armed=False) as name:
        if missing := {*filter(None, map(_addon_of, paths))} - databases.installed(name):
            with step(f"Installing {', '.join(sorted(missing))}"):
                databases.install(name, sorted(missing))
        plugins = ["-p", "environment.arming", f"--odoo-database={name}", "--odoo-http"]
        return databases.odoo.run([*pytest, *plugins, *paths, *options], variables)


def _addon_tests():
    folders = [addon.folder / "tests" for addon in suite_addons()]
    return [folder for folder in folders if folder.is_dir()]


def _test_path(name, odoo):
    """A path as given, or the tests of the addon of that name; `::test` may follow."""
    path, *test = name.split("::")
    candidates = [Path(path), *(folder / path / "tests" for folder in [ROOT, *odoo.standard_addons])]
    for candidate in candidates:
        if candidate.exists():
            return "::".join([str(candidate.resolve()), *test])
    raise Stop(f"{name} is neither a path nor an addon with tests.")


def _needs_odoo(path):
    """Whether a test belongs to an addon, or a folder holds such tests."""
    return _addon_of(path) or any(Path(path).rglob("__manifest__.py"))


def _addon_of(path):
    """Name of the addon that holds a test, or None for the tests without Odoo."""
    folder = Path(str(path).partition("::")[0])
    for parent in (folder, *folder.parents):
        if (parent / "__manifest__.py").is_file():
            return parent.name
    return None


def bench(arguments):
    """Run a benchmark on a database of its own, or list them."""
    scripts = {path.stem: path for path in sorted(BENCHMARKS.glob("[!_]*.py"))}
    if not arguments or arguments[0] not in scripts:
        listing = "".join(f"\n  {name}" for name in scripts) or " none yet"
        message = f"setup/bench NAME [options]. Benchmarks:{listing}"
        if arguments and not arguments[0].startswith("-"):
            raise Stop(f"There is no benchmark {arguments[0]}. {message}")
        return print(message)
    name, *options = arguments
    databases = prepare()
    with databases.copy(databases.template(for_tests=False)) as scratch:
        return databases.odoo.run(databases.odoo.script_command(scratch, scripts[name], *options))


def odoo(arguments):
    """Odoo's own command line."""
    odoo = prepare().odoo
    command = odoo.command(*arguments)
    os.execve(command[0], command, odoo.variables())


COMMANDS = {command.__name__: command for command in (run, test, bench, odoo)}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # leave no database behind
    try:
        return COMMANDS[sys.argv[1]](sys.argv[2:])
    except Stop as stop:
        say(str(stop))
        if disk_is_full():
            say(DISK_FULL)
        return 1
    except KeyboardInterrupt:
        return 130
    except PermissionError as error:
        say(f"{error}. If another user made {LOCAL}, continue as that user, or remove it.")
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        say(DISK_FULL)
        return 1


if __name__ == "__main__":
    sys.exit(main())
