"""Everything that puts Odoo 19 and these addons on a machine. Standard library only."""

from .databases import Databases
from .machine import install_missing
from .odoo import Odoo
from .places import lock
from .postgres import database_server, private
from .python import python_environment
from .source import odoo_source


def prepare(*, browser=False):
    """An Odoo ready to run. What is there already is taken as it is."""
    with lock("prepare"):
        install_missing(server=private(), browser=browser)
        source = odoo_source()
        odoo = Odoo(source, python_environment(source), database_server())
        odoo.configure()
    databases = Databases(odoo)
    if private():
        databases.drop_orphans()
    return databases
