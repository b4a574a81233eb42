"""Networks, subnets and ports."""

import ipaddress
import unittest

from scenario import Scenario


class NetworkTests(Scenario):
    """What a network is made of, and what may not be."""

    def test_vlan_flat_and_tenant_networks(self):
        """Chosen segments are taken as they are; a tenant's network gets one of its own."""
        vlan, flat, tenant = self.openstack.batch_json(
            "network create vlan7 --provider-network-type vlan"
            " --provider-physical-network physnet1 --provider-segment 7",
            "network create flat --provider-network-type flat"
            " --provider-physical-network physnet1",
            "network create tenant")
        shown = [
            (row["provider:network_type"], row["provider:physical_network"],
             row["provider:segmentation_id"]) for row in (vlan, flat, tenant)]
        self.assertEqual(shown[:2], [("vlan", "physnet1", 7), ("flat", "physnet1", None)])
        self.assertEqual(shown[2][:2], ("vlan", "physnet1"))
        self.assertNotIn(shown[2][2], {None, 7})
        messages = self.openstack.batch_refusals(
            "network create again --provider-network-type vlan"
            " --provider-physical-network physnet1 --provider-segment 7",
            "network create again --provider-network-type flat"
            " --provider-physical-network physnet1",
            "network create nowhere --provider-network-type vlan"
            " --provider-physical-network physnet9 --provider-segment 8",
            "network create wide --provider-network-type vlan"
            " --provider-physical-network physnet1 --provider-segment 4095")
        for message, (status, word) in zip(
                messages, [("409", "7"), ("409", "physnet1"), ("400", "physnet9"),
                           ("400", "4095")], strict=True):
            self.assertRegex(message, rf"{status}.*\b{word}\b")

    def test_pools_and_conflicts(self):
        """Addresses come from the pool; a taken one and a strange one are refused."""
        network, subnet = self.openstack.batch_json(
            "network create pooled",
            "subnet create pooled --network pooled --subnet-range 198.51.100.0/24"
            " --gateway 198.51.100.1"
            " --allocation-pool start=198.51.100.10,end=198.51.100.11"
            " --dns-nameserver 198.51.100.53 --no-dhcp")
        self.assertEqual(
            subnet["allocation_pools"], [{"start": "198.51.100.10", "end": "198.51.100.11"}])
        self.assertEqual(subnet["dns_nameservers"], ["198.51.100.53"])
        self.assertFalse(subnet["enable_dhcp"])
        ports = [self.api.create_port(network["id"], f"pooled-{n}") for n in range(2)]
        addresses = {port["fixed_ips"][0]["ip_address"] for port in ports}
        self.assertEqual(addresses, {"198.51.100.10", "198.51.100.11"})
        create = "port create --network pooled --vnic-type vdpa"
        messages = self.openstack.batch_refusals(
            f"{create} third",
            f"{create} --fixed-ip ip-address=198.51.100.10 taken",
            f"{create} --fixed-ip ip-address=203.0.113.9 strange",
            f"{create} --mac-address {ports[0]['mac_address']} same-mac",
            "subnet create overlap --network pooled --subnet-range 198.51.100.128/25")
        for message, pattern in zip(messages, [
                "409.*addresses", "409.*198.51.100.10", "400.*203.0.113.9",
                f"409.*{ports[0]['mac_address']}", "400.*198.51.100"], strict=True):
            self.assertRegex(message, pattern)
        self.api.expect(409, "DELETE", f"/network/v2.0/networks/{network['id']}")
        [chosen] = self.openstack.batch_json(
            f"{create} --fixed-ip ip-address=198.51.100.77 chosen")
        [fixed] = chosen["fixed_ips"]
        self.assertEqual(ipaddress.ip_address(fixed["ip_address"]).packed[-1], 77)

    def test_unknown_vnic_type(self):
        """The answer names the type and those that there are."""
        network_id = self.api.create_network("types")
        status, answer = self.api.request(
            "POST", "/network/v2.0/ports",
            {"port": {"network_id": network_id, "binding:vnic_type": "teapot"}})
        self.assertEqual(status, 400)
        self.assertIn("teapot", answer["NeutronError"]["message"])
        self.assertIn("vdpa", answer["NeutronError"]["message"])

    def test_ports_of_all_fields(self):
        """A port is what it was asked to be, and can be changed and found."""
        self.api.create_network("fields")
        [port] = self.openstack.batch_json(
            "port create --network fields --vnic-type vdpa --mac-address fa:16:3e:00:00:07"
            " --disable --description words --tag blue fields-port")
        self.assertEqual(
            (port["mac_address"], port["admin_state_up"], port["description"], port["tags"],
             port["fixed_ips"]),
            ("fa:16:3e:00:00:07", False, "words", ["blue"], []))
        output, errors = self.openstack.batch(
            "port set --name renamed --enable fields-port",
            "port list --mac-address fa:16:3e:00:00:07 -f value -c Name",
            "port delete renamed", "port list --network fields -f value")
        self.assertEqual((output.strip(), errors.strip()), ("renamed", ""))


if __name__ == "__main__":
    unittest.main()
