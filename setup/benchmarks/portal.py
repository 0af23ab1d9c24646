"""Read contracts on the portal, beside Odoo's own orders: as a customer, over HTTP.

The customer has as many contracts of three lines as confirmed orders of three lines. The list is
compared with /my/orders, the page of one contract with the page of one order; both sides take
turns on one server, and their first calls after its start count too.
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import requests
from _book import Book
from dateutil.relativedelta import relativedelta

from odoo import Command

SETUP = Path(__file__).resolve().parents[1]
FIRST_DAY = date.today() + relativedelta(day=1)
LOGIN = "benchmark_customer"


def main(env, arguments):
    parser = argparse.ArgumentParser(prog="setup/bench portal", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=80, help="contracts, and orders, of the customer (80, a page)")
    parser.add_argument("--rounds", type=int, default=20, help="calls of each page (20)")
    options = parser.parse_args(arguments)
    contract, order = make(env, options.rows)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()
    lists = ["/my/subscriptions", "/my/orders"]
    pages = [f"/my/subscriptions/{contract.id}", f"/my/orders/{order.id}"]
    with Server(env.cr.dbname) as server:
        ratios = [compare(server, what, urls, options.rounds) for what, urls in (("list", lists), ("page", pages))]
    print(f"portal: {min(ratios):.2f}x Odoo's own orders", flush=True)


def make(env, rows):
    """A customer with an account, contracts and orders; one of each."""
    partner = env["res.partner"].create({"name": "Benchmark customer", "email": "customer@example.com"})
    user = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": LOGIN,
                "login": LOGIN,
                "password": LOGIN,
                "partner_id": partner.id,
                "group_ids": [Command.set(env.ref("base.group_portal").ids)],
            }
        )
    )
    contracts = Book(env, FIRST_DAY).add(rows)
    env.cr.execute(
        "UPDATE subscription_contract SET partner_id = %(customer)s, commercial_partner_id = %(customer)s,"
        " partner_invoice_id = %(customer)s, partner_shipping_id = %(customer)s WHERE id IN %(contracts)s",
        {"customer": user.partner_id.id, "contracts": contracts._ids},
    )
    env.invalidate_all()
    env["subscription.engine"]._bill(contracts, date.today())
    product = env["product.product"].create({"name": "Ordered once", "type": "service", "list_price": 10})
    orders = env["sale.order"].create(
        [
            {"partner_id": partner.id, "order_line": [Command.create({"product_id": product.id})] * 3}
            for _row in range(rows)
        ]
    )
    orders.action_confirm()
    env.invalidate_all()
    return contracts[0], orders[0]


class Server:
    """Odoo as customers meet it: one process, over HTTP, logged in."""

    def __init__(self, database):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.database = database

    def __enter__(self):
        command = [SETUP / "odoo", "-d", self.database, f"--http-port={self.port}", "--log-level=warn"]
        self.process = subprocess.Popen([*command, "--max-cron-threads=0"], start_new_session=True)
        self.session = requests.Session()
        self._log_in()
        return self

    def __exit__(self, *_failure):
        os.killpg(self.process.pid, 15)
        self.process.wait()

    def _log_in(self):
        url = f"http://127.0.0.1:{self.port}/web/login"
        for _second in range(120):
            try:
                page = self.session.get(url).text
                break
            except requests.ConnectionError:
                time.sleep(1)
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = self.session.post(url, data={"login": LOGIN, "password": LOGIN, "csrf_token": token})
        answer.raise_for_status()

    def seconds(self, url) -> float:
        start = time.perf_counter()
        answer = self.session.get(f"http://127.0.0.1:{self.port}{url}", allow_redirects=False)
        elapsed = time.perf_counter() - start
        if answer.status_code != 200:
            raise SystemExit(f"{url} answers {answer.status_code}.")
        return elapsed


def compare(server, what, urls, rounds) -> float:
    """How many times as fast as Odoo's page ours is, by the median of all calls."""
    times = {url: [] for url in urls}
    for _round in range(rounds):
        for url in urls:
            times[url].append(server.seconds(url))
    for url, own in times.items():
        print(
            f"{what} {url}: first call {own[0] * 1000:.0f} ms, median {statistics.median(own) * 1000:.0f} ms, "
            f"worst of the others {max(own[1:]) * 1000:.0f} ms",
            flush=True,
        )
    ours, theirs = (statistics.median(times[url]) for url in urls)
    return theirs / ours


main(env, sys.argv[1:])  # noqa: F821
