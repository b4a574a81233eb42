"""What most tests start from: a control plane, its clients, and a network to be on."""

import contextlib
import unittest

import disk_images
from api_session import APISession
from control_plane import ControlPlane
from openstack_client import OpenStackClient


class Scenario(unittest.TestCase):
    """A control plane for all tests of a class. They use names of their own."""

    maxDiff = None

    @classmethod
    def make_plane(cls):
        """The control plane, not started."""
        return ControlPlane()

    @classmethod
    def make_client(cls):
        """The administrator's client. With a token: a login costs a second of hashing."""
        clouds = cls.plane.write_token_clouds_file(cls.api.token)
        return OpenStackClient(clouds, cls.plane.folder)

    @classmethod
    def make_password_client(cls):
        """The administrator's client, with the file that the program wrote."""
        return OpenStackClient(cls.plane.clouds_file, cls.plane.folder)

    @classmethod
    def setUpClass(cls):
        """Starts the control plane; it is stopped, and must stop well, after the last test."""
        cls.plane = cls.make_plane()
        cls.addClassCleanup(cls.plane.dispose)
        cls.plane.start()
        cls.api = APISession(cls.plane)
        cls.openstack = cls.make_client()

    @classmethod
    def prepare_demo(cls):
        """`net1` on physnet1, `f1` and `img1`, over plain HTTP, which costs next to nothing."""
        cls.network_id = cls.api.create_network("net1")
        subnet = {"network_id": cls.network_id, "ip_version": 4, "cidr": "192.0.2.0/24"}
        cls.api.expect(201, "POST", "/network/v2.0/subnets", {"subnet": subnet})
        flavor = {"name": "f1", "vcpus": 1, "ram": 512, "disk": 1}
        cls.flavor_id = cls.api.expect(
            200, "POST", "/compute/v2.1/flavors", {"flavor": flavor})["flavor"]["id"]
        cls.image_id = cls.api.create_image("img1", disk_images.qcow2(cls.plane.folder))

    def create_server(self, name):
        """The ids of a new port and of a server on it, made over plain HTTP."""
        port = self.api.create_port(self.network_id, f"{name}-port")["id"]
        return port, self.api.create_server(name, port, self.flavor_id, self.image_id)

    def delete_servers(self, *pairs):
        """Deletes what `create_server` made."""
        for _, server in pairs:
            self.api.delete_server(server)
        for port, _ in pairs:
            self.api.expect(204, "DELETE", f"/network/v2.0/ports/{port}")

    def assert_all_free(self):
        """No device has an owner, and every one can be had."""
        for device in self.api.devices():
            with self.subTest(host=device["host"], address=device["address"]):
                self.assertEqual(
                    (device["state"], device["instance_id"], device["port_id"]),
                    ("available", None, None))

    @contextlib.contextmanager
    def stopped_agents(self, *hosts):
        """Runs the body while these hosts' agents are stopped."""
        for host in hosts:
            self.plane.report("simulate", "stop-agent", host)
        try:
            yield
        finally:
            for host in hosts:
                self.plane.report("simulate", "start-agent", host)
