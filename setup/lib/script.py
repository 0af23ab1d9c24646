"""Run a Python file with `env` in an Odoo process: script.py DATABASE FILE [ARGUMENTS].

As in `odoo shell`, the file commits what it wants kept. Unlike there, it has
arguments (`sys.argv`), and only its warnings and its own output are seen.
"""

import runpy
import sys
import threading

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config


def main(database, path, *arguments):
    config.parse_config([f"--database={database}", "--no-http", "--log-level=warn"], setup_logging=True)
    server.load_server_wide_modules()
    threading.current_thread().dbname = database
    sys.argv = [path, *arguments]
    with Registry(database).cursor() as cr:
        context = api.Environment(cr, SUPERUSER_ID, {})["res.users"].context_get()
        try:
            runpy.run_path(path, {"env": api.Environment(cr, SUPERUSER_ID, context)}, "__main__")
        finally:
            cr.rollback()


if __name__ == "__main__":
    main(*sys.argv[1:])
