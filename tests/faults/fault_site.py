"""A database with contracts to bill, the processes that bill it, and what must be true of it afterwards."""

import json
import select
import subprocess
import time
from contextlib import closing
from pathlib import Path

import psycopg2
from environment.places import LOGS
from psycopg2.extras import NamedTupleCursor

HERE = Path(__file__).parent
PATIENCE = 300  # seconds, on a busy machine
DROP_GUARDS = """
    ALTER TABLE subscription_period DROP CONSTRAINT subscription_period_billed_once;
    ALTER TABLE subscription_line DROP CONSTRAINT subscription_line_chain_disjoint;
    DROP INDEX subscription_period_billed_once_start
"""

LEDGER = """
    SELECT contract.external_id AS contract, line.name AS line, period.date_start, period.date_stop, period.amount,
           period.amount_invoiced, period.quantity, period.state, move.state AS invoice_state, move.amount_total
      FROM subscription_period period
      JOIN subscription_contract contract ON contract.id = period.contract_id
      JOIN subscription_line line ON line.id = period.line_id
 LEFT JOIN account_move_line item ON item.id = period.move_line_id
 LEFT JOIN account_move move ON move.id = item.move_id
  ORDER BY contract.external_id, line.name, period.date_start
"""
# each of these finds what must not exist on a database that nobody but the engine bills: beside the addon's invariants
FAULTS = {
    "two rows on one invoice line": """
        SELECT move_line_id FROM subscription_period WHERE move_line_id IS NOT NULL
         GROUP BY move_line_id HAVING count(*) > 1""",
    "an invoice left unposted": """
        SELECT move.id FROM account_move move
          JOIN account_move_line item ON item.move_id = move.id
          JOIN subscription_line line ON line.id = item.subscription_line_id
          JOIN subscription_contract contract ON contract.id = line.contract_id
         WHERE move.state <> 'posted' AND contract.invoicing_mode <> 'draft'""",
    "a gap in the numbers": """
        SELECT journal_id, sequence_prefix, count(*), min(sequence_number) AS first, max(sequence_number) AS last
          FROM account_move WHERE state = 'posted' GROUP BY journal_id, sequence_prefix
        HAVING min(sequence_number) <> 1 OR max(sequence_number) <> count(*)""",
}


class Site:
    """A database that is made anew from its origin for each test, and its processes."""

    def __init__(self, databases, origin, name):
        self.databases, self.origin, self.name = databases, origin, name
        self._log = LOGS / f"{name}.log"
        self._nursery = None

    def reset(self):
        """The contracts as they were made, nothing billed; armed, as this very database."""
        self.databases.drop(self.name)
        self.databases.clone(self.origin, self.name)
        self._start_nursery()
        self.run("arm")

    def _start_nursery(self):
        """Odoo's test classes end every process that they find running beside them: start it again."""
        if self._nursery and self._nursery.poll() is None:
            return
        command = [str(self.databases.odoo.python), str(HERE / "fault_nursery.py"), self.name]
        with self._log.open("wb") as log:
            self._nursery = self.databases.odoo.start(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._answer() == "ready"

    def close(self):
        if self._nursery:
            self._nursery.kill()
            self._nursery.wait(PATIENCE)
            self._log.unlink()

    # processes

    def spawn(self, job, *faults, **arguments):
        """Start a process that does a job of ``fault_jobs`` under faults of ``fault_injection``; its pid."""
        faults = [{"kind": fault} if isinstance(fault, str) else fault for fault in faults]
        return self._ask(do="spawn", job=job, arguments=arguments, faults=faults)

    def read(self, pid):
        """The next words of a process, ``{"paused": True}`` at a pause."""
        return self._ask(do="read", pid=pid)

    def wait_for_pause(self, pid):
        words = self.read(pid)
        assert words == {"paused": True}, words

    def resume(self, pid):
        self._ask(do="resume", pid=pid)

    def join(self, pid):
        """How a process ended: ``signal``, ``error`` and ``message``, ``result``, and its last words."""
        return self._ask(do="join", pid=pid)

    def outcome(self, job, *faults, **arguments):
        return self.join(self.spawn(job, *faults, **arguments))

    def run(self, job, *faults, **arguments):
        """The result of a process that must end well."""
        outcome = self.outcome(job, *faults, **arguments)
        assert "error" not in outcome and not outcome["signal"], outcome
        return outcome["result"]

    def _ask(self, **command):
        self._nursery.stdin.write(json.dumps(command) + "\n")
        self._nursery.stdin.flush()
        return self._answer()

    def _answer(self):
        is_there, _writable, _failed = select.select([self._nursery.stdout], [], [], PATIENCE)
        line = self._nursery.stdout.readline() if is_there else ""
        if not line:
            self._nursery.kill()
        assert line, f"The nursery says nothing any more: {self._log.read_text()}"
        return json.loads(line)

    def wait_for_lock(self):
        """Until a process waits for what another one holds."""
        for _second in range(PATIENCE):
            [[waiting]] = self.query(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if waiting:
                return
            time.sleep(0.2)
        raise AssertionError("No process waits for another one.")

    # what is in the database

    def connect(self):
        server = self.databases.odoo.server
        return psycopg2.connect(
            dbname=self.name, host=server.host, port=server.port, user=server.user, password=server.password
        )

    def query(self, statement, parameters=None):
        """Rows of a statement; what it changes is committed."""
        with (
            closing(self.connect()) as connection,
            connection,
            connection.cursor(cursor_factory=NamedTupleCursor) as cursor,
        ):
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def ledger(self):
        return self.query(LEDGER)

    def count_due(self):
        [[count]] = self.query(
            "SELECT count(*) FROM subscription_contract "
            "WHERE next_billing_date <= current_date AND next_attempt IS NULL"
        )
        return count

    def count_invoices(self):
        [[count]] = self.query(
            "SELECT count(DISTINCT move_id) FROM account_move_line WHERE subscription_line_id IS NOT NULL"
        )
        return count

    def drop_constraints(self):
        """What an upgrade over dirty data does silently."""
        self.query(DROP_GUARDS)

    def faults(self):
        """What is wrong in the database; empty on a good day, and on a bad one."""
        found = {title: rows for title, query in FAULTS.items() if (rows := self.query(query))}
        if gaps := [name for name, _reason in self.run("gaps")]:
            found["a day that nobody billed"] = gaps
        for code, *difference in self.run("differences"):
            found.setdefault(code, []).append(difference)
        return found
