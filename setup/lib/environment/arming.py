"""A pytest plugin: arm the engine on the database that pytest-odoo works on."""

import runpy

import pytest

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests.common import get_db_name

from .databases import ARM


@pytest.fixture(scope="session", autouse=True)
def _armed_database(load_registry):
    with Registry(get_db_name()).cursor() as cr:
        runpy.run_path(str(ARM), {"env": api.Environment(cr, SUPERUSER_ID, {})})
