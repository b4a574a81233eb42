"""The state directory: what runs, where, recorded so that a later command can find and end it."""

import contextlib
import fcntl
import json
import os
import pathlib

from .errors import LabError

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]


def directory():
    """MILLRACE_LAB_STATE, else .lab in the checkout."""
    return pathlib.Path(os.environ.get("MILLRACE_LAB_STATE") or CHECKOUT / ".lab").absolute()


def load():
    """The recorded lab, or an empty one: {"hosts": [...]}."""
    path = directory() / "state.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"hosts": []}
    except ValueError as error:
        raise LabError(f"{path} is not readable as JSON ({error}); end its QEMU processes "
                       "by hand and remove it") from error


def save(lab):
    """Writes the record whole, so that a reader never sees half of it."""
    path = directory() / "state.json"
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(lab, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def forget():
    """Removes the record once nothing of it runs any more."""
    (directory() / "state.json").unlink(missing_ok=True)


@contextlib.contextmanager
def exclusive():
    """Holds the state directory for one `up` or `down` at a time; refuses at once if held."""
    directory().mkdir(parents=True, exist_ok=True)
    with open(directory() / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LabError(f"another lab command is working in {directory()}; wait for it, or "
                           "choose another directory with MILLRACE_LAB_STATE") from error
        yield


def host(number):
    """The record of one host that is up."""
    for entry in load()["hosts"]:
        if entry["host"] == number:
            return entry
    raise LabError(f"host {number} is not up (in {directory()}); start it with `lab.py up`")
