"""Processes that outlive the command that started them, told apart from later namesakes."""

import os
import signal
import time

TERM_TIMEOUT_S = 10
KILL_TIMEOUT_S = 10
POLL_S = 0.1


def start_ticks(pid):
    """When the process started, in clock ticks since boot; None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    # After the name in parentheses comes the state (field 3); the start time is field 22.
    return None if fields[0] == "Z" else int(fields[19])


def is_running(pid, started):
    """Whether the process recorded with that start time still runs; pids are used again."""
    return started is not None and start_ticks(pid) == started


def end(pid, started):
    """Ends exactly the recorded process: asks, then insists. True if it is gone."""
    for number, timeout_s in ((signal.SIGTERM, TERM_TIMEOUT_S), (signal.SIGKILL, KILL_TIMEOUT_S)):
        if not is_running(pid, started):
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + timeout_s
        while is_running(pid, started) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    return not is_running(pid, started)
