"""What the scheduler is told: server groups, aggregates, aliases, wishes for devices."""

import unittest

from control_plane import ControlPlane
from scenario import Scenario

WISHES = "type=dict,name=device_requirements,value="


class SchedulingTests(Scenario):
    """Two hosts, `sim-1` and `sim-2`, and an alias that flavors may use."""

    @classmethod
    def make_plane(cls):
        """With the alias and a small quota on vDPA ports."""
        alias = {"name": "gpu", "vendor_id": "10de", "product_id": "1db4"}
        return ControlPlane(settings={
            "pci_aliases": [alias], "vdpa_ports_per_project_max": 3})

    @classmethod
    def setUpClass(cls):
        """Makes what servers are made of."""
        super().setUpClass()
        cls.prepare_demo()

    def tearDown(self):
        """Nothing is left for the next test."""
        for server in self.api.servers():
            self.api.delete_server(server["id"])
        for port in self.api.expect(200, "GET", "/network/v2.0/ports")["ports"]:
            self.api.expect(204, "DELETE", f"/network/v2.0/ports/{port['id']}")
        self.assert_all_free()

    def make_server(self, name, *options):
        """A server without NIC, as soon as it is active or failed."""
        made = self.openstack.json(
            "server", "create", "--flavor", "f1", "--image", "img1", "--nic", "none", *options,
            name)
        return self.api.settled(made["id"])

    def _silent(self, command):
        output, errors = self.openstack.batch(command)
        self.assertEqual((output.strip(), errors.strip()), ("", ""))

    def test_server_groups(self):
        """Members of a group are kept apart, and are shown while they live."""
        made, shown, listed = self.openstack.batch_json(
            "server group create --policy anti-affinity --rule max_server_per_host=1 apart",
            "server group show apart", "server group list --long")
        self.assertEqual(
            (made["name"], made["policy"], made["rules"], made["members"]),
            ("apart", "anti-affinity", {"max_server_per_host": 1}, []))
        self.assertEqual(shown, made)
        self.assertEqual([row["ID"] for row in listed], [made["id"]])
        hint = ("--hint", f"group={made['id']}")
        servers = [self.make_server(f"apart-{number}", *hint) for number in range(3)]
        self.assertEqual(
            sorted(server["status"] for server in servers), ["ACTIVE", "ACTIVE", "ERROR"])
        self.assertEqual(
            {server["OS-EXT-SRV-ATTR:host"] for server in servers[:2]}, {"sim-1", "sim-2"})
        self.assertIn("server group", servers[2]["fault"]["message"])
        [shown] = self.openstack.batch_json("server group show apart")
        self.assertEqual(
            set(shown["members"]), {server["id"] for server in servers})
        # By name, the client shows what the list said, which has no groups.
        [server] = self.openstack.batch_json(f"server show {servers[0]['id']}")
        self.assertEqual(server["server_groups"], [made["id"]])
        [message] = self.openstack.batch_refusals(
            "server create --flavor f1 --image img1 --nic none --hint"
            f" group={self.network_id} x")
        self.assertRegex(message, f"400.*{self.network_id}")
        self._silent("server group delete apart")
        [left] = self.openstack.batch_json("server group list")
        self.assertEqual(left, [])

    def test_hints(self):
        """Servers go to another's host, or away from it."""
        first = self.make_server("first")
        for hint, is_same in [("same_host", True), ("different_host", False)]:
            server = self.make_server(hint, "--hint", f"{hint}={first['id']}")
            self.assertEqual(server["status"], "ACTIVE")
            self.assertEqual(
                server["OS-EXT-SRV-ATTR:host"] == first["OS-EXT-SRV-ATTR:host"], is_same)

    def test_aggregates(self):
        """An aggregate is a zone, and hosts with servers stay in theirs."""
        made, added = self.openstack.batch_json(
            "aggregate create --zone az1 --property ssd=true fast",
            "aggregate add host fast sim-2")
        self.assertEqual(
            (made["id"], made["name"], made["availability_zone"], made["hosts"]),
            (1, "fast", "az1", []))
        self.assertEqual(made["properties"], {"availability_zone": "az1", "ssd": "true"})
        self.assertEqual(added["hosts"], ["sim-2"])
        self._silent("aggregate set --name faster --property k=v fast")
        shown, listed, zones, services, hypervisor = self.openstack.batch_json(
            "aggregate show faster", "aggregate list --long", "availability zone list --compute",
            "compute service list", "hypervisor show sim-2")
        self.assertEqual(shown["properties"], {"k": "v", "ssd": "true"})
        [row] = listed
        self.assertEqual(
            (row["ID"], row["UUID"], row["Name"], row["Availability Zone"], row["Hosts"]),
            (1, shown["uuid"], "faster", "az1", ["sim-2"]))
        self.assertEqual({row["Zone Name"] for row in zones}, {"az1", "nova"})
        self.assertEqual(
            {row["Host"]: row["Zone"] for row in services}, {"sim-1": "nova", "sim-2": "az1"})
        self.assertEqual(hypervisor["aggregates"], ["faster"])
        server = self.make_server("zoned", "--availability-zone", "az1")
        self.assertEqual(
            (server["status"], server["OS-EXT-SRV-ATTR:host"],
             server["OS-EXT-AZ:availability_zone"]), ("ACTIVE", "sim-2", "az1"))
        messages = self.openstack.batch_refusals(
            "aggregate remove host faster sim-2", "aggregate set --zone az2 faster",
            "aggregate create faster", "aggregate delete faster")
        for message, found in zip(
                messages, ["409.*servers", "409.*servers", "409.*faster", "400.*not empty"],
                strict=True):
            self.assertRegex(message, found)
        self.api.delete_server(server["id"])
        [removed] = self.openstack.batch_json("aggregate remove host faster sim-2")
        self.assertEqual(removed["hosts"], [])
        self._silent("aggregate delete faster")
        [left] = self.openstack.batch_json("aggregate list")
        self.assertEqual(left, [])

    def test_device_requirements(self):
        """The client sets them as an extra property; a wish that nothing fulfils is a reason."""
        self.openstack.text(
            "port", "create", "--network", "net1", "--vnic-type", "vdpa", "--extra-property",
            f"{WISHES}queue_pairs_min:32768;features:mq;mtu;transparent_migration:true", "fast")
        [port] = self.api.expect(200, "GET", "/network/v2.0/ports?name=fast")["ports"]
        self.assertEqual(port["device_requirements"], {
            "queue_pairs_min": 32768, "link_speed_mbps_min": None, "mtu_min": None,
            "features": ["mq", "mtu"], "transparent_migration": True})
        refused = self.openstack.refusal(
            "port", "set", "--extra-property", f"{WISHES}features:mqq", "fast")
        self.assertRegex(refused, "400: .*Did you mean 'mq'?")
        server = self.api.settled(
            self.api.create_server("fast", port["id"], self.flavor_id, self.image_id))
        self.assertEqual(server["status"], "ERROR")
        self.assertIn("No valid host was found", server["fault"]["message"])
        self.api.delete_server(server["id"])
        self.openstack.text("port", "unset", "--extra-property",
                            "type=dict,name=device_requirements,value=", "fast")
        self.assertIsNone(self.api.port(port["id"])["device_requirements"])
        server = self.api.settled(
            self.api.create_server("slow", port["id"], self.flavor_id, self.image_id))
        self.assertEqual(server["status"], "ACTIVE")

    def test_ports_that_no_host_can_give(self):
        """The scheduler says which kind of port it is about."""
        port = self.api.create_port(
            self.network_id, "tap", **{"binding:vnic_type": "macvtap"})["id"]
        server = self.api.settled(
            self.api.create_server("tapped", port, self.flavor_id, self.image_id))
        self.assertEqual(server["status"], "ERROR")
        self.assertIn("macvtap", server["fault"]["message"])

    def test_quota_of_vdpa_ports(self):
        """The fourth vDPA port is one too many; another kind is not."""
        for number in range(3):
            self.api.create_port(self.network_id, f"quota-{number}")
        [message] = self.openstack.batch_refusals(
            "port create --network net1 --vnic-type vdpa fourth")
        self.assertRegex(message, "409.*vdpa_port")
        self.openstack.batch_json("port create --network net1 --vnic-type direct other")
        project = self.api.expect(200, "GET", "/network/v2.0/networks")["networks"][0][
            "project_id"]
        quota = self.api.expect(200, "GET", f"/network/v2.0/quotas/{project}/details.json")
        self.assertEqual(
            quota["quota"]["vdpa_port"], {"limit": 3, "used": 3, "reserved": 0})

    def test_aliases(self):
        """A flavor with an alias needs its device; one that is not defined is refused."""
        create = "flavor create --vcpus 1 --ram 512 --disk 1 --property pci_passthrough:alias="
        self.openstack.batch_json(f"{create}gpu:1 with-gpu", f"{create}fpga:1 with-fpga")
        [message] = self.openstack.batch_refusals(
            "server create --flavor with-fpga --image img1 --nic none x")
        self.assertRegex(message, "400.*fpga.*Defined are: gpu")
        made = self.openstack.json(
            "server", "create", "--flavor", "with-gpu", "--image", "img1", "--nic", "none",
            "rendering")
        server = self.api.settled(made["id"])
        self.assertEqual(server["status"], "ERROR")
        self.assertIn("No valid host was found", server["fault"]["message"])


if __name__ == "__main__":
    unittest.main()
