"""Commands and files into a host, without a trace in the user's own ssh configuration."""

import socket
import subprocess

from . import layout
from .errors import LabError

CONNECT_TIMEOUT_S = 15
BANNER_TIMEOUT_S = 5
COMMAND_TIMEOUT_S = 120
COPY_TIMEOUT_S = 600


def _options(entry):
    settings = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
        "IdentitiesOnly": "yes",
        # The cheapest for a host whose every instruction is emulated.
        "KexAlgorithms": "curve25519-sha256",
        "HostKeyAlgorithms": "ssh-ed25519",
        "Ciphers": "aes128-gcm@openssh.com",
        "ConnectTimeout": str(CONNECT_TIMEOUT_S),
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "8",
    }
    options = ["-F", "none", "-i", entry["key"]]
    for name, value in settings.items():
        options += ["-o", f"{name}={value}"]
    return options


def command_line(entry, command=()):
    """The ssh command that runs command on the host, or opens a shell without one."""
    return ["ssh", *_options(entry), "-p", str(entry["ssh_port"]),
            f"{layout.SSH_USER}@127.0.0.1", *command]


def run(entry, command, timeout_s=COMMAND_TIMEOUT_S, check=True):
    """Runs a shell command on the host; its completed process, output captured as text."""
    try:
        done = subprocess.run(command_line(entry, [command]), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{entry['name']}: `{command}` did not end in {timeout_s} s") from error
    if check and done.returncode != 0:
        raise LabError(f"{entry['name']}: `{command}` ended with {done.returncode}: "
                       f"{(done.stderr or done.stdout).strip()}")
    return done


def copy(entry, sources, destination):
    """Copies files or directories to a path on the host."""
    target = f"{layout.SSH_USER}@127.0.0.1:{destination}"
    try:
        done = subprocess.run(
            ["scp", "-q", "-r", *_options(entry), "-P", str(entry["ssh_port"]), *sources, target],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=COPY_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{entry['name']}: copying {', '.join(sources)} did not end in "
                       f"{COPY_TIMEOUT_S} s") from error
    if done.returncode != 0:
        raise LabError(f"{entry['name']}: copying {', '.join(sources)} failed: "
                       f"{done.stderr.strip()}")


def answers(port):
    """Whether an ssh server greets on that loopback port.

    QEMU accepts connections long before the host's own server is there, so only a greeting counts.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=BANNER_TIMEOUT_S) as client:
            client.settimeout(BANNER_TIMEOUT_S)
            return client.recv(4) == b"SSH-"
    except OSError:
        return False
