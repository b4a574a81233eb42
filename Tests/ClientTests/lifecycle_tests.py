"""What is done to a server where it is, by the real client, and what its ports have meanwhile."""

import unittest

from lifecycle_scenario import DEVICES, LifecycleScenario
from waiting import wait_until


class LifecycleTests(LifecycleScenario):
    """One server on `sim-1` a test."""

    def do(self, command, server, status):
        """Runs `openstack server COMMAND`, which says nothing; the server in its new status."""
        output, errors = self.openstack.batch(f"server {command}")
        self.assertEqual((output.strip(), errors.strip()), ("", ""))
        return self.until(server, status)

    def test_create_and_delete(self):
        """One device less while the server lives."""
        self.assert_free(DEVICES, DEVICES)
        _, server = self.start_server("born")
        self.assert_free(DEVICES - 1, DEVICES)
        self.openstack.text("server", "delete", "--wait", "born")
        wait_until("the device is free", lambda: sum(self.free().values()) == 2 * DEVICES)
        self.assertNotIn(server, [row["id"] for row in self.api.servers()])

    def test_stop_and_start(self):
        """A stopped server keeps its device; it starts on the same one."""
        port, server = self.start_server("sleeper")
        slot = self.api.port(port)["binding:profile"]["pci_slot"]
        stopped = self.do("stop sleeper", server, "SHUTOFF")
        self.assertEqual(stopped["OS-EXT-STS:power_state"], 4)
        self.assert_free(DEVICES - 1, DEVICES)
        [message] = self.openstack.batch_refusals("server pause sleeper")
        self.assertRegex(message, "409.*Cannot 'pause' instance .* vm_state stopped")
        self.do("start sleeper", server, "ACTIVE")
        self.assert_bound(port, server, "sim-1")
        self.assertEqual(self.api.port(port)["binding:profile"]["pci_slot"], slot)
        self.assertEqual(
            self.actions(server)[:2], [("start", None), ("stop", None)])

    def test_reboots(self):
        """Both kinds end with a server that runs on its device."""
        port, server = self.start_server("booter")
        for kind in ("soft", "hard"):
            output = self.openstack.text("server", "reboot", f"--{kind}", "--wait", "booter")
            self.assertIn("Complete", output)
            self.until(server, "ACTIVE")
            self.assert_bound(port, server, "sim-1")
        self.assert_free(DEVICES - 1, DEVICES)

    def test_pause_and_unpause(self):
        """A paused guest gives no NIC up, and says so."""
        port, server = self.start_server("paused")
        self.assertEqual(
            self.do("pause paused", server, "PAUSED")["OS-EXT-STS:power_state"], 3)
        [message] = self.openstack.batch_refusals(f"server remove port paused {port}")
        self.assertRegex(message, "409.*Unpause it first")
        self.assert_bound(port, server, "sim-1")
        self.do("unpause paused", server, "ACTIVE")
        self.assert_bound(port, server, "sim-1")

    def test_suspend_and_resume(self):
        """The device stays the server's; its wire is down meanwhile and up again afterwards."""
        port, server = self.start_server("saved")
        suspended = self.do("suspend saved", server, "SUSPENDED")
        self.assertEqual(suspended["OS-EXT-STS:power_state"], 4)
        self.assert_free(DEVICES - 1, DEVICES)
        bound = self.api.port(port)
        self.assertEqual(
            (bound["device_id"], bound["binding:host_id"]), (server, "sim-1"))
        wait_until("the wire is down", lambda: self.api.port(port)["status"] == "DOWN")
        self.do("resume saved", server, "ACTIVE")
        self.assert_bound(port, server, "sim-1")
        self.assert_free(DEVICES - 1, DEVICES)

    def test_attach_and_detach(self):
        """A second NIC has a device of the same host; without it the device is free again."""
        port, server = self.start_server("growing")
        second = self.api.create_port(self.network_id, "second")["id"]
        self.do("add port growing second", server, "ACTIVE")
        self.assert_free(DEVICES - 2, DEVICES)
        for port_id in (port, second):
            self.assert_bound(port_id, server, "sim-1")
        path = f"/compute/v2.1/servers/{server}/os-interface"
        rows = self.api.expect(200, "GET", path)["interfaceAttachments"]
        self.assertEqual(
            [(row["port_id"], row["port_state"]) for row in rows],
            [(port, "ACTIVE"), (second, "ACTIVE")])
        self.do("remove port growing second", server, "ACTIVE")
        wait_until("the port is free", lambda: self.api.port(second)["device_id"] == "")
        self.assert_free(DEVICES - 1, DEVICES)
        self.api.expect(404, "GET", f"{path}/{second}")
        # Its only NIC, too, and back again.
        self.do(f"remove port growing {port}", server, "ACTIVE")
        wait_until("the device is free", lambda: self.free()["sim-1"] == DEVICES)
        self.do(f"add port growing {port}", server, "ACTIVE")
        self.assert_bound(port, server, "sim-1")
        self.assertEqual(
            [action for action, _ in self.actions(server)],
            ["attach_interface", "detach_interface", "detach_interface", "attach_interface",
             "create"])

    def test_attachments_that_are_refused(self):
        """A port of another kind, one in use, one that is not there: each says which."""
        port, server = self.start_server("picky")
        normal = self.api.create_port(
            self.network_id, "normal", **{"binding:vnic_type": "normal"})["id"]
        path = f"/compute/v2.1/servers/{server}/os-interface"
        missing = "00000000-0000-4000-8000-000000000000"
        for body, status, word in [
                ({"port_id": normal}, 400, "normal"), ({"port_id": port}, 409, port),
                ({"port_id": missing}, 404, missing), ({"net_id": self.network_id}, 400, "vdpa"),
                ({"port": port}, 400, "port")]:
            with self.subTest(body=body):
                answer = self.api.expect(status, "POST", path, {"interfaceAttachment": body})
                [fault] = answer.values()
                self.assertIn(word, fault["message"])
        self.api.expect(404, "DELETE", f"{path}/{missing}")
        self.assert_free(DEVICES - 1, DEVICES)

    def test_rescue_and_unrescue(self):
        """Another disk, the same NIC."""
        port, server = self.start_server("rescued")
        output, errors = self.openstack.batch("server rescue rescued")
        self.assertEqual(errors.strip(), "", output)
        self.until(server, "RESCUE")
        self.assert_bound(port, server, "sim-1")
        self.do("unrescue rescued", server, "ACTIVE")
        self.assert_bound(port, server, "sim-1")

    def test_rebuild(self):
        """A new disk on the same host and device, and a new description with it."""
        port, server = self.start_server("rebuilt")
        before = self.api.port(port)["binding:profile"]
        self.openstack.text(
            "server", "rebuild", "--image", "img1", "--description", "new", "--wait", "rebuilt")
        self.assertEqual(self.until(server, "ACTIVE")["description"], "new")
        self.assertEqual(self.api.port(port)["binding:profile"], before)
        self.assert_bound(port, server, "sim-1")

    def test_snapshot(self):
        """A copy of the disk, while the server goes on; a server can be made of it."""
        _, server = self.start_server("source")
        self.openstack.text("server", "image", "create", "--name", "copy", "--wait", "source")
        self.until(server, "ACTIVE")
        [image] = self.api.expect(200, "GET", "/image/v2/images?name=copy")["images"]
        self.assertEqual(image["status"], "active")
        port = self.api.create_port(self.network_id, "copied")["id"]
        copied = self.api.create_server("copied", port, self.flavor_id, image["id"])
        self.until(copied, "ACTIVE")
        self.api.delete_server(copied)
        self.api.expect(204, "DELETE", f"/image/v2/images/{image['id']}")

    def test_lock(self):
        """A lock and its reason are shown."""
        _, server = self.start_server("locked")
        self.do("lock --reason why locked", server, "ACTIVE")
        found = self.api.server(server)
        self.assertEqual((found["locked"], found["locked_reason"]), (True, "why"))
        self.do("unlock locked", server, "ACTIVE")
        found = self.api.server(server)
        self.assertEqual((found["locked"], found["locked_reason"]), (False, None))

    def test_reset_state(self):
        """An administrator's word counts, and a hard reboot makes it true."""
        port, server = self.start_server("broken")
        self.openstack.text("server", "set", "--state", "error", "--auto-approve", "broken")
        self.until(server, "ERROR")
        self.openstack.text("server", "reboot", "--hard", "broken")
        self.until(server, "ACTIVE")
        self.assert_bound(port, server, "sim-1")


if __name__ == "__main__":
    unittest.main()
