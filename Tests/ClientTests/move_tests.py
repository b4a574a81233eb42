"""How servers move, by the real client, and how many devices are free on both hosts meanwhile."""

import unittest

from lifecycle_scenario import DEVICES, LifecycleScenario
from waiting import wait_until

SPARE = DEVICES - 1


class MoveTests(LifecycleScenario):
    """One server a test; it begins on `sim-1`."""

    def assert_events_succeeded(self, server_id, action):
        """The newest action is this one, and each of its steps went well."""
        path = f"/compute/v2.1/servers/{server_id}/os-instance-actions"
        newest = self.api.expect(200, "GET", path)["instanceActions"][0]
        self.assertEqual((newest["action"], newest["message"]), (action, None))
        events = self.api.expect(
            200, "GET", f"{path}/{newest['request_id']}")["instanceAction"]["events"]
        self.assertTrue(events)
        self.assertEqual({event["result"] for event in events}, {"Success"})

    def assert_offloaded(self, port_id, server_id):
        """It is on no host, its device is free, and its port is still its own."""
        server = self.until(server_id, "SHELVED_OFFLOADED")
        self.assertEqual(
            (server["OS-EXT-SRV-ATTR:host"], server["hostId"],
             server["OS-EXT-STS:power_state"]), (None, "", 4))
        self.assert_free(DEVICES, DEVICES)
        port = self.api.port(port_id)
        self.assertEqual(
            (port["device_id"], port["binding:vif_type"], port["binding:host_id"]),
            (server_id, "unbound", ""))

    def assert_record(self, server_id, kind, status, source, destination):
        """The newest migration record, as administrators and operators see it."""
        told = wait_until(f"{server_id}'s move is {status}", lambda: next((
            move for move in self.migrations(server_id)[:1] if move["status"] == status), None))
        [record, *_] = self.api.expect(
            200, "GET", f"/compute/v2.1/os-migrations?instance_uuid={server_id}")["migrations"]
        self.assertEqual(
            (record["migration_type"], record["status"], record["source_compute"],
             record["dest_compute"]), (kind, status, source, destination))
        self.assertEqual(
            (told["kind"], told["status"], told["source_host"], told["destination_host"]),
            (kind, status, source, destination))
        return told

    # Shelving.

    def test_shelve_offload(self):
        """An offloaded server has no device; unshelved it has one again."""
        port, server = self.start_server("shelved")
        self.openstack.text("server", "shelve", "--wait", "shelved")
        self.assert_offloaded(port, server)
        self.api.expect(409, "POST", f"/compute/v2.1/servers/{server}/action", {"pause": None})

    def test_unshelve_to_the_same_host(self):
        """There is no other."""
        self._unshelve_on("sim-1", SPARE, DEVICES)

    def test_unshelve_to_a_different_host(self):
        """Its own takes no servers any more."""
        self._unshelve_on("sim-2", DEVICES, SPARE)

    def _unshelve_on(self, host, first, second):
        port, server = self.start_server("back")
        self.openstack.text("server", "shelve", "--wait", "back")
        self.assert_offloaded(port, server)
        with self.only(host):
            self.openstack.text("server", "unshelve", "back")
            self.until(server, "ACTIVE", host)
        self.assert_free(first, second)
        self.assert_bound(port, server, host)
        self.assert_events_succeeded(server, "unshelve")

    def test_unshelve_by_name_of_the_host(self):
        """An administrator says where."""
        port, server = self.start_server("sent")
        self.openstack.text("server", "shelve", "--wait", "sent")
        self.openstack.text("server", "unshelve", "--host", "sim-2", "--wait", "sent")
        self.until(server, "ACTIVE", "sim-2")
        self.assert_bound(port, server, "sim-2")

    def test_unshelve_without_a_host(self):
        """It stays where it was: on no host, with nothing claimed."""
        port, server = self.start_server("stays")
        self.openstack.text("server", "shelve", "--wait", "stays")
        with self.only("none"):
            self.openstack.text("server", "unshelve", "stays")
            wait_until("the attempt has ended", lambda: self.actions(server)[0] == (
                "unshelve", "Error"))
            self.assert_offloaded(port, server)

    # Evacuation.

    def _evacuate(self, name, evacuate, status):
        """A device of the dead host stays claimed until that host has said that it is free."""
        port, server = self.start_server(name)
        with self.dead("sim-1"):
            evacuate(server)
            self.until(server, status, "sim-2")
            self.assert_free(SPARE, SPARE)
        wait_until("the old host has cleaned up", lambda: self.free()["sim-1"] == DEVICES)
        self.assert_free(DEVICES, SPARE)
        self.assert_record(server, "evacuation", "completed", "sim-1", "sim-2")
        return port, server

    def test_evacuate(self):
        """As the client asks for it the server ends stopped; it starts on its new device."""
        port, server = self._evacuate(
            "saved", lambda _: self.openstack.text("server", "evacuate", "saved"), "SHUTOFF")
        self.openstack.text("server", "start", "saved")
        self.until(server, "ACTIVE", "sim-2")
        self.assert_bound(port, server, "sim-2")

    def test_evacuate_as_before_2_95(self):
        """Older clients' servers run again."""
        port, server = self._evacuate(
            "rescued", lambda server: self.act(server, "evacuate", {}, 200), "ACTIVE")
        self.assert_bound(port, server, "sim-2")

    def test_evacuate_from_a_host_that_is_up(self):
        """400, and nothing changes."""
        port, server = self.start_server("steady")
        answer = self.act(server, "evacuate", {}, 400)
        self.assertIn("still in use", answer["badRequest"]["message"])
        self.assert_bound(port, server, "sim-1")

    # Resizes and cold migrations.

    def test_resize_on_the_same_host(self):
        """Where it fits the server stays, and so does its device: none is needed besides."""
        port, server = self.start_server("grown")
        with self.only("sim-1"):
            self.openstack.text("server", "resize", "--flavor", "f2", "--wait", "grown")
            resized = self.until(server, "VERIFY_RESIZE", "sim-1")
            self.assertEqual(resized["flavor"]["original_name"], "f2")
            self.assert_free(SPARE, DEVICES)
        self.openstack.text("server", "resize", "confirm", "grown")
        self.until(server, "ACTIVE", "sim-1")
        self.assert_free(SPARE, DEVICES)
        self.assert_bound(port, server, "sim-1")
        self.assert_record(server, "resize", "confirmed", "sim-1", "sim-1")

    def _resize_away(self, name):
        """To `sim-2`; until it is confirmed or reverted it has a device on both hosts."""
        port, server = self.start_server(name)
        with self.only("sim-2"):
            self.openstack.text("server", "resize", "--flavor", "f2", "--wait", name)
            resized = self.until(server, "VERIFY_RESIZE", "sim-2")
        self.assertEqual(resized["flavor"]["original_name"], "f2")
        self.assert_free(SPARE, SPARE)
        [message] = self.openstack.batch_refusals(f"server stop {name}")
        self.assertRegex(message, "409.*Cannot 'stop' instance .* vm_state resized")
        return port, server

    def test_resize_to_a_different_host(self):
        """Confirmed, the old host's device is free."""
        port, server = self._resize_away("moved")
        self.openstack.text("server", "resize", "confirm", "moved")
        self.until(server, "ACTIVE", "sim-2")
        wait_until("the old device is free", lambda: self.free()["sim-1"] == DEVICES)
        self.assert_free(DEVICES, SPARE)
        self.assert_bound(port, server, "sim-2")
        self.assert_record(server, "resize", "confirmed", "sim-1", "sim-2")

    def test_resize_that_is_reverted(self):
        """Everything is as before, to the very device."""
        port, server = self._resize_away("returned")
        self.openstack.text("server", "resize", "revert", "returned")
        back = self.until(server, "ACTIVE", "sim-1")
        self.assertEqual(back["flavor"]["original_name"], "f1")
        wait_until("the new device is free", lambda: self.free()["sim-2"] == DEVICES)
        self.assert_free(SPARE, DEVICES)
        self.assert_bound(port, server, "sim-1")
        self.assert_record(server, "resize", "reverted", "sim-1", "sim-2")

    def test_cold_migration(self):
        """`server migrate`, then confirmed."""
        port, server = self.start_server("carried")
        self.openstack.text("server", "migrate", "--wait", "carried")
        self.until(server, "VERIFY_RESIZE", "sim-2")
        self.assert_free(SPARE, SPARE)
        self.assert_record(server, "migration", "finished", "sim-1", "sim-2")
        self.openstack.text("server", "migrate", "confirm", "carried")
        self.until(server, "ACTIVE", "sim-2")
        wait_until("the old device is free", lambda: self.free()["sim-1"] == DEVICES)
        self.assert_bound(port, server, "sim-2")
        self.assert_record(server, "migration", "confirmed", "sim-1", "sim-2")

    def test_cold_migration_to_its_own_host(self):
        """400."""
        _, server = self.start_server("rooted")
        answer = self.act(server, "migrate", {"host": "sim-1"}, 400)
        self.assertIn("sim-1", answer["badRequest"]["message"])

    # Live migrations.

    def test_live_migration(self):
        """The server runs on the other host; how long its NIC was away is known."""
        port, server = self.start_server("flying")
        self.openstack.text("server", "migrate", "--live-migration", "--wait", "flying")
        self.until(server, "ACTIVE", "sim-2")
        wait_until("the old device is free", lambda: self.free()["sim-1"] == DEVICES)
        self.assert_free(DEVICES, SPARE)
        self.assert_bound(port, server, "sim-2")
        told = self.assert_record(server, "live-migration", "completed", "sim-1", "sim-2")
        self.assertGreaterEqual(told["network_outage_ms"], 0)
        self.assert_events_succeeded(server, "live-migration")
        [listed] = self.openstack.batch_json("server migration list --server flying")
        self.assertEqual(
            [(row["Source Compute"], row["Dest Compute"], row["Status"], row["Type"])
             for row in listed], [("sim-1", "sim-2", "completed", "live-migration")])
        # What is over is in the records only.
        path = f"/compute/v2.1/servers/{server}/migrations"
        self.assertEqual(self.api.expect(200, "GET", path)["migrations"], [])
        self.api.expect(404, "GET", f"{path}/{told['number']}")

    def test_live_migration_by_name_of_the_host(self):
        """There and back."""
        port, server = self.start_server("returning")
        for host in ("sim-2", "sim-1"):
            self.openstack.text(
                "server", "migrate", "--live-migration", "--host", host, "--wait", "returning")
            self.until(server, "ACTIVE", host)
            self.assert_bound(port, server, host)
        wait_until("the other device is free", lambda: self.free()["sim-2"] == DEVICES)

    def test_live_migration_without_a_host(self):
        """The server goes on where it is, the record says that it failed, nothing is claimed."""
        port, server = self.start_server("grounded")
        with self.only("sim-1"):
            self.act(server, "os-migrateLive", {"host": None, "block_migration": "auto"})
            self.until(server, "ACTIVE", "sim-1")
        self.assertIn(self.migrations(server)[0]["status"], {"error", "failed"})
        self.assertEqual(self.actions(server)[0], ("live-migration", "Error"))
        self.assert_free(SPARE, DEVICES)
        self.assert_bound(port, server, "sim-1")

    def test_what_else_is_refused(self):
        """Shared disks, and the moves of a paused guest."""
        _, server = self.start_server("strict")
        self.act(server, "os-migrateLive", {"host": None, "block_migration": False}, 400)
        self.act(server, "pause")
        self.until(server, "PAUSED")
        self.act(server, "os-migrateLive", {"host": None, "block_migration": "auto"}, 409)
        self.act(server, "migrate", None, 409)
        self.assertEqual(self.migrations(server), [])


if __name__ == "__main__":
    unittest.main()
