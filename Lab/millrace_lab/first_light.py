"""The first scenario: two commands of the real client, and a KVM guest on a real vDPA device."""

import re
import time

from . import ssh, wait
from .errors import LabError

NETWORK = "10.20.0.0/24"
GATEWAY = "10.20.0.1"
GUEST_TIMEOUT_S = 600
AGENT_TIMEOUT_S = 300
PINGS = 5


class FirstLight:
    """One server, the lab's hosts, and the guest `vdpa-vm`."""

    def __init__(self, server, hosts, image, report):
        self.server = server
        self.hosts = hosts
        self.image = image
        self.report = report

    def join_hosts(self):
        """Every host joins, and offers its vDPA devices."""
        for host in self.hosts:
            host.install(self.server)
            self.report(f"{host.name}: the agent was started")
        expected = sum(len(host.entry["vfs"]) for host in self.hosts)
        wait.until(f"{expected} free vDPA devices in 'millrace device list'", AGENT_TIMEOUT_S,
                   lambda: len(self.devices(state="available")) == expected, 2)
        for device in self.devices():
            self.report("  {host} {kind} {address} parent {parent_address} {vdpa_name} "
                        "{mac_address} {state}".format(**device))

    def devices(self, **wanted):
        """The vDPA devices in `millrace device list` with these values."""
        return [device for device in self.server.millrace("device", "list")
                if device["kind"] == "vdpa"
                and all(device[key] == value for key, value in wanted.items())]

    def create(self):
        """What a tenant needs first, then the two commands."""
        run = self.server.openstack
        run("flavor", "create", "--ram", "256", "--vcpus", "1", "--disk", "1", "f1")
        run("image", "create", "--disk-format", "qcow2", "--container-format", "bare",
            "--file", str(self.image), "img1")
        run("network", "create", "--provider-network-type", "flat",
            "--provider-physical-network", "physnet1", "net1")
        run("subnet", "create", "--network", "net1", "--subnet-range", NETWORK, "subnet1")
        self.boot("vdpa-port", "vdpa-vm")

    def boot(self, port, name, *more, flavor="f1"):
        """The two commands."""
        began = time.monotonic()
        self.report(f"openstack port create --network net1 --vnic-type vdpa {port}")
        self.server.openstack(
            "port", "create", "--network", "net1", "--vnic-type", "vdpa", port)
        self.report(f"openstack server create --flavor {flavor} --image img1 --port {port} --wait "
                    f"{name}")
        self.server.openstack("server", "create", "--flavor", flavor, "--image", "img1",
                              "--port", port, "--wait", *more, name)
        self.report(f"{name} is ACTIVE after {time.monotonic() - began:.0f} s")

    def show(self, name="vdpa-vm", port="vdpa-port"):
        """Server, port and device must agree; returns the host and the address."""
        server = self.server.openstack("server", "show", name)
        bound = self.server.openstack("port", "show", port)
        owned = self.devices(port_id=bound["id"])
        self.expect(len(owned) == 1, f"one device belongs to the port, found {owned}")
        device = owned[0]
        self.expect(device["state"] == "allocated", f"the device is allocated: {device}")
        self.expect(device["instance_id"] == server["id"], f"its owner is the server: {device}")
        self.expect(device["mac_address"] == bound["mac_address"],
                    f"port and device have one MAC: {bound['mac_address']}, {device}")
        self.expect(bound["binding_host_id"] == device["host"]
                    == server["OS-EXT-SRV-ATTR:host"], "server, port and device name one host")
        host = next(host for host in self.hosts if host.name == device["host"])
        address = bound["fixed_ips"][0]["ip_address"]
        self.report(f"{name} runs on {host.name}, device {device['vdpa_name']} of "
                    f"{device['address']}, MAC {bound['mac_address']}, address {address}")
        return host, address

    def ping(self, host, address):
        """Pings the guest from its host's br-int: vhost-vdpa, VF, representor, Open vSwitch."""
        host.run(f"ip address replace {GATEWAY}/24 dev br-int && ip link set br-int up")
        wait.until(
            f"the guest to answer at {address}", GUEST_TIMEOUT_S,
            lambda: ssh.run(host.entry, f"ping -c 1 -W 5 {address}", check=False)
            .returncode == 0, 2)
        output = host.run(f"ping -c {PINGS} -W 10 {address}")
        print(output, flush=True)
        self.expect(" 0% packet loss" in output, "no ping is lost")

    def console(self, name="vdpa-vm"):
        """The guest's own words, through the API."""
        result = self.server.openstack("console", "log", "show", name, "--no-json")
        (self.server.directory / "console.log").write_text(result.stdout)
        lines = re.findall(r"millrace-guest: [^\r\n]*", result.stdout)
        for line in lines:
            self.report(f"console: {line}")
        self.expect(any(" address " in line for line in lines), "the guest took its address")
        self.expect(not any("takes over" in line for line in lines),
                    "config drive and device agree on the MAC")

    def delete(self, name="vdpa-vm", port="vdpa-port", alone=True):
        """Deletes the server, and proves that nothing is left: of anything if it was `alone`."""
        self.server.openstack("server", "delete", "--wait", name, "--no-json")
        for host in self.hosts if alone else []:
            left = host.leftovers()
            self.expect(not left, f"{host.name} has nothing left, found {left}")
        busy = [device for device in self.devices() if device["state"] != "available"]
        self.expect(len(busy) == (0 if alone else 1),
                    f"its device is free again, found {busy}")
        bound = self.server.openstack("port", "show", port)
        self.expect(not bound["binding_host_id"] and not bound["device_id"],
                    f"the port is unbound: {bound['binding_host_id']} {bound['device_id']}")
        self.expect(bound["binding_vif_type"] == "unbound", "its vif_type says so")
        self.report(f"{name} is deleted: no domain, no switch port, no file, every device free")

    def agent_killed(self, host, address):
        """kill -9 of the agent while the guest runs changes nothing."""
        before = host.guest_pid()
        host.kill_agent()
        wait.until(f"the agent of {host.name} to be back", AGENT_TIMEOUT_S,
                   lambda: "active" == host.run("systemctl is-active millrace-agent",
                                                check=False).strip(), 2)
        self.server_state("ACTIVE")
        self.expect(host.guest_pid() == before, "the guest's QEMU is the same process")
        self.ping(host, address)
        self.report(f"{host.name}: kill -9 of the agent changed nothing")

    def server_killed(self):
        """kill -9 of the server in the middle of a boot: afterwards the server is ACTIVE."""
        self.server.openstack("port", "create", "--network", "net1", "--vnic-type", "vdpa", "p2")
        self.server.openstack("server", "create", "--flavor", "f1", "--image", "img1",
                              "--port", "p2", "vm2")
        self.server.kill()
        self.server.start()
        self.report("kill -9 of the server in the middle of a boot; it is up again")
        self.server_state("ACTIVE", "vm2")
        self.report("vm2 is ACTIVE all the same")
        self.server.openstack("server", "delete", "--wait", "vm2", "--no-json")

    def server_state(self, wanted, name="vdpa-vm"):
        """Waits until the API shows the server in this state."""
        def look():
            status = self.server.openstack("server", "show", name)["status"]
            self.expect(status in (wanted, "BUILD"), f"{name} is {status}, not {wanted}")
            return status == wanted
        wait.until(f"{name} to be {wanted}", GUEST_TIMEOUT_S, look, 2)

    def expect(self, holds, what):
        """Fails with what did not hold, and what the agents said last."""
        if holds:
            return
        logs = "\n".join(f"{host.name}:\n{host.log()}" for host in self.hosts)
        raise LabError(f"not so: {what}\n{logs}\nserver:\n{wait.tail(self.server.log)}")
