"""Where things are. All that setup makes lies under `.local/`."""

import contextlib
import fcntl
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCAL = ROOT / ".local"
LOGS = LOCAL / "log"
FILESTORE = LOCAL / "data" / "filestore"
TEST_ADDONS = ROOT / "tests" / "addons"


@contextlib.contextmanager
def lock(name):
    """Let one process at a time prepare something in this checkout."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
