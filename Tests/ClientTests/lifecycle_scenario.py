"""What the tests of a server's life have in common: states, places, and counts of free devices."""

import contextlib

from scenario import Scenario
from waiting import wait_until

HOSTS = ("sim-1", "sim-2")
# vDPA devices of a standard simulated host.
DEVICES = 8


class LifecycleScenario(Scenario):
    """Two hosts with `DEVICES` devices each; every test leaves them all free."""

    @classmethod
    def setUpClass(cls):
        """Makes what servers are made of, and a larger flavor."""
        super().setUpClass()
        cls.prepare_demo()
        flavor = {"name": "f2", "vcpus": 2, "ram": 1024, "disk": 1}
        cls.larger_id = cls.api.expect(
            200, "POST", "/compute/v2.1/flavors", {"flavor": flavor})["flavor"]["id"]

    def tearDown(self):
        """Nothing is left for the next test: no server, no port, no owned device, no image."""
        for server in self.api.servers():
            self.api.delete_server(server["id"])
        for port in self.api.expect(200, "GET", "/network/v2.0/ports")["ports"]:
            self.assertEqual((port["device_id"], port["binding:vif_type"]), ("", "unbound"))
            self.api.expect(204, "DELETE", f"/network/v2.0/ports/{port['id']}")
        wait_until("all devices are free", lambda: self.free() == {
            host: DEVICES for host in HOSTS})
        self.assert_all_free()
        images = self.api.expect(200, "GET", "/image/v2/images")["images"]
        self.assertEqual([image["name"] for image in images], ["img1"])

    # What is there.

    def free(self):
        """The number of free vDPA devices on each host."""
        counts = dict.fromkeys(HOSTS, 0)
        for device in self.api.devices():
            counts[device["host"]] += device["state"] == "available"
        return counts

    def assert_free(self, first, second):
        """Free devices of `sim-1` and `sim-2`."""
        self.assertEqual(self.free(), {HOSTS[0]: first, HOSTS[1]: second})

    def assert_bound(self, port_id, server_id, host):
        """The port is wired on that host, to a device that is the server's."""
        wait_until(
            f"the wire of port {port_id} is up",
            lambda: self.api.port(port_id)["status"] == "ACTIVE")
        port = self.api.port(port_id)
        self.assertEqual(
            (port["device_id"], port["binding:host_id"], port["binding:vif_type"]),
            (server_id, host, "ovs"))
        slot = port["binding:profile"]["pci_slot"]
        [device] = [
            device for device in self.api.devices()
            if (device["host"], device["address"]) == (host, slot)]
        self.assertEqual(
            (device["state"], device["instance_id"], device["port_id"]),
            ("allocated", server_id, port_id))
        [binding] = self.api.expect(
            200, "GET", f"/network/v2.0/ports/{port_id}/bindings")["bindings"]
        self.assertEqual((binding["host"], binding["status"]), (host, "ACTIVE"))

    def actions(self, server_id):
        """Names and messages of what was done to a server, the newest first."""
        rows = self.api.expect(
            200, "GET", f"/compute/v2.1/servers/{server_id}/os-instance-actions")
        return [(row["action"], row["message"]) for row in rows["instanceActions"]]

    def migrations(self, server_id):
        """The moves of a server, the newest first, as operators see them."""
        return self.api.expect(200, "GET", f"/v1/migrations?server={server_id}")["migrations"]

    # Doing things and waiting for their end.

    def until(self, server_id, status, host=None):
        """A server as soon as it has this status, nothing is being done to it, and it is there."""
        def there():
            server = self.api.server(server_id)
            found = (server["status"], server["OS-EXT-STS:task_state"])
            if found[0] == "ERROR" != status:
                raise AssertionError(f"{server.get('fault')}")
            return server if found == (status, None) and (
                host is None or server["OS-EXT-SRV-ATTR:host"] == host) else None
        return wait_until(f"server {server_id} is {status} on {host or 'any host'}", there)

    def act(self, server_id, action, value=None, status=202):
        """An action over plain HTTP; its answer."""
        return self.api.expect(
            status, "POST", f"/compute/v2.1/servers/{server_id}/action", {action: value})

    @contextlib.contextmanager
    def only(self, host):
        """Runs the body while no other host takes servers."""
        others = [other for other in HOSTS if other != host]
        for other in others:
            self.plane.report("host", "disable", other, "--reason", "test")
        try:
            yield
        finally:
            for other in others:
                self.plane.report("host", "enable", other)

    @contextlib.contextmanager
    def dead(self, host):
        """Runs the body while this host's agent is gone and an operator has said so."""
        with self.stopped_agents(host):
            self.plane.report("host", "force-down", host)
            try:
                yield
            finally:
                self.plane.report("host", "force-down", host, "--off")

    def start_server(self, name, host=HOSTS[0]):
        """Port and server, active on this host."""
        with self.only(host):
            port, server = self.create_server(name)
            self.until(server, "ACTIVE", host)
        self.assert_bound(port, server, host)
        return port, server
