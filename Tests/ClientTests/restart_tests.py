"""The program is killed, and started again on what it stored."""

import threading
import unittest

from api_session import APISession, SETTLED
from scenario import Scenario
from waiting import wait_until

SERVERS = 12
# The process is killed when so many servers were acknowledged.
KILL_AFTER = 6


class RestartTests(Scenario):
    """What was acknowledged is kept, what was not leaves nothing."""

    @classmethod
    def setUpClass(cls):
        """Makes what servers are made of."""
        super().setUpClass()
        cls.prepare_demo()

    def test_killed_while_creating_servers(self):
        """Each acknowledged server ends active, or failed with everything released."""
        ports = {
            self.api.create_port(self.network_id, f"port-{number}")["id"]
            for number in range(SERVERS)}
        clouds = self.plane.clouds_file.read_text(encoding="utf-8")
        acknowledged = self._create_until_killed(sorted(ports))
        self.assertGreaterEqual(len(acknowledged), KILL_AFTER)
        old_url, token = self.plane.url, self.api.token
        self.plane.start()
        self.assertEqual(
            self.plane.clouds_file.read_text(encoding="utf-8"),
            clouds.replace(old_url, self.plane.url))
        self._old_token_and_new_login(token)
        servers = {row["id"]: row for row in self.api.servers()}
        self.assertLessEqual(acknowledged.keys(), servers.keys())
        wait_until("all servers settle", lambda: all(
            row["status"] in SETTLED and row["OS-EXT-STS:task_state"] is None
            for row in self.api.servers()))
        self._check_owners(ports)
        for row in self.api.servers():
            self.api.delete_server(row["id"])
        self.assert_all_free()
        for port in ports:
            self.api.expect(204, "DELETE", f"/network/v2.0/ports/{port}")

    def _create_until_killed(self, ports):
        """Ids of acknowledged servers and their ports; requests go on while it is killed."""
        acknowledged = {}
        enough = threading.Event()

        def create_servers():
            for number, port in enumerate(ports):
                try:
                    server = self.api.create_server(
                        f"vm-{number}", port, self.flavor_id, self.image_id)
                except OSError:
                    break
                acknowledged[server] = port
                if len(acknowledged) == KILL_AFTER:
                    enough.set()

        worker = threading.Thread(target=create_servers)
        worker.start()
        reached = enough.wait(timeout=60)
        self.plane.kill()
        worker.join(timeout=60)
        self.assertTrue(reached, f"{len(acknowledged)} servers only")
        self.assertFalse(worker.is_alive())
        return acknowledged

    def _old_token_and_new_login(self, token):
        self.assertEqual(self.api.token, token)
        self.api.expect(200, "GET", "/compute/v2.1/servers")
        self.assertNotEqual(APISession(self.plane).token, token)
        [networks] = self.make_password_client().batch_json("network list")
        self.assertEqual([row["ID"] for row in networks], [self.network_id])

    def _check_owners(self, ports):
        """Devices, ports and servers agree; a failed server has neither."""
        owners = {
            device["port_id"]: device["instance_id"] for device in self.api.devices()
            if device["instance_id"] is not None}
        expected = {}
        for row in self.api.servers():
            if row["status"] == "ACTIVE":
                self.assertTrue(row["addresses"])
            else:
                self.assertIn(row["status"], {"ERROR"})
                self.assertNotIn(row["id"], owners.values())
        for port_id in ports:
            port = self.api.port(port_id)
            if port["device_id"]:
                expected[port_id] = port["device_id"]
                self.assertEqual(port["binding:vif_type"], "ovs")
        self.assertEqual(owners, expected)
        active = {row["id"] for row in self.api.servers() if row["status"] == "ACTIVE"}
        self.assertEqual(set(owners.values()), active)

    def test_stop_and_start(self):
        """An orderly restart keeps a running server and its device."""
        pair = self.create_server("steady")
        before = self.api.settled(pair[1])
        self.plane.stop()
        self.plane.start()
        wait_until("the server is active again", lambda: (
            self.api.server(pair[1])["status"] == "ACTIVE"))
        after = self.api.server(pair[1])
        for key in ("OS-EXT-SRV-ATTR:host", "addresses", "OS-SRV-USG:launched_at"):
            self.assertEqual(after[key], before[key])
        [owned] = [row for row in self.api.devices() if row["instance_id"] is not None]
        self.assertEqual((owned["instance_id"], owned["port_id"]), (pair[1], pair[0]))
        self.delete_servers(pair)
        self.assert_all_free()


if __name__ == "__main__":
    unittest.main()
