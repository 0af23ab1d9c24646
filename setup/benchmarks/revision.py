"""Revise the prices of a book of contracts, beside plain amendments of as many lines.

Both sides work in one process on one database and take turns. A revision is proposed,
approved and applied by a campaign as its scheduled job does, commits included: evidence,
sentence on the contract and next dates too. The reference changes ``price_unit`` of the
lines of each contract by one call of ``_amend``.
"""

import argparse
import gc
import sys
import time
from contextlib import contextmanager
from datetime import date
from unittest.mock import patch

from _book import Book
from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.tools import split_every

LINES = 3  # of each contract
SMALL = 1000
GOAL = 60  # seconds for 10,000 lines
REVISED_ON = date.today().replace(day=1)
FIRST_DAY = REVISED_ON - relativedelta(years=1)


class Measure:
    """What one side took to change the prices of some lines."""

    def __init__(self, lines):
        self.lines = lines
        self.seconds = self.queries = 0

    @property
    def rate(self):
        return self.lines / self.seconds

    def __str__(self):
        return f"{self.rate:.0f} lines/s ({self.queries / self.lines:.2f} queries each), {self.seconds:.1f} s"


def main(env, arguments):
    parser = argparse.ArgumentParser(prog="setup/bench revision", description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000, help="lines that are revised (10000)")
    parser.add_argument("--effects", action="store_true", help="measure the effect on twelve months of billing too")
    options = parser.parse_args(arguments)
    book = Book(env, FIRST_DAY)
    clause = make_clause(env)
    with today_is(env, REVISED_ON):
        revise(env, add(book, 60, clause), clause)  # warm-up
        amend(env, add(book, 60))
        small = revise(env, add(book, SMALL, clause), clause)
        say(f"revision of {small.lines} lines: {small}")
        revised = revise(env, add(book, options.lines, clause), clause)
        say(f"revision of {revised.lines} lines: {revised}")
        amended = amend(env, add(book, options.lines))
        say(f"_amend of {amended.lines} lines: {amended}")
        if options.effects:
            say(f"effects of {SMALL} lines: {measure_effects(env, add(book, SMALL, clause), clause)}")
    say(f"rate at {revised.lines} lines beside that at {small.lines}: {revised.rate / small.rate:.0%}")
    say(f"10,000 lines in {10_000 / revised.rate:.1f} s (goal: under {GOAL} s)")
    say(f"revision: {revised.rate / amended.rate:.2f}x _amend")


def say(text):
    print(text, flush=True)


def today_is(env, day):
    return patch.object(env.registry["res.company"], "_subscription_today", lambda company: day)


def make_clause(env):
    """An index that rose by 2 % in the year of the contracts."""
    base, current = (f"{day - relativedelta(months=2):%Y-%m}" for day in (FIRST_DAY, REVISED_ON))
    index = env["subscription.index"].create({"name": "Benchmark", "code": "BENCHMARK"})
    index._record([{"period": base, "printed": "300.0"}, {"period": current, "printed": "306.0"}])
    term = {"index_id": index.id, "weight": 0.85, "reading_rule": "lag", "lag": 2}
    return env["subscription.revision.clause"].create(
        {"name": "Benchmark", "kind": "index", "fixed_part": 0.15, "term_ids": [Command.create(term)]}
    )


def add(book, lines, clause=None):
    """Contracts with about as many lines, which follow ``clause``."""
    contracts = book.add(round(lines / LINES))
    if clause:
        book.env.cr.execute(
            "UPDATE subscription_contract SET revision_clause_id = %s WHERE id IN %s", [clause.id, contracts._ids]
        )
    book.env.invalidate_all()
    return contracts


@contextmanager
def measured(env, contracts):
    """Time and queries of a block, with fresh statistics and an empty cache."""
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    env.invalidate_all()
    gc.collect()
    measure = Measure(LINES * len(contracts))
    queries, start = env.cr.sql_log_count, time.perf_counter()
    yield measure
    env.flush_all()
    env.cr.commit()
    measure.seconds = time.perf_counter() - start
    measure.queries = env.cr.sql_log_count - queries


def campaign_of(env, clause):
    return env["subscription.revision.campaign"].create(
        {"name": "Benchmark", "until_date": REVISED_ON, "clause_ids": [Command.set(clause.ids)]}
    )


def revise(env, contracts, clause):
    campaign = campaign_of(env, clause)
    with measured(env, contracts) as measure, committing(env):
        campaign._propose(REVISED_ON)
        env.cr.commit()
        campaign.action_approve()
        env.cr.commit()
        env["subscription.revision.campaign"]._cron_apply()
    applied = campaign.revision_ids.filtered(lambda revision: revision.state == "applied")
    if len(applied) != measure.lines:
        sys.exit(f"{len(applied)} of {measure.lines} lines are revised.")
    return measure


@contextmanager
def committing(env):
    """The scheduled job goes on until all is done."""

    def commit_progress(cron, processed=0, **kwargs):
        cron.env.cr.commit()
        return True

    with patch.object(env.registry["ir.cron"], "_commit_progress", commit_progress):
        yield


def amend(env, contracts):
    with measured(env, contracts) as measure:
        for batch in split_every(100, contracts.ids, contracts.browse):
            for contract in batch:
                contract._amend(
                    REVISED_ON,
                    [(line, {"price_unit": round(line.price_unit * 1.017, 2)}) for line in contract.line_ids],
                )
            env.cr.commit()
    return measure


def measure_effects(env, contracts, clause):
    campaign = campaign_of(env, clause)
    campaign._propose(REVISED_ON)
    with measured(env, contracts) as measure:
        campaign._measure()
    return measure


main(env, sys.argv[1:])  # noqa: F821
