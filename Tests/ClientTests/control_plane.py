"""Runs `millrace up` as its users do, and the operator's commands against it."""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MILLRACE_BINARY", CHECKOUT / ".build/debug/millrace"))
CLOUD = "millrace"

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10
COMMAND_TIMEOUT_S = 30
READY = re.compile(r"^millrace \S+ is ready at (http://127\.0\.0\.1:\d+)$", re.MULTILINE)


class ControlPlane:
    """A control plane with simulated hosts, in a temporary folder of its own."""

    def __init__(self, hosts=2, fleet=None, settings=None):
        """`fleet` is a fleet file's content and takes the place of `hosts` standard hosts.

        `settings` is the server's configuration file.
        """
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-client-tests-"))
        self.state = self.folder / "state"
        self.clouds_file = self.state / "clouds.yaml"
        self.log = self.folder / "log"
        self.url = None
        self._process = None
        self._arguments = ["--simulate", str(hosts)]
        if fleet is not None:
            self._arguments = ["--fleet", self.write("fleet.yaml", yaml.safe_dump(fleet))]
        if settings is not None:
            self._arguments += ["--config", self.write("server.yaml", yaml.safe_dump(settings))]

    def write(self, name, text):
        """The path of a new file in the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def start(self):
        """Starts the program and returns when it says that it is ready."""
        command = [BINARY, "up", *self._arguments, "--state-dir", self.state]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log,
                cwd=self.folder)
        try:
            self.url = self._read_address()
        except AssertionError:
            self.kill()
            raise
        return self

    def _read_address(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        output = ""
        while not (ready := READY.search(output)):
            left = deadline - time.monotonic()
            readable, _, _ = select.select([self._process.stdout], [], [], max(left, 0))
            chunk = os.read(self._process.stdout.fileno(), 4096) if readable else b""
            if not chunk:
                raise AssertionError(f"millrace isn't ready: {output!r}\n{self.log_text}")
            output += chunk.decode()
        return ready.group(1)

    @property
    def log_text(self):
        """All that the program logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def is_running(self):
        """Whether there is a process."""
        return self._process is not None and self._process.poll() is None

    def kill(self):
        """Ends the program as a power failure would."""
        self._end(signal.SIGKILL)

    def stop(self):
        """Asks the program to end, which must take less than `STOP_TIMEOUT_S` and succeed."""
        try:
            status = self._end(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"SIGTERM did not end it within {STOP_TIMEOUT_S} s\n{self.log_text}") from None
        assert status == 0, f"exit status {status} after SIGTERM\n{self.log_text}"

    def _end(self, number):
        if self.is_running:
            self._process.send_signal(number)
        status = self._process.wait(timeout=STOP_TIMEOUT_S)
        self._process.stdout.close()
        return status

    def dispose(self):
        """Stops the program if it runs, and removes the folder."""
        try:
            if self.is_running:
                self.stop()
        finally:
            shutil.rmtree(self.folder)

    @property
    def auth(self):
        """The administrator's credentials, as they stand in `clouds.yaml`."""
        clouds = yaml.safe_load(self.clouds_file.read_text(encoding="utf-8"))
        return clouds["clouds"][CLOUD]["auth"]

    def write_clouds_file(self, name, **auth):
        """A copy of the administrator's file with other credentials; returns its path."""
        clouds = yaml.safe_load(self.clouds_file.read_text(encoding="utf-8"))
        clouds["clouds"][CLOUD]["auth"].update(auth)
        return self.write(name, yaml.safe_dump(clouds))

    def write_token_clouds_file(self, token):
        """A file for clients that have a token already: `openstack` with `auth_type: v3token`."""
        auth = self.auth
        cloud = {
            "auth_type": "v3token", "region_name": "RegionOne", "identity_api_version": "3",
            "auth": {
                "auth_url": auth["auth_url"], "token": token,
                "project_name": auth["project_name"], "project_domain_name": "Default"}}
        return self.write("token.yaml", yaml.safe_dump({"clouds": {CLOUD: cloud}}))

    def command(self, *arguments):
        """Runs an operator's command; returns the finished process."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
        return subprocess.run(
            [BINARY, *arguments, "--state-dir", self.state], env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            timeout=COMMAND_TIMEOUT_S)

    def report(self, *arguments):
        """What an operator's command that must succeed prints as JSON."""
        done = self.command(*arguments, "--format", "json")
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: status {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

