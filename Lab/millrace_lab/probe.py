"""Reaches a guest over the lab's fabric, and measures how long it could not be reached."""

import ipaddress
import re

from . import ssh, wait
from .errors import LabError

PINGS = 5
ANSWER_TIMEOUT_S = 600
MEASUREMENT = "/run/lifecycle-outage"


def prepare(host):
    """Gives br-int of the host an address of its own in the guests' network."""
    host.run(f"ip address replace 10.20.0.{250 + host.entry['host']}/24 dev br-int"
             " && ip link set br-int up")


def link_local(mac):
    """The IPv6 address that a guest's kernel makes of a NIC's MAC."""
    octets = bytes.fromhex(mac.replace(":", ""))
    host_part = bytes([octets[0] ^ 2]) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return str(ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + host_part))


def ping(host, address):
    """Waits for an answer, then counts: `(lost, average in ms)` of some pings.

    `vp_vdpa` can't change a MAC, so the guest's changes with its host: what the host learned of
    its neighbours is forgotten first.
    """
    target = f"-6 {address}%br-int" if ":" in address else address
    forget = "ip -4 neigh flush dev br-int; ip -6 neigh flush dev br-int"
    wait.until(f"{host.name} to hear from {address}", ANSWER_TIMEOUT_S,
               lambda: ssh.run(host.entry, f"{forget}; ping -c 1 -W 3 {target}", check=False)
               .returncode == 0, 1)
    output = host.run(f"ping -c {PINGS} -i 0.5 -W 5 {target}", check=False)
    counted = re.search(r"(\d+) packets transmitted, (\d+) received", output)
    if not counted:
        raise LabError(f"{host.name}: ping says nothing: {output}")
    times = re.search(r"= [\d.]+/([\d.]+)/", output)
    return int(counted[1]) - int(counted[2]), float(times[1]) if times else None


def begin_measurement(host, address):
    """Notes on the host at which times of its clock the guest answers, until it is ended."""
    loop = (f"while [ -e {MEASUREMENT}.on ]; do ip neigh flush dev br-int;"
            f" ping -c 1 -W 1 {address} > /dev/null 2>&1 && date +%s%3N >> {MEASUREMENT};"
            " sleep 0.1; done")
    host.run(f": > {MEASUREMENT}; : > {MEASUREMENT}.on;"
             f" nohup sh -c '{loop}' > /dev/null 2>&1 < /dev/null &")


def end_measurement(host):
    """The longest time without an answer, in milliseconds, or None if there were none at all.

    Waits for one more answer: an outage that has not ended yet would not be seen.
    """
    def answers():
        return [int(line) for line in host.run(f"cat {MEASUREMENT}").split()]
    known = len(answers())
    wait.until(f"{host.name} to hear from the guest again", ANSWER_TIMEOUT_S,
               lambda: len(answers()) > known, 1)
    host.run(f"rm -f {MEASUREMENT}.on")
    times = answers()
    return max((after - before for before, after in zip(times, times[1:])), default=None)
