"""The one error of the lab."""


class LabError(Exception):
    """Something the lab attempted failed; the message says what, and what to do about it."""
