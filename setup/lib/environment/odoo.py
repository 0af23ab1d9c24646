"""Odoo's configuration file and Odoo's processes."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .addons import suite_addons
from .console import Stop
from .places import LOCAL, NEIGHBOURS, ROOT, TEST_ADDONS
from .postgres import Server

SCRIPT = ROOT / "setup/lib/script.py"


@dataclass(frozen=True)
class Odoo:
    """An Odoo that can be run: its source, its Python and its database server."""

    source: Path
    python: Path
    server: Server

    @property
    def standard_addons(self):
        """The folders of Odoo's own addons: a package has one, a checkout keeps most of them apart."""
        base = self.source / "odoo/addons"
        return [base] if (base / "web").is_dir() else [base, self.source / "addons"]

    @property
    def configuration(self):
        return LOCAL / "odoo.conf"

    def configure(self):
        """Write the configuration file, for these commands and for people's own."""
        addons_path = self.standard_addons
        addons_path += [ROOT] if suite_addons() else []
        addons_path += [folder for folder in (TEST_ADDONS, NEIGHBOURS) if any(folder.glob("*/__manifest__.py"))]
        settings = {
            "addons_path": ",".join(map(str, addons_path)),
            "data_dir": LOCAL / "data",
            "db_host": self.server.host,
            "db_port": self.server.port,
            "db_user": self.server.user,
            "db_password": self.server.password,
            "http_interface": os.environ.get("HTTP_INTERFACE", "127.0.0.1"),
            "screenshots": LOCAL / "screenshots",
        }
        text = "[options]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())
        if not self.configuration.is_file() or self.configuration.read_text() != text:
            self.configuration.touch(mode=0o600)
            self.configuration.write_text(text)

    def variables(self):
        """The environment of every process that runs Odoo or its tests."""
        return {**os.environ, **self.server.variables(), "ODOO_RC": str(self.configuration)}

    def command(self, *arguments):
        """Odoo's command line."""
        return [str(self.python), "-m", "odoo", *map(str, arguments)]

    def script_command(self, database, script, *arguments):
        """A Python file that finds `env`, as in Odoo's shell, and its own arguments."""
        return [str(self.python), str(SCRIPT), database, str(script), *map(str, arguments)]

    def start(self, command, variables=(), **options):
        """Start a command in this environment as a process of its own."""
        return subprocess.Popen(command, env={**self.variables(), **dict(variables)}, **options)

    def run(self, command, variables=()):
        """Run a command in this environment and return its status; it ends when we are ended."""
        with self.start(command, variables) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:
                return process.wait()  # the terminal interrupted it too
            except SystemExit:
                process.terminate()
                raise

    def run_script(self, database, script, *arguments):
        """Run a Python file to its end."""
        status = self.run(self.script_command(database, script, *arguments))
        if status:
            raise Stop(f"{Path(script).name} failed on the database {database} (status {status}).")

    def run_code(self, database, code):
        """Run Python code with `env`, and return what it printed."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with self.start(self.script_command(database, "/dev/stdin"), **pipes) as process:
            output, errors = process.communicate(code)
        if process.returncode:
            raise Stop(f"Odoo failed on the database {database} (status {process.returncode}):\n{errors}")
        return output
