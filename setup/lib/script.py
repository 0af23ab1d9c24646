"""Run a Python file with `env` in an Odoo process: script.py DATABASE FILE [ARGUMENTS].

As in `odoo shell`, the file commits what it wants kept. Unlike there, it has
arguments (`sys.argv`), and only warnings and its own output are seen.
"""

import sys
import threading
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config


def main(database, file, *arguments):
    config.parse_config([f"--database={database}", "--no-http", "--log-level=warn"], setup_logging=True)
    server.load_server_wide_modules()
    threading.current_thread().dbname = database
    sys.argv = [file, *arguments]
    sys.path[0] = str(Path(file).parent)
    code = compile(Path(file).read_text(), file, "exec")
    with Registry(database).cursor() as cr:
        context = api.Environment(cr, SUPERUSER_ID, {})["res.users"].context_get()
        env = api.Environment(cr, SUPERUSER_ID, context)
        cr.rollback()
        try:
            exec(code, {"__name__": "__main__", "__file__": file, "env": env})
        finally:
            cr.rollback()


if __name__ == "__main__":
    main(*sys.argv[1:])
