"""Starts and ends the emulated compute hosts."""

import concurrent.futures
import os
import socket
import subprocess
import time

from . import layout, links, process, qemu, ssh, state, wait
from .errors import LabError

GREETING_TIMEOUT_S = 900
BOOT_TIMEOUT_S = 300
FILE_SYSTEM_SLACK_MIB = 16
READY_SERVICES = "millrace-vdpa-provision.service libvirtd.service openvswitch-switch.service"


def _free_tcp_port():
    """A loopback port nobody listens on now; QEMU fails visibly if it is taken until it binds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_payload(source):
    """An ext4 image of a directory in the state directory, for /opt/millrace on every host."""
    if not os.path.isdir(source):
        raise LabError(f"the payload {source} is not a directory")
    size = sum(os.lstat(os.path.join(folder, name)).st_size
               for folder, _, names in os.walk(source) for name in names)
    mebibytes = size * 5 // 4 // 2**20 + FILE_SYSTEM_SLACK_MIB
    image = state.directory() / "payload.img"
    image.unlink(missing_ok=True)
    done = subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-m", "0", "-L", "payload", "-d", str(source),
         str(image), f"{mebibytes}M"],
        capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise LabError(f"mke2fs could not make the payload of {source}: {done.stderr.strip()}")
    return image


def _start(host, images, wires, payload, numa):
    """Starts one host's QEMU; its record for the state file."""
    port = _free_tcp_port()
    name = layout.host_name(host)
    with open(state.directory() / f"{name}.qemu.log", "wb") as log:
        child = subprocess.Popen(
            qemu.command_line(host, images, wires, port, payload, numa),
            cwd=state.directory(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            pass_fds=wires.descriptors(), start_new_session=True,
            # The unlinked file that takes a snapshot disk's writes.
            env=dict(os.environ, TMPDIR=str(state.directory())))
    return {
        "host": host,
        "name": name,
        "pid": child.pid,
        "started": process.start_ticks(child.pid),
        "ssh_port": port,
        "numa": numa,
        "key": str(images["l1"] / "id_ed25519"),
        "console_log": str(state.directory() / f"{name}.console.log"),
        "qemu_log": str(state.directory() / f"{name}.qemu.log"),
        "vfs": layout.vf_table(host),
    }


def is_running(entry):
    """Whether the host's QEMU runs."""
    return process.is_running(entry["pid"], entry["started"])


def _must_run(entry):
    if not is_running(entry):
        raise LabError(f"{entry['name']}: its QEMU ended")


def _greets(entry):
    _must_run(entry)
    return ssh.answers(entry["ssh_port"])


def _check_vfs(entry):
    """Compares what the host made of its VFs with what the lab gave it."""
    listed = ssh.run(entry, f"cat {layout.PROVISION_TABLE}").stdout.split("\n")
    found = [line.split() for line in listed if line]
    for vf, fields in zip(entry["vfs"], found):
        vf["pci_address"] = fields[1]
    wanted = [[str(vf["index"]), vf.get("pci_address"), vf["vdpa_device"], vf["char_device"],
               vf["mac"], vf["representor"]] for vf in entry["vfs"]]
    if wanted != found:
        raise LabError(f"{entry['name']}: expected the VFs {wanted}, the host has {found}")


def _wait_ready(entry, report):
    begun = time.monotonic()
    try:
        wait.until(f"{entry['name']} to answer ssh", GREETING_TIMEOUT_S, lambda: _greets(entry))
        report(f"{entry['name']}: answers ssh after {time.monotonic() - begun:.0f} s")
        # Ends with 1 for a system that is up with some failed unit; what counts is asked next.
        ssh.run(entry, "systemctl is-system-running --wait", BOOT_TIMEOUT_S, check=False)
        # On an overloaded machine a NIC may appear later than a unit waits for it: once again.
        ssh.run(entry, f"for unit in {READY_SERVICES}; do systemctl is-active --quiet $unit"
                       " || systemctl restart $unit"
                       " || { systemctl status --no-pager --full $unit; exit 1; }; done >&2",
                BOOT_TIMEOUT_S)
        _check_vfs(entry)
    except LabError as error:
        raise LabError(f"{error}\n  end of {entry['console_log']}:\n"
                       f"{wait.tail(entry['console_log'])}\n  end of {entry['qemu_log']}:\n"
                       f"{wait.tail(entry['qemu_log'])}") from error
    report(f"{entry['name']}: ready after {time.monotonic() - begun:.0f} s, "
           f"ssh port {entry['ssh_port']}")


def _wait_all_ready(lab, report):
    with concurrent.futures.ThreadPoolExecutor(len(lab["hosts"])) as pool:
        waits = [pool.submit(_wait_ready, entry, report) for entry in lab["hosts"]]
        try:
            for done in concurrent.futures.as_completed(waits):
                done.result()
        except BaseException:
            # Leaving the pool waits for its threads; they give up once their host is gone.
            for entry in lab["hosts"]:
                process.end(entry["pid"], entry["started"])
            raise


def _end_all(lab, report):
    for entry in lab["hosts"]:
        if not process.end(entry["pid"], entry["started"]):
            raise LabError(f"{entry['name']}: process {entry['pid']} does not end")
        report(f"{entry['name']}: down")
    state.forget()


def up(host_count, images, payload_source, report, numa=False):
    """Boots the hosts and waits until they are ready; ends them again if that fails."""
    with state.exclusive():
        running = [entry["name"] for entry in state.load()["hosts"] if is_running(entry)]
        if running:
            raise LabError(f"{', '.join(running)} already up (in {state.directory()}); "
                           "`lab.py status` tells, `lab.py down` ends it")
        payload = make_payload(payload_source) if payload_source else None
        lab = {"hosts": [], "payload": str(payload) if payload else None,
               "images": {stage: str(path) for stage, path in images.items()}}
        try:
            with links.Wires() as wires:
                for host, ends in links.wire(wires, host_count).items():
                    lab["hosts"].append(_start(host, images, ends, payload, numa))
                    state.save(lab)
            _wait_all_ready(lab, report)
            state.save(lab)
        except BaseException:
            _end_all(lab, report)
            raise


def down(report):
    """Ends what `up` started, nothing else."""
    with state.exclusive():
        lab = state.load()
        if not lab["hosts"]:
            report(f"nothing is up in {state.directory()}")
        _end_all(lab, report)
        (state.directory() / "payload.img").unlink(missing_ok=True)
