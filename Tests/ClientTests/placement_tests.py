"""Where servers go, and what is said when they can't go anywhere."""

import unittest

from control_plane import ControlPlane
from scenario import Scenario
from waiting import wait_until

DEVICES = 8


class FullHostTests(Scenario):
    """One host with eight devices."""

    @classmethod
    def make_plane(cls):
        """The host comes from a fleet file."""
        card = {
            "vendor_id": "15b3", "product_id": "101d", "vf_product_id": "101e",
            "physical_network": "physnet1", "vfs": DEVICES, "vdpa": DEVICES, "numa_node": 0}
        host = {
            "name": "only", "cpus": 64, "memory_mib": 262144, "numa_nodes": 2, "pfs": [card]}
        return ControlPlane(fleet={"hosts": [host]})

    def test_ninth_server(self):
        """It fails, names what is missing, leaves nothing; a freed device helps the next."""
        self.prepare_demo()
        pairs = [self.create_server(f"vm-{number}") for number in range(DEVICES)]
        for _, server in pairs:
            self.assertEqual(self.api.settled(server)["status"], "ACTIVE")
        self.assertEqual(
            {device["instance_id"] for device in self.api.devices()},
            {server for _, server in pairs})
        self._one_too_many()
        self.delete_servers(pairs.pop())
        pairs.append(self.create_server("vm-again"))
        self.assertEqual(self.api.settled(pairs[-1][1])["status"], "ACTIVE")
        self.delete_servers(*pairs)
        self.assert_all_free()

    def _one_too_many(self):
        [port] = self.openstack.batch_json(
            "port create --network net1 --vnic-type vdpa ninth-port")
        done = self.openstack.run(
            "server", "create", "--flavor", "f1", "--image", "img1", "--port", "ninth-port",
            "--wait", "ninth")
        self.assertNotEqual(done.returncode, 0)
        [server] = self.openstack.batch_json("server show ninth")
        self.assertEqual(server["status"], "ERROR")
        self.assertIn("no free vdpa device on physnet1", server["fault"]["message"])
        told = self.plane.command("explain", "server", "ninth")
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertRegex(told.stdout, r"only\b.*no free vdpa device on physnet1")
        explained = self.plane.report("explain", "server", "ninth")
        self.assertEqual([row["host"] for row in explained["hosts"]], ["only"])
        found = self.api.port(port["id"])
        self.assertEqual((found["device_id"], found["binding:host_id"]), ("", ""))
        self.delete_servers((port["id"], server["id"]))


class HostDownTests(Scenario):
    """Two hosts whose agents stop."""

    @classmethod
    def setUpClass(cls):
        """Makes what servers are made of."""
        super().setUpClass()
        cls.prepare_demo()

    def hypervisors(self):
        """State by host, from the real client."""
        [rows] = self.openstack.batch_json("hypervisor list")
        return {row["Hypervisor Hostname"]: row["State"] for row in rows}

    def test_hosts_going_down(self):
        """Servers go to the host that is up; with none up they fail and say so."""
        with self.stopped_agents("sim-1"):
            self.assertEqual(self.hypervisors(), {"sim-1": "down", "sim-2": "up"})
            pairs = [self.create_server(f"vm-{number}") for number in range(3)]
            for _, server in pairs:
                found = self.api.settled(server)
                self.assertEqual(
                    (found["status"], found["OS-EXT-SRV-ATTR:host"]), ("ACTIVE", "sim-2"))
            self.delete_servers(*pairs)
            with self.stopped_agents("sim-2"):
                self._no_host_is_up()
        wait_until(
            "both hosts are up",
            lambda: {row["state"] for row in self.api.expect(
                200, "GET", "/compute/v2.1/os-hypervisors/detail")["hypervisors"]} == {"up"})
        pair = self.create_server("vm-after")
        self.assertEqual(self.api.settled(pair[1])["status"], "ACTIVE")
        self.delete_servers(pair)
        self.assert_all_free()

    def _no_host_is_up(self):
        pair = self.create_server("nowhere")
        server = self.api.settled(pair[1])
        self.assertEqual(server["status"], "ERROR")
        self.assertRegex(server["fault"]["message"], r"compute host.* down")
        hosts = self.plane.report("explain", "server", "nowhere")["hosts"]
        self.assertEqual({row["host"] for row in hosts}, {"sim-1", "sim-2"})
        self.assert_all_free()
        port = self.api.port(pair[0])
        self.assertEqual(
            (port["device_id"], port["binding:host_id"], port["binding:vif_type"]),
            ("", "", "unbound"))
        self.delete_servers(pair)

    def test_delete_while_the_host_is_down(self):
        """A server is not gone before its host has let it go; then all of it is."""
        port, server = self.create_server("asleep")
        host = self.api.settled(server)["OS-EXT-SRV-ATTR:host"]
        with self.stopped_agents(host):
            self.api.expect(204, "DELETE", f"/compute/v2.1/servers/{server}")
            owners = {device["instance_id"] for device in self.api.devices()}
            self.assertIn(server, owners)
        wait_until(
            "the server is gone",
            lambda: self.api.request("GET", f"/compute/v2.1/servers/{server}")[0] == 404)
        self.api.expect(204, "DELETE", f"/network/v2.0/ports/{port}")
        wait_until(
            "the device is free",
            lambda: all(row["instance_id"] is None for row in self.api.devices()))
        self.assert_all_free()


if __name__ == "__main__":
    unittest.main()
