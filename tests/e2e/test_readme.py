"""The examples of the README run as they are printed, with the key of an ordinary user."""

import contextlib
import io
import json
import re
import socket
import time
import urllib.request

import pytest
from environment.places import ROOT

BOOK = """
import json
from odoo import Command
env["subscription.engine"]._arm()
env["res.partner"].create({"name": "A customer", "ref": "CUST-0042"})
for code, values in {
    "HOST": {"name": "Web hosting", "list_price": 39.0},
    "TRAFFIC": {"name": "Traffic, per GB", "list_price": 0.1, "subscription_line_kind": "usage"},
}.items():
    env["product.product"].create({
        "default_code": code, "type": "service", "invoice_policy": "order", "subscription_recurring": True,
        "taxes_id": [Command.clear()], **values})
robot = env["res.users"].create({
    "name": "An application", "login": "robot",
    "group_ids": [Command.set(env.ref("subscription_billing.group_subscription_user_all").ids)]})
key = env["res.users.apikeys"].with_user(robot).sudo()._generate("rpc", "README", None)
print(json.dumps({"ODOO_KEY": key, "ODOO_LOGIN": robot.login, "is_admin": robot._is_admin()}))
env.cr.commit()
"""

LEFT = """
import json
[contract] = env["subscription.contract"].search([("external_id", "=", "shop-981")])
print(json.dumps({
    "number": contract.name, "creator": contract.create_uid.login, "amendments": len(contract.amendment_ids),
    "usage": env["subscription.usage"].search([]).mapped("quantity")}))
"""


@contextlib.contextmanager
def _served(odoo, name):
    """The address of an Odoo that serves a database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"--database={name}", f"--db-filter=^{name}$", f"--http-port={port}", "--max-cron-threads=0"]
    with odoo.start(odoo.command(*options, "--log-level=error")) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/web/health", process)
            yield url
        finally:
            process.terminate()


def _wait(url, process, seconds=60):
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(url, timeout=5).close()
        time.sleep(0.2)
    pytest.fail("Odoo does not answer")


def test_examples_run_as_printed(odoo, database, monkeypatch):
    examples = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    [*_logs, settings] = odoo.run_code(database, BOOK).splitlines()
    settings = json.loads(settings)
    assert not settings.pop("is_admin")
    printed = io.StringIO()
    with _served(odoo, database) as url, contextlib.redirect_stdout(printed):
        for name, value in {**settings, "ODOO_URL": url, "ODOO_DB": database}.items():
            monkeypatch.setenv(name, value)
        namespace = {}
        for example in examples:
            exec(compile(example, "README.md", "exec"), namespace)
    left = json.loads(odoo.run_code(database, LEFT).splitlines()[-1])
    assert printed.getvalue().splitlines() == [
        f"created {left['number']} active",
        "changed [('[HOST] Web hosting', 3.0), ('[TRAFFIC] Traffic, per GB', 1.0)]",
        "e-1 recorded ",
        "e-1 repeated ",
        f"e-2 refused {left['number']} meters 0 lines that match on 2025-12-31.",
        f"2026-01-01 90.0 {namespace['contract']['currency']}",
        "[HOST] Web hosting 2026-01-01 2026-01-31 90.0",
        "True",
    ]
    assert left == {"number": left["number"], "creator": "robot", "amendments": 2, "usage": [12.5]}
