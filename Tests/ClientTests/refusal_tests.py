"""What is refused, and that the answer says why."""

import unittest
import uuid

from scenario import Scenario

SERVERS = "/compute/v2.1/servers"


class RefusalTests(Scenario):
    """One running server and many requests that can't be."""

    @classmethod
    def setUpClass(cls):
        """Makes the server that the requests are about."""
        super().setUpClass()
        cls.prepare_demo()
        cls.port_id, cls.server_id = cls.create_server(cls, "busy")
        assert cls.api.settled(cls.server_id)["status"] == "ACTIVE"

    def tearDown(self):
        """No refused request leaves a server."""
        self.assertEqual([row["id"] for row in self.api.servers()], [self.server_id])

    def test_port_in_use(self):
        """A second server can't have the port of the first, and the first keeps it."""
        [message] = self.openstack.batch_refusals(
            "server create --flavor f1 --image img1 --port busy-port second")
        self.assertRegex(message, f"409.*{self.port_id} is still in use")
        self.assertEqual(self.api.server(self.server_id)["status"], "ACTIVE")
        answer = self.api.expect(409, "DELETE", f"/network/v2.0/ports/{self.port_id}")
        self.assertIn(self.server_id, answer["NeutronError"]["message"])
        self.assertEqual(self.api.port(self.port_id)["device_id"], self.server_id)

    def test_unknown_names(self):
        """The client says which name it did not find."""
        messages = self.openstack.batch_refusals(
            "server create --flavor f9 --image img1 --port busy-port x",
            "server create --flavor f1 --image img9 --port busy-port x",
            "server create --flavor f1 --image img1 --port port9 x",
            "server create --flavor f1 --image img1 --network net9 x",
            "server show vm9", "port create --network net9 --vnic-type vdpa x")
        for message, found in zip(messages, [
                "No Flavor found for f9", "No Image found for img9", "No Port found for port9",
                "No Network found for net9", "No Server found for vm9",
                "No Network found for net9"], strict=True):
            self.assertIn(found, message)

    def test_unknown_ids_and_keys(self):
        """The same by id, where the answer is the server's own."""
        missing = str(uuid.uuid4())
        good = {
            "name": "x", "flavorRef": self.flavor_id, "imageRef": self.image_id,
            "networks": [{"port": self.port_id}]}
        for key, value in [
                ("flavorRef", missing), ("imageRef", missing), ("networks", [{"port": missing}]),
                ("networks", [{"uuid": missing}])]:
            with self.subTest(key=key, value=value):
                body = {"server": good | {key: value}}
                status, answer = self.api.request("POST", SERVERS, body)
                self.assertEqual(status, 400, answer)
                self.assertEqual(answer["badRequest"]["code"], 400)
                self.assertIn(missing, answer["badRequest"]["message"])
        status, answer = self.api.request("POST", SERVERS, {"server": good | {"nmae": "x"}})
        self.assertEqual(status, 400, answer)
        self.assertIn("nmae", answer["badRequest"]["message"])
        status, answer = self.api.request("GET", f"{SERVERS}/{missing}")
        self.assertEqual(status, 404)
        self.assertIn(missing, answer["itemNotFound"]["message"])

    def test_malformed_bodies(self):
        """Broken, wrong and unknown content is answered 400 with the place."""
        for content, word in [
                (b'{"server": {', None), (b"[1, 2]", None), (b"{}", "server"),
                (b'{"server": {"name": 7}}', "name"), (b'\xff\xfe{}', None), (b"", None),
                (b'{"server":' + b"[" * 5000 + b"]" * 5000 + b"}", None)]:
            with self.subTest(content=content[:30]):
                status, _, answer = self.api.exchange("POST", SERVERS, content)
                self.assertEqual(status, 400, answer)
                self.assertIn(word or "", answer["badRequest"]["message"])
                self.assertGreater(len(answer["badRequest"]["message"]), 10)

    def test_oversized_body(self):
        """A body that is longer than any request needs is not read: 413, and life goes on."""
        content = b'{"server": {"name": "' + b"x" * (3 << 20) + b'"}}'
        status, _, answer = self.api.exchange("POST", SERVERS, content)
        self.assertEqual(status, 413, answer)
        self.assertEqual(self.api.server(self.server_id)["status"], "ACTIVE")

    def test_unknown_paths(self):
        """404 for what isn't there, with and without a service's prefix."""
        for path in ("/compute/v2.1/nothing", "/network/v2.0/nothing", "/nothing"):
            with self.subTest(path):
                self.api.expect(404, "GET", path)

    def test_wrong_vnic_type(self):
        """A server boots on ports with devices only; the answer says how to make one."""
        self.openstack.batch_json(
            "port create --network net1 normal-port",
            "port create --network net1 --vnic-type smart-nic smart-port")
        messages = self.openstack.batch_refusals(
            "server create --flavor f1 --image img1 --port normal-port x",
            "server create --flavor f1 --image img1 --port smart-port x",
            "server create --flavor f1 --image img1 --network net1 x")
        for message, found in zip(messages, ["normal", "smart-nic", "normal"], strict=True):
            self.assertRegex(message, f"400: .*vnic_type '{found}'.*--vnic-type vdpa")

    def test_action_that_is_not_built(self):
        """`server backup create` is answered 501 with a sentence, and changes nothing."""
        message = self.openstack.refusal("server", "backup", "create", "--name", "b", "busy")
        self.assertRegex(message, r"501: .*, The action 'createBackup' is not available .*\.")
        server = self.api.server(self.server_id)
        self.assertEqual(
            (server["status"], server["OS-EXT-STS:task_state"]), ("ACTIVE", None))

    def test_flavor_with_device_alias(self):
        """vDPA devices come through ports only; the refusal says how."""
        # The client makes the flavor first, and says of the second step that it failed.
        done = self.openstack.run(
            "flavor", "create", "--vcpus", 1, "--ram", 512, "--disk", 1, "--property",
            "pci_passthrough:alias=vdpa:1", "aliased")
        self.assertRegex(
            done.stderr, r"Failed to set flavor properties: .*400: .*alias.*vnic_type 'vdpa'")
        specs = [
            flavor["extra_specs"] for flavor in
            self.api.expect(200, "GET", "/compute/v2.1/flavors/detail")["flavors"]
            if "extra_specs" in flavor]
        self.assertTrue(specs)
        self.assertFalse(any(specs), specs)


if __name__ == "__main__":
    unittest.main()
