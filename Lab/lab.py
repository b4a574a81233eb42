#!/usr/bin/env python3
"""The Millrace lab: emulated compute hosts with SR-IOV, real vDPA devices, KVM and libvirt."""

import argparse
import json
import os
import signal
import sys
import time

from millrace_lab import guest, hosts, images, layout, ssh, state
from millrace_lab.errors import LabError

EXIT_FAILED = 1
STARTED = time.monotonic()


def report(message):
    """Progress for the person at the terminal, with the seconds since the command began."""
    print(f"[{time.monotonic() - STARTED:5.0f} s] {message}", file=sys.stderr, flush=True)


def command_images(arguments):
    """Builds the images that are not built."""
    built = images.build(report)
    if arguments.prune:
        images.prune(report)
    for stage, path in built.items():
        print(f"{stage}\t{path}")


def command_up(arguments):
    """Builds what is missing and boots the hosts."""
    hosts.up(arguments.hosts, images.build(report), arguments.payload, report, arguments.numa)


def command_down(_):
    """Ends the hosts."""
    hosts.down(report)


def command_status(arguments):
    """Tells what is up; exits with 1 if nothing is."""
    lab = state.load()
    for entry in lab["hosts"]:
        entry["running"] = hosts.is_running(entry)
    if arguments.json:
        print(json.dumps(lab, indent=2))
    else:
        for entry in lab["hosts"]:
            condition = "running" if entry["running"] else "ended"
            print(f"{entry['name']}: {condition}, pid {entry['pid']}, "
                  f"ssh port {entry['ssh_port']}, console {entry['console_log']}")
            for vf in entry["vfs"]:
                print(f"  VF {vf['index']}: {vf.get('pci_address', '-')} {vf['vdpa_device']} "
                      f"{vf['char_device']} {vf['mac']} {vf['representor']}")
    return 0 if any(entry["running"] for entry in lab["hosts"]) else EXIT_FAILED


def command_ssh(arguments):
    """Runs a command on a host, or opens a shell there; takes the place of this process."""
    line = ssh.command_line(state.host(arguments.host), arguments.command)
    os.execvp(line[0], line)


def command_push(arguments):
    """Copies files into a host."""
    ssh.copy(state.host(arguments.host), arguments.source, arguments.destination)


def command_gateway(arguments):
    """Gives br-int of a host an address: the lab's own probe into a tenant's network."""
    change = "add" if arguments.action == "add" else "del"
    ssh.run(state.host(arguments.host),
            f"ip address {change} {arguments.address} dev br-int && ip link set br-int up")


def command_check(_):
    """Boots a guest on a vDPA device of each host and pings it; nothing of Millrace takes part."""
    lab = state.load()
    if not lab["hosts"]:
        raise LabError("nothing is up; start it with `lab.py up`")
    guest.check(lab["hosts"], images.stage_directory("guest") / "guest.qcow2", report)


def _parser():
    parser = argparse.ArgumentParser(prog="lab.py", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name, run):
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        return command

    add("images", command_images).add_argument(
        "--prune", action="store_true", help="also remove images of earlier recipes")
    up = add("up", command_up)
    up.add_argument("--hosts", type=int, default=1, choices=range(1, layout.MAX_HOSTS + 1))
    up.add_argument("--payload", metavar="DIR", help="appears read-only as /opt/millrace")
    up.add_argument("--numa", action="store_true",
                    help="two NUMA nodes, huge pages, the SR-IOV NIC on node 0")
    add("down", command_down)
    add("status", command_status).add_argument("--json", action="store_true")
    add("check", command_check)
    shell = add("ssh", command_ssh)
    push = add("push", command_push)
    gateway = add("gateway", command_gateway)
    for command in (shell, push, gateway):
        command.add_argument("--host", type=int, default=1)
    shell.add_argument("command", nargs=argparse.REMAINDER, metavar="[--] COMMAND")
    push.add_argument("source", nargs="+")
    push.add_argument("destination")
    gateway.add_argument("--address", required=True, help="for example 10.20.0.1/24")
    gateway.add_argument("--action", choices=("add", "remove"), default="add")
    return parser


def _stop(number, _):
    raise LabError(f"stopped by signal {signal.Signals(number).name}")


def main():
    """Runs one subcommand; a failure is one message on standard error and exit status 1."""
    signal.signal(signal.SIGTERM, _stop)
    arguments = _parser().parse_args()
    if getattr(arguments, "command", None) and arguments.command[0] == "--":
        arguments.command = arguments.command[1:]
    try:
        return arguments.run(arguments)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
