"""Bounded waits, and what to show when one ends in vain."""

import time

from .errors import LabError

TAIL_LINES = 30
TAIL_BYTES = 65536


def until(what, timeout_s, attempt, interval_s=1.0):
    """Calls attempt until it returns something true, and returns that.

    Raises LabError once timeout_s seconds have passed. An attempt bounds itself.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        result = attempt()
        if result:
            return result
        if time.monotonic() >= deadline:
            raise LabError(f"waited {timeout_s} s for {what}, in vain")
        time.sleep(interval_s)


def tail(path):
    """The last lines of a log file, indented, or a note that there is none."""
    try:
        with open(path, "rb") as log:
            log.seek(0, 2)
            log.seek(max(0, log.tell() - TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError as error:
        return f"    (no log: {error})"
    lines = text.replace("\r", "").splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {line}" for line in lines)
