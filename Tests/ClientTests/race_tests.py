"""Many requests at the same moment for what only one can have."""

from concurrent.futures import ThreadPoolExecutor

from control_plane import ControlPlane
from scenario import Scenario

REQUESTS = 50
ROUNDS = 20
NO_DEVICE = "No valid host was found. 1 host: no free vdpa device on physnet1."


class RaceTests(Scenario):
    """One host with one vDPA device."""

    @classmethod
    def make_plane(cls):
        """The host and its device."""
        card = {"vendor_id": "15b3", "product_id": "101d", "vf_product_id": "101e",
                "physical_network": "physnet1", "vfs": 1, "vdpa": 1}
        host = {"name": "h1", "cpus": 64, "memory_mib": 65536, "pfs": [card]}
        return ControlPlane(fleet={"hosts": [host]})

    @classmethod
    def setUpClass(cls):
        """Makes what servers are made of, and a port for each of them."""
        super().setUpClass()
        cls.prepare_demo()
        cls.ports = [cls.api.create_port(cls.network_id, f"p{number}")["id"]
                     for number in range(REQUESTS)]

    def test_last_device(self):
        """Of fifty servers one is active, and the others are told why; again and again."""
        for number in range(ROUNDS):
            with self.subTest(round=number), ThreadPoolExecutor(REQUESTS) as threads:
                self.race(threads)

    def race(self, threads):
        """One round, which leaves nothing behind."""
        made = list(threads.map(
            lambda port: self.api.create_server("racer", port, self.flavor_id, self.image_id),
            self.ports))
        servers = list(threads.map(self.api.settled, made))
        active = [server for server in servers if server["status"] == "ACTIVE"]
        self.assertEqual(len(active), 1)
        faults = {server["fault"]["message"] for server in servers if server not in active}
        self.assertEqual(faults, {NO_DEVICE})
        device, = self.api.devices()
        self.assertEqual(
            (device["state"], device["instance_id"]), ("allocated", active[0]["id"]))
        owners = [self.api.port(port)["device_id"] for port in self.ports]
        self.assertEqual([owner for owner in owners if owner], [active[0]["id"]])
        list(threads.map(self.api.delete_server, made))
        self.assert_all_free()
