"""Waiting for a state, with a limit."""

import time

# A state that a test waits for is there within this time on a slow machine, too.
STATE_TIMEOUT_S = 30
_INTERVAL_S = 0.05


def wait_until(what, probe, timeout_s=STATE_TIMEOUT_S):
    """What `probe` returns as soon as that is true; it is asked again until `timeout_s` is over.

    Fails with `what` and the last answer.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}; last: {answer!r}")
        time.sleep(_INTERVAL_S)
