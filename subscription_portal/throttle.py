"""How often something may go wrong before it is not listened to any more.

Kept in memory, for each process on its own, as Odoo's own cool-down of logins: a brake
on guessing, not a book of accounts.
"""

import time
from collections import OrderedDict, deque
from threading import Lock


class Throttle:
    """At most ``limit`` strikes of a key within ``seconds``, a window that slides.

    A key that goes on striking while it is refused stays refused. Of too many keys the one
    that was struck longest ago is forgotten.
    """

    def __init__(self, limit: int, seconds: float, keys: int = 10_000, clock=time.monotonic):
        self.limit, self.seconds, self.keys = limit, seconds, keys
        self._clock, self._lock = clock, Lock()
        self._strikes = OrderedDict()

    def is_spent(self, key) -> bool:
        """Whether ``key`` has had all its strikes."""
        with self._lock:
            strikes = self._strikes.get(key, ())
            return len(strikes) == self.limit and self._clock() - strikes[0] < self.seconds

    def strike(self, key):
        with self._lock:
            self._strikes.setdefault(key, deque(maxlen=self.limit)).append(self._clock())
            self._strikes.move_to_end(key)
            if len(self._strikes) > self.keys:
                self._strikes.popitem(last=False)

    def forget(self):
        """Everybody starts anew."""
        with self._lock:
            self._strikes.clear()
