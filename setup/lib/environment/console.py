"""What a person reads while things are set up: one line per long step."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

TAIL_LINES = 15
DISK_FULL = "The disk is full. Free some space, then start again."


class Stop(Exception):
    """Setup cannot go on; the message says what to do about it."""


def say(text=""):
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(title):
    """Announce a long step and how long it has taken, ticking on a terminal."""
    start = time.monotonic()
    done = threading.Event()
    ticks = sys.stderr.isatty()

    def line(ending):
        prefix = "\r" if ticks else ""
        return f"{prefix}{title} ... {time.monotonic() - start:.0f} s{ending}"

    def tick():
        while not done.wait(1):
            sys.stderr.write(line(""))
            sys.stderr.flush()

    sys.stderr.write(f"{title} ... ")
    sys.stderr.flush()
    ticker = threading.Thread(target=tick, daemon=True)
    if ticks:
        ticker.start()
    outcome = " (failed)"
    try:
        yield
        outcome = ""
    finally:
        done.set()
        if ticks:
            ticker.join()
        say(line(outcome) if ticks else f"{time.monotonic() - start:.0f} s{outcome}")


def execute(command, *, log, advice="", **options):
    """Run a command into a log file; when it fails, stop with the log's last lines."""
    command = [os.fspath(part) for part in command]
    log = Path(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        options.setdefault("stdin", subprocess.DEVNULL)
        status = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, **options).returncode
    if status:
        lines = log.read_text(errors="replace").splitlines()
        if any("No space left on device" in line for line in lines):
            raise Stop(f"{DISK_FULL} Log: {log}")
        tail = "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])
        raise Stop(f"{Path(command[0]).name} failed (status {status}):\n{tail}\nWhole log: {log}\n{advice}".rstrip())


def output_of(command, **options):
    """Standard output of a command, or nothing when it is missing or fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    except OSError:
        return ""
    return result.stdout if result.returncode == 0 else ""
