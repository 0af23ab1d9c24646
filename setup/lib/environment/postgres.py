"""A PostgreSQL server of this checkout's own, or the one named by PGHOST.

The private server listens on a socket beside its data, so that two checkouts
never meet; where the path is too long for a socket, on a free local port and
behind a password. It keeps running between commands. It holds databases that
setup can make again, so it trades durability for speed.
"""

import os
import pwd
import secrets
import shlex
import socket
import subprocess
from dataclasses import dataclass

from .console import Stop, execute, output_of, step
from .machine import postgresql_programs
from .places import LOCAL, LOGS

FOLDER = LOCAL / "postgres"
DATA = FOLDER / "data"
PASSWORD = FOLDER / "password"
ADVICE = f"The server's own log is {FOLDER / 'log'}. Without {FOLDER} a new one is made, with new databases."
LONGEST_SOCKET = 107
SETTINGS = {
    "max_connections": 200,
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
}


@dataclass(frozen=True)
class Server:
    """How to reach a PostgreSQL server."""

    host: str
    port: str
    user: str
    password: str = ""

    def variables(self):
        """The environment variables that libpq and Odoo both read."""
        variables = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user}
        if self.password:
            variables["PGPASSWORD"] = self.password
        if programs := postgresql_programs():
            variables["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
        return variables

    def run(self, program, *arguments):
        """Run one of PostgreSQL's client programs and return its output lines."""
        result = subprocess.run(
            [program, *arguments],
            env={**os.environ, **self.variables()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise Stop(f"{program} failed on the database server {self.host}:{self.port}: {result.stderr.strip()}")
        return result.stdout.splitlines()

    def query(self, statement, database="postgres"):
        """Rows of a statement, one line each."""
        arguments = ("--no-psqlrc", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
        return self.run("psql", *arguments, f"--dbname={database}", f"--command={statement}")


def private():
    """Whether the server is our own affair."""
    return "PGHOST" not in os.environ


def database_server():
    """A server that answers and has what the addons need."""
    if private():
        server = _private_server()
    else:
        user = os.environ.get("PGUSER") or pwd.getpwuid(os.geteuid()).pw_name
        port, password = os.environ.get("PGPORT", "5432"), os.environ.get("PGPASSWORD", "")
        server = Server(os.environ["PGHOST"], port, user, password)
    if not server.query("SELECT 1 FROM pg_available_extensions WHERE name = 'btree_gist'"):
        raise Stop("PostgreSQL lacks its extension btree_gist: install the package postgresql-contrib.")
    return server


def stop():
    """Stop the private server, if it runs."""
    if _running():
        execute(_as_owner(_program("pg_ctl"), "stop", "--pgdata", DATA), log=LOGS / "postgres-stop.log")


def _private_server():
    if server := _running():
        return server
    if not (DATA / "PG_VERSION").is_file():
        with step("Creating the database server"):
            _initialise()
    with step("Starting the database server"):
        execute(
            _as_owner(_program("pg_ctl"), "start", "--wait", "--pgdata", DATA, "--log", FOLDER / "log")
            + ["--options", _options()],
            log=LOGS / "postgres-start.log",
            advice=ADVICE,
        )
    return _running()


def _running():
    """The private server as its own lock file describes it, if it answers."""
    try:
        lines = (DATA / "postmaster.pid").read_text().splitlines()
        data, port, folder, address = lines[1], lines[3], lines[4], lines[5]
        server = Server(folder or address, port, "odoo", PASSWORD.read_text())
    except (OSError, IndexError):
        return None
    if data != str(DATA):
        return None  # the checkout was copied from another one
    answers = output_of([_program("pg_isready"), f"--host={server.host}", f"--port={server.port}"])
    return server if answers else None


def _initialise():
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    PASSWORD.write_text(secrets.token_urlsafe())
    PASSWORD.chmod(0o600)
    if os.geteuid() == 0:
        for path in (FOLDER, PASSWORD):
            os.chown(path, *_owner())
    execute(
        _as_owner(_program("initdb"), "--pgdata", DATA, "--username=odoo", "--pwfile", PASSWORD)
        + ["--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256"],
        log=LOGS / "postgres-init.log",
        advice=ADVICE,
    )


def _options():
    if len(os.fsencode(FOLDER / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
        places = {"unix_socket_directories": FOLDER, "listen_addresses": "", "port": 5432}
    else:
        with socket.create_server(("localhost", 0)) as probe:
            port = probe.getsockname()[1]
        places = {"unix_socket_directories": "", "listen_addresses": "localhost", "port": port}
    return " ".join(shlex.quote(f"--{name}={value}") for name, value in {**SETTINGS, **places}.items())


def _program(name):
    return postgresql_programs() / name


def _owner():
    account = pwd.getpwnam("postgres")
    return account.pw_uid, account.pw_gid


def _as_owner(*command):
    """The command, run as the user who owns the server: PostgreSQL refuses root."""
    if os.geteuid():
        return list(command)
    user, group = map(str, _owner())
    switch = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    reaches = subprocess.run([*switch, "test", "-x", FOLDER], stderr=subprocess.DEVNULL).returncode == 0
    if not reaches:  # a parent such as /root is closed to others: let this one process through
        switch += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [*switch, *command]
