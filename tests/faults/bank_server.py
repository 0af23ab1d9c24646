"""The bank of `tests/addons/test_subscription_payment` behind a real HTTP server on loopback."""

import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "addons/test_subscription_payment/bank.py"


def _bank_module():
    spec = importlib.util.spec_from_file_location("bank", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class BankServer:
    """``bank`` is what it knows; a connection that breaks off is really closed."""

    def __init__(self):
        module = _bank_module()
        self.bank = module.Bank()

        class Handler(BaseHTTPRequestHandler):
            def _answer(handler):
                length = int(handler.headers.get("Content-Length") or 0)
                payload = json.loads(handler.rfile.read(length) or "{}")
                try:
                    status, text = self.bank.handle(handler.command, handler.path, payload)
                except module.Dropped:
                    handler.close_connection = True
                    return
                handler.send_response(status)
                handler.send_header("Content-Length", str(len(text.encode())))
                handler.end_headers()
                handler.wfile.write(text.encode())

            do_GET = do_POST = _answer

            def log_message(handler, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
