"""Boots the tenant's guest on a vDPA device by hand-written libvirt XML, to prove a host.

Nothing of Millrace takes part: when this fails the lab is at fault, when only Millrace's own
instances fail it is not.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import uuid
import xml.sax.saxutils

from . import ssh, wait

MEMORY_MIB = 256
SUBNET = "10.20.0"
NETMASK = "255.255.255.0"
PREFIX_LENGTH = 24
PROBE_ADDRESS = 250
HOST_DIRECTORY = "/var/lib/libvirt/images/millrace-check"
ANSWER_TIMEOUT_S = 300
SHUTDOWN_TIMEOUT_S = 90
CONFIG_DRIVE_TIMEOUT_S = 60


def guest_address(host, index):
    """The address of the guest on VF index of a host; unique within a lab."""
    return f"{SUBNET}.{host * 10 + index}"


def guest_name(index):
    """The domain on VF index."""
    return f"check{index}"


def metadata(name, mac, address):
    """The two documents of an OpenStack config drive, for one NIC with one IPv4 address."""
    return {
        "meta_data.json": {"uuid": str(uuid.uuid4()), "name": name, "hostname": name},
        "network_data.json": {
            "links": [{"id": "tap0", "type": "phy", "ethernet_mac_address": mac, "mtu": 1500}],
            "networks": [{"id": "network0", "type": "ipv4", "link": "tap0",
                          "ip_address": address, "netmask": NETMASK, "routes": []}],
            "services": [],
        },
    }


def domain_xml(name, vf, folder):
    """The domain: q35, KVM, a disk, a config drive, one vDPA NIC, the console to a file."""
    quote = xml.sax.saxutils.quoteattr
    return f"""<domain type='kvm'>
  <name>{xml.sax.saxutils.escape(name)}</name>
  <memory unit='MiB'>{MEMORY_MIB}</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/><apic/></features>
  <cpu mode='host-passthrough'/>
  <on_reboot>restart</on_reboot>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file={quote(folder + '/disk.qcow2')}/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <source file={quote(folder + '/config.iso')}/>
      <target dev='sda' bus='sata'/>
      <readonly/>
    </disk>
    <interface type='vdpa'>
      <mac address={quote(vf['mac'])}/>
      <source dev={quote(vf['char_device'])}/>
      <model type='virtio'/>
    </interface>
    <serial type='file'>
      <source path={quote(folder + '/console.log')}/>
      <target port='0'/>
    </serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def _config_drive(folder, documents):
    latest = folder / "tree/openstack/latest"
    latest.mkdir(parents=True)
    for file_name, document in documents.items():
        (latest / file_name).write_text(json.dumps(document), encoding="utf-8")
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-J", "-R", "-V", "config-2",
                    "-o", str(folder / "config.iso"), str(folder / "tree")],
                   check=True, capture_output=True, timeout=CONFIG_DRIVE_TIMEOUT_S)
    shutil.rmtree(folder / "tree")


def start(entry, index, image):
    """Boots the guest on VF index and plugs the representor into br-int."""
    vf, name = entry["vfs"][index], guest_name(index)
    folder = f"{HOST_DIRECTORY}/{name}"
    if ssh.run(entry, f"test -e {HOST_DIRECTORY}/guest.qcow2", check=False).returncode != 0:
        ssh.run(entry, f"mkdir -p {HOST_DIRECTORY}")
        ssh.copy(entry, [str(image)], f"{HOST_DIRECTORY}/guest.qcow2")
    with tempfile.TemporaryDirectory(prefix="millrace-lab-") as scratch:
        local = pathlib.Path(scratch) / name
        local.mkdir()
        _config_drive(local, metadata(name, vf["mac"], guest_address(entry["host"], index)))
        (local / "domain.xml").write_text(domain_xml(name, vf, folder), encoding="utf-8")
        ssh.copy(entry, [str(local)], HOST_DIRECTORY)
    ssh.run(entry, f"set -e; cd {folder};"
                   "qemu-img create -q -f qcow2 -F qcow2 -b ../guest.qcow2 disk.qcow2;"
                   f"ovs-vsctl --may-exist add-port br-int {vf['representor']};"
                   f"virsh --quiet define domain.xml; virsh --quiet start {name}")


def add_probe(entry):
    """Gives br-int an address of the check's subnet; each host of a lab has its own."""
    address = f"{SUBNET}.{PROBE_ADDRESS + entry['host']}/{PREFIX_LENGTH}"
    ssh.run(entry, f"ip address replace {address} dev br-int && ip link set br-int up")


def await_answer(entry, address):
    """Waits until the address answers the host's ping; the last lines of ping's report."""
    wait.until(f"{address} to answer {entry['name']}", ANSWER_TIMEOUT_S, lambda: ssh.run(
        entry, f"ping -c 1 -W 2 {address}", check=False).returncode == 0)
    done = ssh.run(entry, f"ping -c 10 -i 0.3 -W 3 {address}", check=False)
    return " ".join(done.stdout.strip().splitlines()[-2:])


def console(entry, index):
    """What the guest wrote on its console."""
    return ssh.run(entry, f"cat {HOST_DIRECTORY}/{guest_name(index)}/console.log").stdout


def stop(entry, index):
    """Presses the guest's power button, waits for it to end, and removes every trace of it.

    Returns whether the guest ended by itself.
    """
    name, representor = guest_name(index), entry["vfs"][index]["representor"]
    done = ssh.run(entry, f"virsh --quiet shutdown {name} && timeout {SHUTDOWN_TIMEOUT_S} sh -c '"
                          f"until virsh domstate {name} | grep -q off; do sleep 1; done'",
                   SHUTDOWN_TIMEOUT_S * 2, check=False)
    ssh.run(entry, f"virsh --quiet destroy {name} 2> /dev/null; virsh --quiet undefine {name};"
                   f"ovs-vsctl --if-exists del-port br-int {representor};"
                   f"rm -rf {HOST_DIRECTORY}/{name}", check=False)
    return done.returncode == 0


def check(entries, image, report):
    """On each host: a guest on VF 0 that answers its own host and the other; then its end."""
    begun = {}
    try:
        for entry in entries:
            add_probe(entry)
            begun[entry["host"]] = time.monotonic()
            start(entry, 0, image)
            report(f"{entry['name']}: {guest_name(0)} started")
        for entry in entries:
            for target in entries:
                address = guest_address(target["host"], 0)
                loss = await_answer(entry, address)
                seconds = time.monotonic() - begun[target["host"]]
                report(f"{entry['name']}: {address} on {target['name']} answers, "
                       f"{seconds:.0f} s after its start: {loss}")
    finally:
        for entry in (entry for entry in entries if entry["host"] in begun):
            text = console(entry, 0) if begun else ""
            for line in text.replace("\r", "").splitlines():
                report(f"{entry['name']}: console: {line}")
            ended = stop(entry, 0)
            report(f"{entry['name']}: {guest_name(0)} "
                   f"{'powered off when asked' if ended else 'had to be destroyed'}")
