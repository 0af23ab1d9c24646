"""What may go wrong in a forked process. Each fault patches the process it is in.

Points of the engine where a fault strikes: ``lock``, ``preview``, ``create``, ``period``,
``refresh``, ``post``, ``commit``; of the outbox: ``claim``, ``mail``, ``mailed``, ``ask``,
``processed``, ``settle``, ``conclude``.
"""

import builtins
import functools
import os
import signal
import sys
from datetime import datetime

import psycopg2
from freezegun import freeze_time
from psycopg2 import errors

from odoo import sql_db

METHODS = {
    "lock": ("subscription.contract", "_try_lock"),
    "preview": ("subscription.engine", "_proposals"),
    "create": ("account.move", "create"),
    "period": ("subscription.period", "create"),
    "refresh": ("subscription.engine", "_refresh"),
    "post": ("account.move", "_post"),
    "mail": ("mail.mail", "send"),
    "mailed": ("mail.mail", "_postprocess_sent_message"),
    "claim": ("subscription.outbox", "_claim"),
    "conclude": ("subscription.outbox", "_conclude"),
    "ask": ("subscription.charge.attempt", "_ask"),
    "processed": ("payment.transaction", "_process"),
    "settle": ("subscription.outbox", "_settle"),
}


def _around(env, at, before):
    """Call ``before(contracts)`` each time the process comes to a point."""
    if at == "commit":
        owner, name = sql_db.Cursor, "commit"
    else:
        model, name = METHODS[at]
        owner = env.registry[model]
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(self, *args, **kwargs):
        before(_contracts(env, at, self, args))
        return original(self, *args, **kwargs)

    setattr(owner, name, method)


def _contracts(env, at, records, args):
    """The contracts that a point is about, where it says so."""
    if at == "lock":
        return records
    if at in ("preview", "refresh"):
        return args[0]
    if at == "period":
        return env["subscription.contract"].browse({values["contract_id"] for values in args[0]})
    if at == "post":
        return records.subscription_contract_ids
    return env["subscription.contract"]


def pause(env, inside, at, times=1):
    """Wait at a point until the test lets the process go on."""
    left = [times]

    def before(_contracts):
        if left[0]:
            left[0] -= 1
            inside.pause()

    _around(env, at, before)


def start(env, inside):
    """Wait before the job begins."""
    inside.pause()


def fail(env, inside, at, error, times=1, references=()):
    """Raise an error at a point, the first times it is reached; for some contracts only if they are named."""
    left = [times]
    error_class = getattr(errors, error, None) or getattr(builtins, error)

    def before(contracts):
        if left[0] and (not references or set(references) & set(contracts.mapped("external_id"))):
            left[0] -= 1
            raise error_class(f"injected at {at}")

    _around(env, at, before)


class _Countdown:
    """Counts the statements of the process, and what they have written since the last commit."""

    def __init__(self, after, strike):
        self.after, self.strike = after, strike
        self.statements = self.commits = 0
        self.has_begun = False

    def install(self):
        execute, commit = sql_db.Cursor.execute, sql_db.Cursor.commit

        def counted_execute(cursor, query, params=None, log_exceptions=True):
            self.tick(cursor)
            execute(cursor, query, params, log_exceptions)
            text = getattr(query, "code", query)
            if isinstance(text, str) and text.startswith('INSERT INTO "account_move"'):
                self.has_begun = True

        def counted_commit(cursor):
            cursor.flush()
            self.tick(cursor)
            commit(cursor)
            self.commits += 1
            self.has_begun = False
            self.tick(cursor)

        sql_db.Cursor.execute, sql_db.Cursor.commit = counted_execute, counted_commit

    def tick(self, cursor):
        self.statements += 1
        if self.statements == self.after:
            self.strike(cursor, self)


def kill_at(env, inside, at):
    """SIGKILL the first time a point is reached."""
    _around(env, at, lambda _contracts: os.kill(os.getpid(), signal.SIGKILL))


def kill(env, inside, after):
    """SIGKILL before statement number ``after``; commits count as statements."""

    def strike(_cursor, countdown):
        inside.say(statement=countdown.statements, commits=countdown.commits, has_begun=countdown.has_begun)
        os.kill(os.getpid(), signal.SIGKILL)

    _Countdown(after, strike).install()


def terminate(env, inside, after):
    """The database server ends the connection before statement number ``after``."""

    def strike(cursor, countdown):
        inside.say(statement=countdown.statements, commits=countdown.commits, has_begun=countdown.has_begun)
        with psycopg2.connect(dbname=cursor.dbname, **_server()) as other, other.cursor() as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [cursor.connection.info.backend_pid])

    _Countdown(after, strike).install()


def impatient(env, inside, timeout):
    """Wait for the rows of others no longer than this."""
    sys.modules[env.registry["subscription.engine"]._attempt.__module__].LOCK_TIMEOUT = timeout


def clock(env, inside, moment):
    """It is ``moment`` for Odoo and for the database, as far as this process asks either of them."""
    freeze_time(moment).start()
    sql_db.BaseCursor.now = lambda cursor: datetime.fromisoformat(moment)


def _server():
    return {
        name: os.environ[variable] for name, variable in (("host", "PGHOST"), ("port", "PGPORT"), ("user", "PGUSER"))
    }


# guards taken away, to prove that they are what protects


def without_lock(env, inside):
    """Contracts are billed unlocked."""
    env.registry["subscription.contract"]._try_lock = lambda self: self


def without_revision(env, inside):
    """Contracts are locked, but the lock writes nothing."""
    env.registry["subscription.contract"]._try_lock = lambda self: self.sorted("id").try_lock_for_update(
        allow_referencing=True
    )


def without_revenue(env, inside):
    """Changes of lines do not happen to write the contract as well."""
    env.registry["subscription.contract"]._compute_mrr = lambda self: None


def without_refresh(env, inside):
    """A program that forgets the dates of the contract writes the ledger only."""
    env.registry["subscription.engine"]._refresh = lambda self, contracts, full=True: None


def without_recheck(env, inside):
    """What was selected is billed, whatever happened to it meanwhile."""
    engine = env.registry["subscription.engine"]
    bill_locked = engine._bill_locked

    def method(self, contracts):
        due_domain = engine._due_domain
        engine._due_domain = lambda self: [("id", "in", contracts.ids)]
        try:
            return bill_locked(self, contracts)
        finally:
            engine._due_domain = due_domain

    engine._bill_locked = method


def without_rollback(env, inside):
    """What a failed attempt wrote stays."""
    sql_db.Cursor.rollback = lambda self: self.clear()


def without_check_of_guards(env, inside):
    """The engine does not look whether the constraints exist."""
    env.registry["subscription.engine"]._missing_guards = lambda self: []


FAULTS = {
    fault.__name__: fault
    for fault in (
        clock,
        pause,
        start,
        fail,
        kill,
        kill_at,
        terminate,
        impatient,
        without_lock,
        without_revision,
        without_revenue,
        without_refresh,
        without_recheck,
        without_rollback,
        without_check_of_guards,
    )
}
