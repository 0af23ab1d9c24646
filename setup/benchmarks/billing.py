"""Bill a book of contracts, beside Odoo creating and posting the same invoices.

Both sides work in one process on one database, in batches of one size, and take turns.
The engine's time is that of its scheduled job: selection, locks, proposals, checks,
ledger rows, next dates and commits included. Odoo's is that of ``account.move.create``
and ``action_post`` with the very values the engine computed, and of the commits.
"""

import argparse
import gc
import resource
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from unittest.mock import patch

from _book import Book
from dateutil.relativedelta import relativedelta

from odoo.tools import split_every

ROUNDS = 3
FIRST_DAY = date.today().replace(day=1) - relativedelta(months=ROUNDS)
SIMULATED_AT_ONCE = 500
# what two equal documents never share, and what only ours has
OWN_FIELDS = {
    "id", "sequence_number", "sequence_prefix", "create_date", "write_date", "move_id",
    "subscription_line_id", "subscription_credited_line_id",
}  # fmt: skip


@dataclass
class Measure:
    """What one side took to post some invoices."""

    invoices: int = 0
    seconds: float = 0.0
    queries: int = 0

    @property
    def rate(self):
        return self.invoices / self.seconds


def main(env, arguments):
    parser = argparse.ArgumentParser(prog="setup/bench billing", description=__doc__.splitlines()[0])
    parser.add_argument("--contracts", type=int, default=1000, help="size of the book (1000)")
    parser.add_argument("--sample", type=int, help="contracts billed in each round, a third of the book at most (all)")
    parser.add_argument("--batch", type=int, default=100, choices=range(1, 101), metavar="1-100")
    parser.add_argument(
        "--history",
        type=int,
        default=0,
        metavar="YEARS",
        help="years of monthly invoices behind the book (0): copies in SQL of those the engine posted,"
        " paid, each with its lines, taxes, analytic lines, ledger rows and messages",
    )
    parser.add_argument("--simulate", type=int, default=10_000, help="contracts of the simulation (10000)")
    options = parser.parse_args(arguments)
    book = Book(env, FIRST_DAY)
    contracts = book.add(options.contracts, options.history)
    say(
        f"{len(contracts)} contracts of 3 lines, {options.sample or len(contracts)} billed in each round,"
        f" batches of {options.batch}, {options.history} years of history"
    )
    ratio = compare(env, options.sample or len(contracts), options.batch, same_day=bool(options.sample))
    if options.simulate:
        simulate(env, book.add(options.simulate))
    say(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    if ratio is None:
        sys.exit("The entries of both sides differ: no ratio.")
    say(f"billing: {ratio:.2f}x Odoo's own create and post")


def compare(env, sample, batch, same_day):
    """Bill ``sample`` contracts on both sides, in turns; the ratio of their rates, None when an entry differs."""
    sides = {"engine": [], "Odoo": []}
    with today_is(env, FIRST_DAY):
        run_odoo(env, batch, invoice_values(env, batch))  # warm-up; the book warmed the engine up
    documents, fast, differences = 0, 0, []
    for number in range(ROUNDS):
        day = FIRST_DAY if same_day else FIRST_DAY + relativedelta(months=number)
        with today_is(env, day):
            values = invoice_values(env, sample)
            posted = {}
            for side in sorted(sides, reverse=number % 2):
                with measured(env, len(values)) as measure, counted_fast(env) as count:
                    posted[side] = run_engine(env, batch, sample) if side == "engine" else run_odoo(env, batch, values)
                sides[side].append(measure)
                fast += len(count)
            documents += len(values)
            differences += different_entries(env, posted["engine"], posted["Odoo"])
        say(f"round {number + 1}: " + ", ".join(f"{side} {report(runs[-1])}" for side, runs in sides.items()))
    say(f"fast path: {fast / documents:.0%} of {documents} invoices")
    for text in differences[:5]:
        say(f"difference: {text}")
    if differences:
        return None
    rates = {side: statistics.median(measure.rate for measure in runs) for side, runs in sides.items()}
    return rates["engine"] / rates["Odoo"]


def report(measure):
    return f"{measure.rate:.1f} posted invoices/s ({measure.queries / measure.invoices:.1f} queries each)"


def say(text):
    print(text, flush=True)


def today_is(env, day):
    return patch.object(env.registry["res.company"], "_subscription_today", lambda company: day)


def invoice_values(env, sample):
    """What the engine hands over for the contracts it bills next, without the links to them."""
    engine = env["subscription.engine"]
    due = env["subscription.contract"].search(
        engine._due_domain(), order="company_id, next_billing_date, id", limit=sample
    )
    engine = engine.with_company(due.company_id)
    values = []
    for ids in split_every(SIMULATED_AT_ONCE, due.ids):
        charges = engine._preview(due.browse(ids), due.company_id._subscription_today())
        values += [engine._invoice_vals(group) for group in engine._groups(charges)]
        env.invalidate_all()
    for vals in values:
        for _command, _id, line in vals["invoice_line_ids"]:
            line.pop("subscription_line_id")
            line.pop("subscription_credited_line_id")
    return values


@contextmanager
def measured(env, invoices):
    """Time and queries of a block that posts ``invoices``, with fresh statistics and an empty cache."""
    env.invalidate_all()
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    gc.collect()
    measure = Measure(invoices)
    queries, start = env.cr.sql_log_count, time.perf_counter()
    yield measure
    measure.seconds = time.perf_counter() - start
    measure.queries = env.cr.sql_log_count - queries


@contextmanager
def counted_fast(env):
    """The documents that take the fast path inside the block."""
    model = env.registry["subscription.engine"]
    create_entries, count = model._create_entries, []

    def counting(self, vals_list):
        count.extend(vals_list)
        return create_entries(self, vals_list)

    with patch.object(model, "_create_entries", counting):
        yield count


def run_engine(env, batch, sample):
    """The scheduled job, stopped once ``sample`` contracts are billed; returns the invoices."""
    last = env["account.move"].search([], order="id desc", limit=1)
    billed = 0

    def commit_progress(cron, processed=0, **kwargs):
        nonlocal billed
        billed += processed
        cron.env.cr.commit()
        return billed < sample

    with patch.object(env.registry["ir.cron"], "_commit_progress", commit_progress):
        env["subscription.engine"]._cron_bill(batch_size=batch)
    return env["account.move"].search([("id", ">", last.id)])


def run_odoo(env, batch, values):
    moves = env["account.move"]
    for vals_list in split_every(batch, values, list):
        created = env["account.move"].create(vals_list)
        created.action_post()
        env.cr.commit()
        moves |= created
    return moves


def different_entries(env, engine_moves, odoo_moves):
    """How the engine's documents differ from Odoo's, as texts."""
    expected = {move.invoice_origin: move for move in odoo_moves}
    if len(engine_moves) != len(expected):
        yield f"{len(engine_moves)} documents of the engine, {len(expected)} of Odoo"
    for move in engine_moves:
        ours, theirs = entry(move), entry(expected.get(move.invoice_origin, move.browse()))
        if len(ours) != len(theirs):
            yield f"{move.name}: {len(ours) - 1} lines, of Odoo {len(theirs) - 1}"
        for one, other in zip(ours, theirs, strict=False):
            for name in one:
                if one[name] != other[name]:
                    yield f"{move.name} {name}: {one[name]}, of Odoo {other[name]}"


def entry(move):
    """Every stored value of a document and of its lines, but for its own numbers and stamps."""
    return [stored_values(record, move.name) for record in (move, *move.line_ids.sorted("id"))]


def stored_values(record, number):
    values = {}
    for name, field in record._fields.items():
        if field.store and name not in OWN_FIELDS and field.type != "one2many":
            value = record[name]
            if field.relational:
                value = sorted(value.ids)
            values[name] = value.replace(number, "") if isinstance(value, str) else value
    return values


def simulate(env, contracts):
    """The seconds to propose twelve months of invoices."""
    until = FIRST_DAY + relativedelta(months=12, days=-1)
    env.invalidate_all()
    start, charges = time.perf_counter(), 0
    for ids in split_every(SIMULATED_AT_ONCE, contracts.ids):
        charges += len(env["subscription.engine"]._preview(contracts.browse(ids), until))
        env.invalidate_all()
    seconds = time.perf_counter() - start
    say(f"simulation: twelve months of {len(contracts)} contracts in {seconds:.1f} s ({charges} charges)")


main(env, sys.argv[1:])  # noqa: F821
