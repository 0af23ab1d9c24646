"""Databases and processes for tests of bad days: real processes, real commits, real kills."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from bank_server import BankServer
from fault_site import Site
from mail_server import MailServer

HERE = Path(__file__).parent


@contextmanager
def _site(databases, template, contracts):
    with (
        databases.copy(template, armed=False) as origin,
        databases.copy(template, armed=False) as name,
    ):
        databases.odoo.run_script(origin, HERE / "fault_fleet.py", contracts)
        site = Site(databases, origin, name)
        try:
            yield site
        finally:
            site.close()


@pytest.fixture(scope="session")
def fleet_site(databases, odoo_template):
    with _site(databases, odoo_template, 110) as site:
        yield site


@pytest.fixture(scope="session")
def squad_site(databases, odoo_template):
    with _site(databases, odoo_template, 10) as site:
        yield site


@pytest.fixture
def fleet(fleet_site):
    """110 contracts of every kind, with more than 300 periods due; nothing is billed yet."""
    fleet_site.reset()
    return fleet_site


@pytest.fixture
def squad(squad_site):
    """Ten contracts, one or two of every kind, with periods due; nothing is billed yet."""
    squad_site.reset()
    return squad_site


@pytest.fixture(scope="session")
def reference(fleet_site):
    """The ledger and the number of invoices of the fleet, billed on a good day."""
    fleet_site.reset()
    fleet_site.run("cron", batch_size=50)
    assert not fleet_site.faults()
    return fleet_site.ledger(), fleet_site.count_invoices()


@pytest.fixture(scope="session")
def squad_reference(squad_site):
    """The same of the squad."""
    squad_site.reset()
    squad_site.run("cron", batch_size=50)
    assert not squad_site.faults()
    return squad_site.ledger(), squad_site.count_invoices()


@pytest.fixture
def mail_server():
    """A mail server on this machine, and what it accepted: ``mail_server.post``."""
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def bank_server():
    """A bank on this machine, and its books: ``bank_server.bank``."""
    server = BankServer()
    yield server
    server.stop()
