"""Databases: templates that are made once, and the copies that tests write in.

A template is named after everything that went into it, so changed sources ask
for another one. The base holds the addons of others and is seldom made; the
suite is the base and our addons. Templates accept no connection.
"""

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import time
from dataclasses import dataclass

from .addons import outside_dependencies, suite_addons, test_addons
from .console import Stop, execute, step
from .odoo import Odoo
from .places import FILESTORE, LOCAL, LOGS, ROOT, lock

TEST_DEPENDENCIES = {"sale_management", "payment_demo", "l10n_fr_account"}
KEPT_TEMPLATES = 12
ARM = ROOT / "setup/lib/arm.py"

_serial = itertools.count()


@dataclass(frozen=True)
class Databases:
    """The databases that an Odoo works on."""

    odoo: Odoo

    def template(self, *, for_tests=True):
        """Name of the template with our addons, and those of the tests, made if need be."""
        addons = suite_addons() + (test_addons() if for_tests else [])
        base, dependencies = self._base_of(addons)
        states = [f"{addon.name} {addon.fingerprint}" for addon in addons]
        suite = f"template_{_digest(base, *states)}" if addons else base
        with lock("templates"):
            if not self.exists(suite):
                if not self.exists(base):
                    self._make_template(base, "Odoo's own addons", dependencies)
                if addons:
                    self._make_template(suite, "our addons", [addon.name for addon in addons], origin=base)
            for name in {base, suite} & set(self.templates()):
                self.set_note(name, time.time_ns())
            self._forget_old_templates()
        return suite

    def base(self):
        """Name of the template with the addons of others only: a database before ours come."""
        self.template()
        return self._base_of(suite_addons() + test_addons())[0]

    def _base_of(self, addons):
        dependencies = sorted(outside_dependencies(addons) | TEST_DEPENDENCIES)
        return f"template_{_digest(LOCAL, self.odoo.source, *dependencies)}", dependencies

    def _make_template(self, name, title, addons, origin=None):
        with step(f"Installing {title} in a template database"):
            self.make(name, addons, origin=origin)
            self._query("VACUUM ANALYZE", name)
        self._query(f'ALTER DATABASE "{name}" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false')

    def templates(self):
        """Names of the templates, the last used first."""
        return self._query("""
            SELECT datname FROM pg_database WHERE datistemplate AND datname LIKE 'template\\__%\\___%'
            ORDER BY shobj_description(oid, 'pg_database') DESC
        """)

    def _forget_old_templates(self):
        for name in self.templates()[KEPT_TEMPLATES:]:
            self._query(f'ALTER DATABASE "{name}" WITH IS_TEMPLATE false')
            self.drop(name)

    @contextlib.contextmanager
    def scratch(self):
        """A name for a database that lives as long as the block."""
        name = f"copy_{os.getpid()}_{next(_serial)}"
        try:
            yield name
        finally:
            self.drop(name)

    @contextlib.contextmanager
    def copy(self, origin, *, armed=True):
        """Name of a copy of a database that lives as long as the block."""
        with self.scratch() as name:
            self.clone(origin, name)
            if armed:
                self.arm(name)
            yield name

    def drop_orphans(self):
        """Drop the copies of processes that were killed before they could do it."""
        for name in self._query("SELECT datname FROM pg_database WHERE datname LIKE 'copy\\_%'"):
            try:
                os.kill(int(name.split("_")[1]), 0)
            except ProcessLookupError:
                self.drop(name)
            except PermissionError:
                pass  # another user's, and alive

    def arm(self, name):
        """Let the engine bill on this database: it refuses to on a mere copy."""
        self.odoo.run_script(name, ARM)

    def make(self, name, addons, *options, origin=None):
        """Create a database with these addons; it has its name once it is complete."""
        building = f"building_{name}"
        self.drop(building)
        if origin:
            self.clone(origin, building)
        self.install(building, addons, *options)
        self._query(f'ALTER DATABASE "{building}" RENAME TO "{name}"')
        if _filestore(building).is_dir():
            _filestore(building).rename(_filestore(name))

    def install(self, name, addons, *options, update=()):
        """Install some addons and update others, and see that all are installed."""
        options = [f"--database={name}", "--stop-after-init", "--no-http", *options]
        options += [f"--init={','.join(addons)}"] if addons else []
        options += [f"--update={','.join(update)}"] if update else []
        execute(self.odoo.command(*options), log=_log(name), env=self.odoo.variables())
        if missing := {*addons, *update} - self.installed(name):
            raise Stop(f"Odoo did not install {', '.join(sorted(missing))}. See {_log(name)}")

    def installed(self, name):
        """Names of the addons that are installed in a database."""
        return set(self._query("SELECT name FROM ir_module_module WHERE state = 'installed'", name))

    def clone(self, origin, name):
        self._run("createdb", f"--template={origin}", name)
        if _filestore(origin).is_dir():
            shutil.copytree(_filestore(origin), _filestore(name), copy_function=os.link, dirs_exist_ok=True)

    def drop(self, name):
        self._run("dropdb", "--if-exists", "--force", name)
        shutil.rmtree(_filestore(name), ignore_errors=True)
        _log(name).unlink(missing_ok=True)

    def exists(self, name):
        return bool(self._query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))

    def note(self, name):
        """What was noted about a database; a copy of it starts without."""
        comment = f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'"
        return json.loads("".join(self._query(comment)) or "null")

    def set_note(self, name, note):
        self._query(f"""COMMENT ON DATABASE "{name}" IS '{json.dumps(note)}'""")

    def _query(self, statement, database="postgres"):
        return self.odoo.server.query(statement, database)

    def _run(self, program, *arguments):
        return self.odoo.server.run(program, *arguments)


def _digest(*ingredients):
    return hashlib.sha256("\0".join(map(str, ingredients)).encode()).hexdigest()[:12]


def _filestore(name):
    return FILESTORE / name


def _log(name):
    return LOGS / f"install-{name.removeprefix('building_')}.log"
