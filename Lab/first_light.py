#!/usr/bin/env python3
"""`make demo` and `make lab-test`: from nothing to a KVM guest on a real vDPA device."""

import argparse
import os
import pathlib
import shutil
import sys
import time

from millrace_lab import certificates, hosts, images, product, state
from millrace_lab.discovery import Discovery
from millrace_lab.errors import LabError
from millrace_lab.faults import Faults
from millrace_lab.first_light import FirstLight
from millrace_lab.numa import Numa

STARTED = time.monotonic()


def report(message):
    """Progress, with the seconds since the command began."""
    print(f"[{time.monotonic() - STARTED:5.0f} s] {message}", flush=True)


def scenario(arguments, server):
    """Everything between booting the hosts and the summary."""
    lab = state.load()
    light = FirstLight(server, [product.AgentHost(entry) for entry in lab["hosts"]],
                       images.stage_directory("guest") / "guest.qcow2", report)
    server.start()
    if len(light.hosts) > 1:
        certificates.install(light.hosts)
    light.join_hosts()
    light.create()
    host, address = light.show()
    light.ping(host, address)
    light.console()
    if arguments.lifecycle:
        Faults(light).run(arguments.steps.split(",") if arguments.steps else None)
        return
    if arguments.faults:
        light.agent_killed(host, address)
        light.server_killed()
    if arguments.numa:
        Numa(light).run()
    if arguments.discovery:
        Discovery(light).run(host)
    report(f"resident memory: server {server.resident_kib()} KiB, agent "
           + host.run("grep VmRSS /proc/$(pgrep -x millrace)/status").split(":")[1].strip())
    if not arguments.keep:
        light.delete()


def main():
    """Boots, runs, and ends what it booted unless it is to be kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, choices=(1, 2), default=1)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--faults", action="store_true", help="also kill agent and server")
    parser.add_argument("--discovery", action="store_true",
                        help="also take devices away and bring them back")
    parser.add_argument("--numa", action="store_true",
                        help="hosts with two NUMA nodes, and a guest with a place on one")
    parser.add_argument("--lifecycle", action="store_true",
                        help="instead of the rest: the guest's whole life, between two hosts")
    parser.add_argument("--steps", help="of the lifecycle these only, such as attach,detach")
    parser.add_argument("--reuse", action="store_true", help="use the hosts that are up")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    arguments = parser.parse_args()
    if arguments.lifecycle and arguments.hosts != 2:
        parser.error("--lifecycle needs --hosts 2")
    for step in (arguments.steps or "").split(","):
        if step and step not in Faults.STEPS:
            parser.error(f"{step} is none of {', '.join(Faults.STEPS)}")
    directory = pathlib.Path(os.environ.get("MILLRACE_LAB_STATE", product.ROOT / ".lab"))
    directory = directory.resolve() / "first-light"
    server = product.Server(arguments.binary.resolve(), directory)
    payload = product.make_payload(arguments.binary, directory / "payload")
    status = 1
    booted = False
    try:
        if not arguments.reuse:
            hosts.up(arguments.hosts, images.build(report), payload, report, arguments.numa)
            booted = True
            # What the server of an earlier run has stored is not this one's.
            shutil.rmtree(directory / "server", ignore_errors=True)
        scenario(arguments, server)
        status = 0
    except LabError as error:
        report(f"FAILED: {error}")
    finally:
        if arguments.keep and status == 0:
            report(f"left running: server pid {server.process.pid}; 'make lab-down' ends the "
                   "hosts")
        else:
            if server.process:
                stopped, seconds = server.stop()
                report(f"the server ended with {stopped} in {seconds:.1f} s")
            if booted:
                hosts.down(report)
    report(f"the guest's console log: {directory / 'console.log'}")
    report(f"clouds.yaml: {server.clouds_file}")
    report(f"logs: {server.log}, {directory.parent}")
    print(f"{1 - status} passed, {status} failed")
    return status


if __name__ == "__main__":
    sys.exit(main())
