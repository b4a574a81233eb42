"""Live migrations that take their time: progress, abort and force-complete by the real client."""

import unittest

from control_plane import ControlPlane
from lifecycle_scenario import DEVICES, HOSTS, LifecycleScenario
from waiting import wait_until

# Long enough that no test waits for the end by itself.
MIGRATION_MS = 120_000


class MigrationControlTests(LifecycleScenario):
    """Servers begin on `sim-1` and are on their way for minutes."""

    @classmethod
    def make_plane(cls):
        """Two hosts like those of `--simulate`, with slow migrations."""
        card = {"vendor_id": "15b3", "product_id": "101d", "vf_product_id": "101e",
                "physical_network": "physnet1", "vfs": DEVICES, "vdpa": DEVICES}
        return ControlPlane(fleet={"hosts": [
            {"name": name, "cpus": 16, "memory_mib": 65_536, "migration_ms": MIGRATION_MS,
             "pfs": [card]} for name in HOSTS]})

    def _depart(self, name):
        """The ids of port and server, and the number of the migration, which is under way."""
        port, server = self.start_server(name)
        self.openstack.text("server", "migrate", "--live-migration", name)
        path = f"/compute/v2.1/servers/{server}/migrations"
        def running():
            return next((move for move in self.api.expect(200, "GET", path)["migrations"]
                         if move["status"] == "running"), None)
        number = wait_until("the guest is on its way", running)["id"]
        return port, server, number

    def test_a_migration_that_is_aborted(self):
        """The guest goes on at home, with its NIC; the record says that it was cancelled."""
        port, server, number = self._depart("doubtful")
        shown = self.api.expect(
            200, "GET", f"/compute/v2.1/servers/{server}/migrations/{number}")["migration"]
        self.assertEqual((shown["source_compute"], shown["dest_compute"]), HOSTS)
        self.openstack.text("server", "migration", "abort", "doubtful", str(number))
        self.until(server, "ACTIVE", "sim-1")
        self.assert_free(DEVICES - 1, DEVICES)
        self.assert_bound(port, server, "sim-1")
        self.assertEqual(self.migrations(server)[0]["status"], "cancelled")
        [message] = self.openstack.batch_refusals(f"server migration abort doubtful {number}")
        self.assertIn("400", message)

    def test_a_migration_that_is_forced(self):
        """It ends at once."""
        port, server, number = self._depart("hurried")
        self.openstack.text("server", "migration", "force", "complete", "hurried", str(number))
        self.until(server, "ACTIVE", "sim-2")
        wait_until("the old device is free", lambda: self.free()["sim-1"] == DEVICES)
        self.assert_bound(port, server, "sim-2")
        self.assertEqual(self.migrations(server)[0]["status"], "completed")

    def test_a_server_that_is_deleted_on_its_way(self):
        """Nothing of it is left anywhere; `tearDown` looks."""
        _, server, _ = self._depart("unwanted")
        self.openstack.text("server", "delete", "--wait", "unwanted")
        self.assertNotIn(server, [shown["id"] for shown in self.api.servers()])


if __name__ == "__main__":
    unittest.main()
