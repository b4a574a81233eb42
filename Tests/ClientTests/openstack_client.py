"""Runs the real `openstack` command."""

import json
import os
import pathlib
import re
import subprocess
import sys

from control_plane import CLOUD

# Beside the interpreter that runs the tests: the same virtual environment.
PROGRAM = pathlib.Path(sys.executable).parent / "openstack"
COMMAND_TIMEOUT_S = 90
# What the client adds when some of many objects weren't deleted.
_SUMMARY = re.compile(r"\d+ of \d+ \w+ failed to delete\.")


class OpenStackClient:
    """The `openstack` command with the credentials of one `clouds.yaml`."""

    def __init__(self, clouds_file, home):
        """`home` keeps the machine's own configuration out."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        self._environment = inherited | {
            "OS_CLIENT_CONFIG_FILE": str(clouds_file), "OS_CLOUD": CLOUD, "HOME": str(home),
            "PYTHONUNBUFFERED": "1"}

    def run(self, *arguments, commands=None):
        """Runs `openstack ARGUMENTS`; returns the finished process."""
        return subprocess.run(
            [PROGRAM, *map(str, arguments)], env=self._environment, input=commands or "",
            capture_output=True, text=True, check=False, timeout=COMMAND_TIMEOUT_S)

    def text(self, *arguments):
        """What a command that must succeed prints."""
        done = self.run(*arguments)
        if done.returncode != 0:
            raise AssertionError(f"openstack {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def json(self, *arguments):
        """What a command that must succeed prints as JSON."""
        return json.loads(self.text(*arguments, "-f", "json"))

    def refusal(self, *arguments):
        """What a command that must fail says."""
        done = self.run(*arguments)
        if done.returncode == 0:
            raise AssertionError(f"openstack {' '.join(map(str, arguments))}: not refused")
        return done.stderr.strip()

    def batch(self, *commands):
        """Runs lines in one process; returns its output and its errors.

        A process costs more than most commands, and a script of lines is a documented use.
        """
        done = self.run(commands="".join(f"{line}\n" for line in commands))
        return done.stdout, done.stderr

    def batch_json(self, *commands):
        """The JSON of several commands, one value for each. All must succeed."""
        output, errors = self.batch(*(f"{line} -f json" for line in commands))
        if errors.strip():
            raise AssertionError(f"{commands}: {errors}")
        values, decoder, rest = [], json.JSONDecoder(), output.lstrip()
        while rest:
            value, end = decoder.raw_decode(rest)
            values.append(value)
            rest = rest[end:].lstrip()
        if len(values) != len(commands):
            raise AssertionError(f"{len(commands)} commands, {len(values)} answers: {output}")
        return values

    def batch_refusals(self, *commands):
        """What commands that must all fail say, each on a line of its own."""
        output, errors = self.batch(*commands)
        lines = [
            line for line in errors.splitlines()
            if line.strip() and not _SUMMARY.fullmatch(line.strip())]
        if output.strip() or len(lines) != len(commands):
            raise AssertionError(f"{commands} were to be refused: {output}\n{errors}")
        return lines
