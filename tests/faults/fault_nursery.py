"""A process that has Odoo's registry loaded and forks real billing processes from it.

    python fault_nursery.py DATABASE

It reads one JSON command a line and answers each with one line:

- ``spawn``: fork a process that runs one of ``JOBS`` under some of ``FAULTS``; answers its pid;
- ``read``: wait for its next words, which are ``{"paused": true}`` where a fault makes it wait;
- ``resume``: let it go on;
- ``join``: wait for its end; answers the signal that killed it, its error, its result, its last words.

A child has its own connections and commits for good. Loading Odoo takes seconds and
forking milliseconds, so that a thousand processes can be killed in a few minutes.
"""

import gc
import json
import logging
import os
import sys
import threading

from fault_injection import FAULTS
from fault_jobs import JOBS
from freezegun import freeze_time
from year_jobs import YEAR_JOBS

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config


class Child:
    """A forked process, seen by the nursery: words come in, leaves to go on go out."""

    def __init__(self, pid, words, gate):
        self.pid, self.words, self.gate = pid, words, gate

    def read(self):
        """The next thing that the child says, or None when it is gone."""
        line = self.words.readline()
        return json.loads(line) if line else None

    def join(self):
        """Everything it still says, until its end."""
        said = {}
        while (words := self.read()) is not None:
            said.update(words)
        _pid, status = os.waitpid(self.pid, 0)
        self.words.close()
        os.close(self.gate)
        return {**said, "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None}


class Inside:
    """The same, seen by the child."""

    def __init__(self, words, gate):
        self.words, self.gate = words, gate

    def say(self, **words):
        os.write(self.words, (json.dumps(words) + "\n").encode())

    def pause(self):
        self.say(paused=True)
        os.read(self.gate, 1)


def spawn(database, job, arguments, faults):
    words_read, words_write = os.pipe()
    gate_read, gate_write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(words_write)
        os.close(gate_read)
        return Child(pid, os.fdopen(words_read), gate_write)
    status = 1
    try:
        live(database, job, arguments, faults, Inside(words_write, gate_read))
        status = 0
    finally:
        os._exit(status)


def live(database, job, arguments, faults, inside):
    """The life of a child: one job on one connection, under some faults."""
    try:
        with Registry(database).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            for fault in faults:
                FAULTS[fault.pop("kind")](env, inside, **fault)
            inside.say(result=(JOBS | YEAR_JOBS)[job](env, **arguments))
    except Exception as error:  # noqa: BLE001  whatever it is, the test wants to know
        inside.say(error=type(error).__name__, message=str(error))


def main(database):
    config.parse_config([f"--database={database}", "--no-http", "--log-level=warn"], setup_logging=True)
    logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)  # failing statements are what is tested
    server.load_server_wide_modules()
    threading.current_thread().dbname = database
    Registry(database)
    sql_db.close_all()
    with freeze_time():  # what it finds out about modules is inherited by each child
        pass
    gc.freeze()
    children = {}
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        match command.pop("do"):
            case "spawn":
                child = spawn(database, **command)
                children[child.pid] = child
                answer = child.pid
            case "read":
                answer = children[command["pid"]].read()
            case "resume":
                answer = os.write(children[command["pid"]].gate, b".")
            case "join":
                answer = children.pop(command["pid"]).join()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
