"""The commands that Millrace exists for, each in a process of its own, and what they leave."""

import unittest

import disk_images
from scenario import Scenario

DEVICE_KEYS = {
    "host", "address", "parent_address", "kind", "state", "instance_id", "port_id",
    "physical_network", "numa_node"}


class DemoTests(Scenario):
    """A server on a vDPA port, from nothing to nothing."""

    @classmethod
    def make_client(cls):
        """As the documentation has it: all that is needed is `clouds.yaml`."""
        return cls.make_password_client()

    @classmethod
    def setUpClass(cls):
        """Makes network, flavor, image; then the port and the server, as documented."""
        super().setUpClass()
        image = disk_images.qcow2(cls.plane.folder)
        *_, cls.image = cls.openstack.batch_json(
            "network create net1 --provider-network-type vlan"
            " --provider-physical-network physnet1 --provider-segment 101",
            "subnet create sub1 --network net1 --subnet-range 192.0.2.0/24",
            "flavor create f1 --vcpus 1 --ram 512 --disk 1",
            f"image create img1 --disk-format qcow2 --container-format bare --file {image}")
        cls.port = cls.openstack.json(
            "port", "create", "--network", "net1", "--vnic-type", "vdpa", "vdpa-port")
        cls.created = cls.openstack.json(
            "server", "create", "--flavor", "f1", "--image", "img1", "--port", "vdpa-port",
            "--wait", "vdpa-vm")
        cls.server_id = cls.created["id"]
        [event] = cls.api.expect(
            200, "GET", f"/compute/v2.1/servers/{cls.server_id}/os-instance-actions"
        )["instanceActions"]
        cls.request_id = event["request_id"]
        (cls.shown, cls.bound, cls.servers, cls.events, cls.event, cls.limits, cls.hypervisors,
         cls.services, cls.zones, cls.agents, cls.extensions) = cls.openstack.batch_json(
            "server show vdpa-vm", "port show vdpa-port", "server list",
            "server event list vdpa-vm", f"server event show vdpa-vm {cls.request_id}",
            "limits show --absolute", "hypervisor list", "compute service list",
            "availability zone list --compute", "network agent list",
            "extension list --network")

    def test_01_server_is_active_when_create_returns(self):
        """`--wait` ends with an active server on the port's address."""
        address = self.port["fixed_ips"][0]["ip_address"]
        for server in (self.created, self.shown):
            self.assertEqual(server["status"], "ACTIVE")
            self.assertEqual(server["OS-EXT-STS:vm_state"], "active")
            self.assertEqual(server["OS-EXT-STS:power_state"], 1)
            self.assertIsNone(server["OS-EXT-STS:task_state"])
            self.assertEqual(server["addresses"], {"net1": [address]})
        self.assertIn(self.shown["OS-EXT-SRV-ATTR:host"], {"sim-1", "sim-2"})
        self.assertEqual(self.shown["flavor"]["name"], "f1")
        self.assertEqual(self.shown["image"], f"img1 ({self.image['id']})")

    def test_02_port_is_unbound_before_and_bound_after(self):
        """The port says on which host, in which slot and how it is plugged."""
        self.assertEqual(
            (self.port["binding_vnic_type"], self.port["binding_vif_type"], self.port["status"]),
            ("vdpa", "unbound", "DOWN"))
        self.assertEqual(self.bound["binding_host_id"], self.shown["OS-EXT-SRV-ATTR:host"])
        self.assertEqual(self.bound["binding_vnic_type"], "vdpa")
        self.assertEqual(self.bound["binding_vif_type"], "ovs")
        self.assertEqual(self.bound["status"], "ACTIVE")
        self.assertEqual(self.bound["device_id"], self.server_id)
        self.assertEqual(self.bound["device_owner"], "compute:nova")
        self.assertEqual(self.bound["mac_address"], self.port["mac_address"])
        profile = self.bound["binding_profile"]
        self.assertEqual(profile["pci_vendor_info"], "15b3:101e")
        self.assertEqual(profile["physical_network"], "physnet1")
        self.assertRegex(profile["pci_slot"], r"^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")

    def test_03_device_list_names_the_owner(self):
        """The device in the port's slot is allocated, the others are free."""
        devices = self.plane.report("device", "list")
        for device in devices:
            self.assertLessEqual(DEVICE_KEYS, device.keys())
            self.assertIn(device["kind"], {"PCI", "PF", "VF", "vdpa"})
        self.assertEqual(sum(device["kind"] == "vdpa" for device in devices), 16)
        self.assertEqual(sum(device["kind"] == "PF" for device in devices), 2)
        [owned] = [device for device in devices if device["instance_id"] is not None]
        self.assertEqual(
            {key: owned[key] for key in DEVICE_KEYS - {"parent_address", "numa_node"}},
            {
                "host": self.bound["binding_host_id"], "kind": "vdpa", "state": "allocated",
                "address": self.bound["binding_profile"]["pci_slot"],
                "instance_id": self.server_id, "port_id": self.port["id"],
                "physical_network": "physnet1"})
        self.assertEqual(owned["mac_address"], self.port["mac_address"])
        [parent] = [
            device for device in devices if device["kind"] == "PF"
            and device["host"] == owned["host"]]
        self.assertEqual(owned["parent_address"], parent["address"])
        self.assertEqual(parent["state"], "unavailable")
        self.assertEqual(owned["numa_node"], 0)

    def test_04_lists_show_the_server_and_its_event(self):
        """Server list, event list and event show agree with each other."""
        self.assertEqual(
            self.servers,
            [{
                "ID": self.server_id, "Name": "vdpa-vm", "Status": "ACTIVE",
                "Networks": self.shown["addresses"], "Image": "img1", "Flavor": "f1"}])
        [listed] = self.events
        self.assertEqual(
            (listed["Action"], listed["Server ID"], listed["Request ID"]),
            ("create", self.server_id, self.request_id))
        self.assertEqual(
            (self.event["action"], self.event["id"]), ("create", self.request_id))
        self.assertTrue(self.event["events"])
        self.assertEqual({step["result"] for step in self.event["events"]}, {"Success"})
        values = {row["Name"]: row["Value"] for row in self.limits}
        self.assertEqual(
            (values["total_instances_used"], values["total_ram_used"],
             values["total_cores_used"]), (1, 512, 1))
        self.assertGreater(values["max_total_instances"], 0)

    def test_05_console_log(self):
        """The guest's console is there to read."""
        console = self.openstack.text("console", "log", "show", "vdpa-vm")
        self.assertIn("Linux version", console)
        self.assertIn("login:", console)

    def test_06_operators_lists(self):
        """Hosts, services, zones, agents and extensions."""
        self.assertEqual(
            {row["Hypervisor Hostname"]: row["State"] for row in self.hypervisors},
            {"sim-1": "up", "sim-2": "up"})
        self.assertEqual(
            {(row["Host"], row["Binary"], row["Zone"], row["Status"], row["State"])
             for row in self.services},
            {(host, "nova-compute", "nova", "enabled", "up") for host in ("sim-1", "sim-2")})
        self.assertEqual(self.zones, [{"Zone Name": "nova", "Zone Status": "available"}])
        self.assertEqual(
            {(row["Host"], row["Alive"], row["State"]) for row in self.agents},
            {("sim-1", True, True), ("sim-2", True, True)})
        aliases = {row["Alias"] for row in self.extensions}
        self.assertLessEqual({"binding", "provider", "security-group", "agent"}, aliases)

    def test_07_explain(self):
        """The operator is told where the server is and what was done for it."""
        explained = self.plane.report("explain", "server", "vdpa-vm")
        self.assertEqual(explained["server"]["id"], self.server_id)
        self.assertEqual(explained["server"]["host"], self.shown["OS-EXT-SRV-ATTR:host"])
        self.assertEqual(explained["operation"]["status"], "succeeded")
        done = {step["status"] for step in explained["operation"]["steps"]}
        self.assertEqual(done, {"done"})

    def test_08_delete_leaves_nothing(self):
        """After `--wait` no server, no binding, no owned device."""
        self.openstack.text("server", "delete", "--wait", "vdpa-vm")
        servers, port = self.openstack.batch_json("server list", "port show vdpa-port")
        self.assertEqual(servers, [])
        self.assertEqual(
            (port["binding_vif_type"], port["binding_host_id"], port["device_id"],
             port["device_owner"], port["status"], port["binding_profile"]),
            ("unbound", "", "", "", "DOWN", {}))
        self.assert_all_free()
        self.assertEqual(
            {device["state"] for device in self.api.devices("PF")}, {"available"})
        output, errors = self.openstack.batch(
            "port delete vdpa-port", "subnet delete sub1", "network delete net1",
            "image delete img1", "flavor delete f1", "port list -f value",
            "subnet list -f value", "network list -f value", "image list -f value",
            "flavor list -f value")
        self.assertEqual((output.strip(), errors.strip()), ("", ""))


if __name__ == "__main__":
    unittest.main()
