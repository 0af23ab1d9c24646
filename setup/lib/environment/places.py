"""Where things are. All that setup makes lies under `.local/`."""

import contextlib
import fcntl
from pathlib import Path

from .console import say

ROOT = Path(__file__).resolve().parents[3]
LOCAL = ROOT / ".local"
LOGS = LOCAL / "log"
FILESTORE = LOCAL / "data" / "filestore"
TEST_ADDONS = ROOT / "tests" / "addons"
NEIGHBOURS = ROOT / "tests" / "neighbours"
SETUP = ROOT / "setup"
COMPANIONS = SETUP / "companions.txt"


@contextlib.contextmanager
def lock(name):
    """Let one process at a time prepare something in this checkout."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another command of this checkout ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
