"""A bank, and its own truth: what it took, whatever it said about it."""

import json
from collections import Counter


class Dropped(Exception):
    """The connection broke off instead of an answer."""


class Bank:
    """``moods`` says how it behaves for the next requests, then it accepts.

    ``accept``, ``pending``, ``decline``, ``stolen``; ``silent``: it takes nothing and
    hangs up; ``deaf``: it takes the money and hangs up; ``broken``, ``garbled``: it takes
    the money and answers an error page, or nonsense; ``locked``: it does not know us;
    ``cheap``: it takes another amount.
    """

    TAKES = ("accept", "deaf", "broken", "garbled", "cheap")
    ERRORS = {"decline": "insufficient_funds", "stolen": "stolen_card"}

    def __init__(self):
        self.moods, self.taken, self.is_talkative, self.currency = [], [], False, "EUR"

    def charged(self):
        """How often each reference was charged."""
        return Counter(reference for reference, _amount in self.taken)

    def handle(self, method, path, payload):
        """Status and text of the answer to a request."""
        if method == "GET":
            return self._status(path.partition("/charges/")[2])
        mood = self.moods.pop(0) if self.moods else "accept"
        if mood in self.TAKES:
            self.taken.append((payload["reference"], payload["amount"]))
        if mood in ("silent", "deaf"):
            raise Dropped
        if mood == "broken":
            return 500, "<html>Internal error</html>"
        if mood == "garbled":
            return 200, "{nonsense"
        if mood == "locked":
            return 401, json.dumps({"error": "unknown key"})
        if mood in self.ERRORS:
            return 402, json.dumps({"error": self.ERRORS[mood]})
        answer = {**payload, "status": "pending" if mood == "pending" else "done"}
        if mood == "cheap":
            answer["amount"] = 1.0
        return 200, json.dumps(answer)

    def _status(self, reference):
        if not self.is_talkative:
            return 503, json.dumps({"error": "not now"})
        amounts = [amount for known, amount in self.taken if known == reference]
        status = "done" if amounts else "none"
        return 200, json.dumps(
            {"reference": reference, "status": status, "amount": sum(amounts), "currency": self.currency}
        )
