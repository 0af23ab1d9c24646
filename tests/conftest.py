"""What all tests here share. Those that need Odoo run it in processes and databases of their own."""

import os

import pytest
from environment import prepare
from hypothesis import settings

settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("long", deadline=None, max_examples=5000)
settings.load_profile("long" if os.environ.get("LONG") else "ci")


@pytest.fixture(scope="session")
def databases():
    """The databases of this checkout, and their Odoo: `environment.Databases`."""
    return prepare()


@pytest.fixture(scope="session")
def odoo(databases):
    """Odoo as processes of their own: `odoo.run_code(database, code)`, `odoo.start(odoo.command(...))`."""
    return databases.odoo


@pytest.fixture(scope="session")
def odoo_template(databases):
    """Name of the template database with all our addons, without demo data."""
    return os.environ.get("SUITE_TEMPLATE") or databases.template()


@pytest.fixture
def database(databases, odoo_template):
    """Name of an armed database of this test's own."""
    with databases.copy(odoo_template) as name:
        yield name
