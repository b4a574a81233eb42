"""The whole lifecycle of a server between two hosts: real libvirt, KVM, vDPA, the real client."""

import time

from . import probe, wait

STATE_TIMEOUT_S = 900
RETURN_TIMEOUT_S = 600
NAME = "vdpa-vm"
PORT = "vdpa-port"
SECOND_PORT = "vdpa-port-2"
# Host and microversion are given where a server is unshelved: 2.91.
UNSHELVE_VERSION = "2.91"
NO_RESTART = "/run/systemd/system/millrace-agent.service.d/lab.conf"


class Lifecycle:
    """Goes on after `FirstLight` with its guest; leaves nothing."""

    def __init__(self, light):
        self.light = light
        self.server = light.server
        self.hosts = light.hosts
        self.expect = light.expect
        self.audits = None
        self.lost = None
        self.outages = []

    STEPS = ("booted", "attach", "detach", "suspend", "resume", "live_migrate",
             "live_migrate_with_agent_killed", "cold_migrate", "resize_revert", "shelve",
             "unshelve", "evacuate", "host_returns")

    def run(self, steps=None):
        """Every step in turn, or `steps`, each followed by the same checks; then the deletion."""
        for step in steps or self.STEPS:
            self.step(step)
        self.step("delete")
        for line in self.outages:
            self.report(line)

    def step(self, name):
        """One step, its time, and what must hold after it."""
        began = time.monotonic()
        self.report(f"--- {name}")
        getattr(self, name)()
        self.report(f"--- {name} took {time.monotonic() - began:.0f} s")
        self.audit()

    def report(self, message):
        """Progress."""
        self.light.report(message)

    # What is asked again and again

    def show(self):
        """The server as the client shows it."""
        return self.server.openstack("server", "show", NAME)

    def await_status(self, wanted, transient=()):
        """Waits until nothing is under way and the server is as wanted; returns it."""
        def look():
            shown = self.show()
            if shown["OS-EXT-STS:task_state"]:
                return None
            self.expect(shown["status"] in (wanted, *transient),
                        f"{NAME} is {wanted}, found {shown['status']}: {shown.get('fault')}")
            return shown if shown["status"] == wanted else None
        return wait.until(f"{NAME} to be {wanted}", STATE_TIMEOUT_S, look, 2)

    def place(self):
        """The host that the server is on."""
        name = self.show()["OS-EXT-SRV-ATTR:host"]
        return next(host for host in self.hosts if host.name == name)

    def other(self, host):
        """The other of the two hosts."""
        return next(other for other in self.hosts if other is not host)

    def port(self, name=PORT):
        """The port as the client shows it."""
        return self.server.openstack("port", "show", name)

    def free(self, expected, patient=False):
        """Free devices on each host: `expected` by the host's name."""
        def count():
            found = {host.name: len(self.light.devices(host=host.name, state="available"))
                     for host in self.hosts}
            return found if found == expected or not patient else None
        found = wait.until(f"free devices {expected}", STATE_TIMEOUT_S, count, 1)
        self.expect(found == expected, f"free devices {expected}, found {found}")
        self.report(f"free devices: {found}")

    def taken(self, *hosts):
        """How many devices are free when each of `hosts` has one taken (twice for two)."""
        return {host.name: len(host.entry["vfs"]) - hosts.count(host) for host in self.hosts}

    def on(self, host):
        """The guest runs there and nowhere else, its port is bound there, and it answers."""
        for each in self.hosts:
            running = each.run("virsh list --name").split()
            self.expect(len(running) == (1 if each is host else 0),
                        f"the guest runs on {host.name} only; {each.name} runs {running}")
        bound = self.port()
        self.expect(bound["binding_host_id"] == host.name and bound["status"] == "ACTIVE",
                    f"the port is active on {host.name}: {bound['binding_host_id']} "
                    f"{bound['status']}")
        self.ping(bound["fixed_ips"][0]["ip_address"])

    def ping(self, address):
        """From both hosts: one is the guest's own, the other is beyond the fabric."""
        for host in self.hosts:
            lost, average = probe.ping(host, address)
            self.report(f"ping {address} from {host.name}: {lost} of {probe.PINGS} lost, "
                        f"{average} ms on average")
            self.expect(lost == 0, f"no ping from {host.name} to {address} is lost, {lost} were")

    def clean(self, host):
        """Nothing of any guest is on the host."""
        wait.until(f"{host.name} to have nothing left", RETURN_TIMEOUT_S,
                   lambda: not host.leftovers(), 2)

    def audit(self):
        """`millrace audit` finds no difference between what is written and what is there.

        While a host is lost, it finds that, and nothing else.
        """
        if self.audits is None:
            self.audits = self.server.can("audit")
            if not self.audits:
                self.report("this program has no `millrace audit`: not asked")
        if not self.audits:
            return
        status, text = self.server.audit()
        if self.lost:
            found = [line.split()[:3] for line in text.splitlines() if "host-silent" in line]
            self.expect(found == [["host-silent", "host", self.lost.name]]
                        and "1 disagrees" in text,
                        f"`millrace audit` finds {self.lost.name} silent only:\n{text}")
            self.report(f"millrace audit: {self.lost.name} is silent, no other difference")
            return
        self.expect(status == 0, f"`millrace audit` finds nothing:\n{text}")
        self.report("millrace audit: no difference")

    # The steps

    def booted(self):
        """The guest of `FirstLight` runs, and can be reached from both hosts."""
        for host in self.hosts:
            probe.prepare(host)
        host = self.place()
        self.free(self.taken(host))
        self.on(host)

    def attach(self):
        """A second port while the guest runs; its NIC answers by its own link-local address."""
        host = self.place()
        self.server.openstack("port", "create", "--network", "net1", "--vnic-type", "vdpa",
                              SECOND_PORT)
        self.server.openstack("server", "add", "port", NAME, SECOND_PORT, "--no-json")
        self.free(self.taken(host, host))
        self.on(host)
        self.ping(probe.link_local(self.port(SECOND_PORT)["mac_address"]))

    def detach(self):
        """The second port is given up by the guest, and free."""
        host = self.place()
        self.server.openstack("server", "remove", "port", NAME, SECOND_PORT, "--no-json")
        def is_free():
            return not self.port(SECOND_PORT)["device_id"]
        wait.until("the second port to be free", STATE_TIMEOUT_S, is_free, 1)
        self.free(self.taken(host), patient=True)
        ports = [port for port in host.run("ovs-vsctl list-ports br-int").split()
                 if port.startswith("rep")]
        self.expect(len(ports) == 1, f"one port is left on the switch, found {ports}")
        self.on(host)
        self.server.openstack("port", "delete", SECOND_PORT, "--no-json")

    def suspend(self):
        """Memory saved, no QEMU, no switch port; the device stays the server's."""
        host = self.place()
        self.server.openstack("server", "suspend", NAME, "--no-json")
        self.await_status("SUSPENDED", ("ACTIVE",))
        self.expect(host.guest_pid() is None, "no QEMU runs")
        self.expect("switch ports" not in host.leftovers(), "no port is on the switch")
        self.expect(host.run("ls /var/lib/libvirt/qemu/save").split(), "memory is saved")
        self.free(self.taken(host))

    def resume(self):
        """The same guest goes on, with its NIC."""
        host = self.place()
        self.server.openstack("server", "resume", NAME, "--no-json")
        self.await_status("ACTIVE", ("SUSPENDED",))
        self.free(self.taken(host))
        self.on(host)

    def live_migrate(self):
        """To the other host, running."""
        source = self.place()
        destination = self.other(source)
        probe.begin_measurement(source, self.port()["fixed_ips"][0]["ip_address"])
        self.server.openstack("server", "migrate", "--live-migration", "--wait", NAME,
                              "--no-json")
        self.await_status("ACTIVE")
        self.note_outage(source)
        self.expect(self.place() is destination, f"{NAME} is on {destination.name}")
        self.clean(source)
        self.free(self.taken(destination))
        self.on(destination)

    def note_outage(self, measuring):
        """The outage as the record has it, and as pings from the former host saw it."""
        record = self.server.last_migration()
        pings = probe.end_measurement(measuring)
        line = (f"live migration {record['source_host']} -> {record['destination_host']}: "
                f"{record['status']}, network outage {record['network_outage_ms']} ms by its"
                f" record, {pings} ms without an answer to a ping")
        self.outages.append(line)
        self.report(line)
        return record

    def live_migrate_with_agent_killed(self):
        """kill -9 of the destination's agent while the guest is on its way."""
        source = self.place()
        destination = self.other(source)
        probe.begin_measurement(source, self.port()["fixed_ips"][0]["ip_address"])
        self.send_to(destination)
        destination.kill_agent()
        self.report(f"kill -9 of the agent of {destination.name}, which the guest is coming to")
        self.await_status("ACTIVE")
        self.ended(self.note_outage(source), destination)

    def send_to(self, destination, states=""):
        """Asks for a live migration, and waits until the guest is there in one of `states`."""
        self.server.openstack("server", "migrate", "--live-migration", NAME, "--no-json")
        wait.until("the guest to arrive", STATE_TIMEOUT_S,
                   lambda: destination.run(f"virsh list --name {states}", check=False).split(),
                   0.1)

    def ended(self, record, destination):
        """The guest is on the host that its migration's record says, and nowhere else."""
        host = self.place()
        self.expect((host is destination) == (record["status"] == "completed"),
                    f"{NAME} is on {host.name}, and its migration is {record['status']}")
        self.clean(self.other(host))
        self.free(self.taken(host), patient=True)
        self.on(host)

    def cold_migrate(self):
        """Off, moved, started on the other host, confirmed."""
        source = self.place()
        destination = self.other(source)
        self.server.openstack("server", "migrate", "--wait", NAME, "--no-json")
        self.await_status("VERIFY_RESIZE")
        self.free(self.taken(source, destination))
        self.on(destination)
        self.server.openstack("server", "migration", "confirm", NAME, "--no-json")
        self.await_status("ACTIVE", ("VERIFY_RESIZE",))
        self.clean(source)
        self.free(self.taken(destination), patient=True)
        self.on(destination)

    def resize_revert(self):
        """To another flavor and back."""
        host = self.place()
        self.server.openstack("flavor", "create", "--ram", "320", "--vcpus", "1", "--disk", "1",
                              "f2")
        self.server.openstack("server", "resize", "--flavor", "f2", "--wait", NAME, "--no-json")
        self.await_status("VERIFY_RESIZE")
        resized = self.place()
        self.on(resized)
        self.server.openstack("server", "resize", "revert", NAME, "--no-json")
        self.await_status("ACTIVE", ("VERIFY_RESIZE",))
        self.expect(self.place() is host, f"{NAME} is back on {host.name}")
        self.free(self.taken(host), patient=True)
        self.on(host)

    def shelve(self):
        """Off its host: no device is taken anywhere."""
        self.shelved_from = self.place()
        self.server.openstack("server", "shelve", "--offload", "--wait", NAME, "--no-json")
        self.await_status("SHELVED_OFFLOADED", ("SHELVED", "ACTIVE"))
        for host in self.hosts:
            self.clean(host)
        self.free(self.taken())

    def unshelve(self):
        """To the host where it was not."""
        host = self.other(self.shelved_from)
        self.server.openstack("--os-compute-api-version", UNSHELVE_VERSION, "server", "unshelve",
                              "--host", host.name, "--wait", NAME, "--no-json")
        self.await_status("ACTIVE", ("SHELVED_OFFLOADED",))
        self.expect(self.place() is host, f"{NAME} is on {host.name}")
        self.free(self.taken(host))
        self.on(host)

    def evacuate(self):
        """QEMU and agent of its host are killed; the server is built anew on the other one.

        From microversion 2.95 on it is off afterwards, and the client's `--wait` waits in vain.
        """
        self.lost = self.place()
        rescuer = self.other(self.lost)
        self.lost.run(f"mkdir -p $(dirname {NO_RESTART}) && printf '[Service]\\nRestart=no\\n'"
                      f" > {NO_RESTART} && systemctl daemon-reload")
        self.lost.kill_agent()
        self.lost.run(f"kill -9 {self.lost.guest_pid()}")
        self.report(f"kill -9 of agent and QEMU of {self.lost.name}")
        self.server.openstack("compute", "service", "set", "--down", self.lost.name,
                              "nova-compute", "--no-json")
        self.server.openstack("server", "evacuate", NAME, "--no-json")
        self.await_status("SHUTOFF", ("ACTIVE",))
        self.expect(self.place() is rescuer, f"{NAME} is on {rescuer.name}")
        self.server.openstack("server", "start", NAME, "--no-json")
        self.await_status("ACTIVE", ("SHUTOFF",))
        self.on(rescuer)

    def host_returns(self):
        """The agent of the lost host comes back: nothing of the guest is left there."""
        self.lost.run(f"rm {NO_RESTART} && systemctl daemon-reload"
                      " && systemctl start millrace-agent")
        self.server.openstack("compute", "service", "set", "--up", self.lost.name,
                              "nova-compute", "--no-json")
        self.clean(self.lost)
        host = self.other(self.lost)
        self.lost = None
        self.free(self.taken(host), patient=True)
        self.on(host)

    def delete(self):
        """Nothing is left of it."""
        self.light.delete()
        self.free(self.taken())
