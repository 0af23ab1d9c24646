"""A real SMTP server on loopback that behaves as a test asks, and its own truth: what it accepted."""

import email
import email.policy
import socket
from collections import Counter

from aiosmtpd.controller import Controller


class Post:
    """What the server does with recipients and messages, and what it took over.

    ``refused``: addresses it does not know. ``drops``: how many messages it reads to
    the end before it hangs up without an answer.
    """

    def __init__(self):
        self.refused, self.drops = set(), 0
        self.accepted, self.read = [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.read.append(message)
        if self.drops:
            self.drops -= 1
            server.transport.abort()
            return "421 Gone"
        self.accepted += [(address, message) for address in envelope.rcpt_tos]
        return "250 Taken over"

    def counts(self):
        """How many messages each address was given."""
        return Counter(address for address, _message in self.accepted)


class MailServer:
    """Start and stop it on the same port, as a server that is down for a while does."""

    def __init__(self):
        self.post = Post()
        self.port, self._controller = _free_port(), None
        self.start()

    def start(self):
        self._controller = Controller(self.post, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self):
        if self._controller:
            self._controller.stop()
        self._controller = None


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
