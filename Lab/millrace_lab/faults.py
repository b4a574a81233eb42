"""What fails beside Millrace while it works: libvirt, the guest, a disk, the kernel's limits."""

import concurrent.futures

from . import probe, wait
from .lifecycle import NAME, SECOND_PORT, STATE_TIMEOUT_S, Lifecycle

# Less than the agent's reserve of 1 GiB, and enough for everybody else.
FREE_BYTES = 500_000_000
# The vCPU runs a thousandth of the time.
STARVED = "vcpu_period=1000000 vcpu_quota=1000"
FILL = "/fill"
MAPPINGS_FEW = 20
OTHER_NAME = "other-vm"
OTHER_PORT = "other-port"
# A host is asked for where a server is created: 2.74.
HOST_VERSION = "2.74"


class Faults(Lifecycle):
    """Goes on after the guest's life, or with the steps that were asked for."""

    STEPS = (*Lifecycle.STEPS, "libvirt_killed", "live_migrate_with_libvirt_killed",
             "silent_guest", "full_disk", "dead_nic")

    def last_failure(self):
        """What the newest action of the server says about its failure, once nothing is done."""
        wait.until("no operation to be under way", STATE_TIMEOUT_S,
                   lambda: not self.operations(), 1)
        newest = self.server.openstack("server", "event", "list", NAME)[0]
        shown = self.server.openstack("server", "event", "show", NAME, newest["Request ID"])
        failed = [event for event in shown["events"] if event["result"] == "Error"]
        self.expect(failed, f"the action failed: {shown}")
        return failed[0]["traceback"]

    def operations(self):
        """What is being done now."""
        return self.server.millrace("operation", "list", "--running")

    # The steps

    def libvirt_killed(self):
        """While a port is attached, and while it is detached: both are done."""
        host = self.place()

        def during(*words):
            def kill():
                running = wait.until("the operation to run", STATE_TIMEOUT_S, self.operations, 0.1)
                host.kill_libvirt()
                return running[0]["kind"]
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                killing = pool.submit(kill)
                self.server.openstack(*words, "--no-json")
                self.report(f"libvirtd was killed during {killing.result()}")
        self.server.openstack("port", "create", "--network", "net1", "--vnic-type", "vdpa",
                              SECOND_PORT)
        during("server", "add", "port", NAME, SECOND_PORT)
        self.free(self.taken(host, host))
        self.ping(probe.link_local(self.port(SECOND_PORT)["mac_address"]))
        during("server", "remove", "port", NAME, SECOND_PORT)
        wait.until("the second port to be free", STATE_TIMEOUT_S,
                   lambda: not self.port(SECOND_PORT)["device_id"], 1)
        self.free(self.taken(host), patient=True)
        self.on(host)
        self.server.openstack("port", "delete", SECOND_PORT, "--no-json")

    def live_migrate_with_libvirt_killed(self):
        """libvirtd of either host while the guest is on its way, and when it has just arrived."""
        for victim, moment in (("source", ""), ("destination", ""), ("source", "running")):
            source = self.place()
            destination = self.other(source)
            self.send_to(destination, "--state-running" if moment == "running" else "")
            (source if victim == "source" else destination).kill_libvirt()
            self.await_status("ACTIVE")
            record = self.server.last_migration()
            self.report(f"libvirtd of the {victim} killed: {record['status']}")
            self.ended(record, destination)
            self.audit()

    def silent_guest(self):
        """A guest that does not give its NIC up keeps it, and all is as before."""
        host = self.place()
        domain = host.run("virsh list --name").split()[0]
        host.run(f"virsh schedinfo {domain} --set {STARVED} --live")
        try:
            self.server.openstack("server", "remove", "port", NAME, "vdpa-port", "--no-json")
            failure = self.last_failure()
        finally:
            host.run(f"virsh schedinfo {domain} --set vcpu_quota=-1 --live", check=False)
        self.report(f"detach: {failure}")
        self.expect("was asked 8 times" in failure, "the failure tells of the guest's silence")
        self.await_status("ACTIVE")
        self.free(self.taken(host))
        self.on(host)

    def full_disk(self):
        """A cold migration to a host without room fails, and the guest runs where it was."""
        source = self.place()
        destination = self.other(source)
        destination.run(f"fallocate -l $(( $(df -B1 --output=avail / | tail -1) - {FREE_BYTES} ))"
                        f" {FILL}")
        try:
            self.server.openstack("server", "migrate", NAME, "--no-json")
            failure = self.last_failure()
        finally:
            destination.run(f"rm -f {FILL}")
        self.report(f"migrate: {failure}")
        self.expect("bytes free" in failure, "the failure tells of the room that is missing")
        self.await_status("ACTIVE")
        self.expect(self.place() is source, f"{NAME} is on {source.name}")
        self.clean(destination)
        self.free(self.taken(source), patient=True)
        self.on(source)

    def dead_nic(self):
        """Where the kernel can't map a guest's memory, the server fails and says why."""
        host = self.other(self.place())
        self.load_vhost(host, f"max_iotlb_entries={MAPPINGS_FEW}")
        try:
            self.server.openstack("port", "create", "--network", "net1", "--vnic-type", "vdpa",
                                  OTHER_PORT)
            self.server.openstack(
                "--os-compute-api-version", HOST_VERSION, "server", "create", "--flavor", "f1",
                "--image", "img1", "--port", OTHER_PORT, "--host", host.name, "--wait",
                OTHER_NAME, "--no-json", check=False)
            shown = self.server.openstack("server", "show", OTHER_NAME)
            self.expect(shown["status"] == "ERROR", f"{OTHER_NAME} is {shown['status']}")
            failure = shown["fault"]["details"]
            self.report(f"boot: {failure}")
            self.expect("could not map the guest's memory" in failure, "the fault says why")
            self.server.openstack("server", "delete", "--wait", OTHER_NAME, "--no-json")
            self.server.openstack("port", "delete", OTHER_PORT, "--no-json")
            self.clean(host)
        finally:
            self.load_vhost(host, "")
        self.free(self.taken(self.other(host)), patient=True)

    def load_vhost(self, host, parameters):
        """Loads the kernel's vhost-vdpa driver anew; no guest may run on the host."""
        host.run("systemctl stop millrace-agent && modprobe -r vhost_vdpa"
                 f" && modprobe vhost_vdpa {parameters} && systemctl start millrace-agent")
