"""Tokens, the catalogue, projects, users, and who may see what."""

import unittest

from api_session import APISession
from openstack_client import OpenStackClient
from scenario import Scenario

MEMBER = {"username": "mara", "password": "a-long-word-of-hers", "project_name": "weaving"}


class IdentityTests(Scenario):
    """An administrator and a member of another project."""

    @classmethod
    def setUpClass(cls):
        """Makes a project with a member, as an administrator does it."""
        super().setUpClass()
        cls.prepare_demo()
        cls.project, cls.user = cls.openstack.batch_json(
            "project create weaving",
            f"user create mara --password {MEMBER['password']}")
        output, errors = cls.openstack.batch(
            "role add --project weaving --user mara member", "network set --share net1",
            "image set --public img1")
        assert (output.strip(), errors.strip()) == ("", ""), (output, errors)
        clouds = cls.plane.write_clouds_file("member.yaml", **MEMBER)
        cls.member = OpenStackClient(clouds, cls.plane.folder)

    def test_token_catalog_and_versions(self):
        """The service catalogue has what the client looks for, all at one address."""
        token, catalog, versions = self.make_password_client().batch_json(
            "token issue", "catalog list", "versions show")
        self.assertEqual(token["id"].count("."), 2)
        self.assertRegex(token["expires"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$")
        self.assertEqual(
            {(row["Name"], row["Type"]) for row in catalog},
            {("nova", "compute"), ("neutron", "network"), ("glance", "image"),
             ("keystone", "identity")})
        for row in catalog:
            self.assertEqual(
                {endpoint["interface"] for endpoint in row["Endpoints"]},
                {"public", "internal", "admin"})
            for endpoint in row["Endpoints"]:
                self.assertTrue(endpoint["url"].startswith(self.plane.url), endpoint)
        current = {
            row["Service Type"]: row["Version"] for row in versions
            if row["Status"] == "CURRENT"}
        self.assertEqual(current.keys(), {"compute", "network", "image", "identity"})

    def test_token_of_the_client_is_good_for_requests(self):
        """What `token issue` prints works as X-Auth-Token; with one letter changed it doesn't."""
        session = APISession(self.plane)
        session.token = self.make_password_client().json("token", "issue")["id"]
        session.expect(200, "GET", "/compute/v2.1/servers")
        middle = len(session.token) // 2
        other = "A" if session.token[middle] != "A" else "B"
        session.token = session.token[:middle] + other + session.token[middle + 1:]
        session.expect(401, "GET", "/compute/v2.1/servers")
        session.token = None
        session.expect(401, "GET", "/compute/v2.1/servers")

    def test_wrong_password(self):
        """A wrong password and an unknown user get the same answer, and no reason."""
        messages = []
        for number, wrong in enumerate([{"password": "guessed"}, {"username": "nobody"}]):
            clouds = self.plane.write_clouds_file(f"wrong-{number}.yaml", **wrong)
            client = OpenStackClient(clouds, self.plane.folder)
            messages.append(client.refusal("token", "issue"))
        for message in messages:
            self.assertIn("HTTP 401", message)
            self.assertRegex(message, r"user name|username|password|[Aa]uthentication")
            self.assertNotIn(self.plane.auth["password"], message)
        self.assertEqual(*(message.split("(Request-ID")[0] for message in messages))

    def test_member_has_servers_of_its_own(self):
        """A member makes a server in its project; neither project's lists show the other's."""
        pair = self.create_server("admins-vm")
        self.api.settled(pair[1])
        port, server = self.member.batch_json(
            "port create --network net1 --vnic-type vdpa members-port",
            "server create --flavor f1 --image img1 --port members-port --wait members-vm")
        self.assertEqual(server["status"], "ACTIVE")
        self.assertEqual(server["project_id"], self.project["id"])
        self.assertEqual(server["user_id"], self.user["id"])
        servers, ports, projects = self.member.batch_json(
            "server list", "port list", "project list --my-projects")
        self.assertEqual([row["Name"] for row in servers], ["members-vm"])
        self.assertEqual([row["ID"] for row in ports], [port["id"]])
        self.assertEqual([row["Name"] for row in projects], ["weaving"])
        own, everybody = self.openstack.batch_json("server list", "server list --all-projects")
        self.assertEqual([row["Name"] for row in own], ["admins-vm"])
        self.assertEqual({row["Name"] for row in everybody}, {"admins-vm", "members-vm"})
        self._refusals_for_member(pair)
        self.delete_servers(pair, (port["id"], server["id"]))

    def _refusals_for_member(self, pair):
        port_id, server_id = pair
        messages = self.member.batch_refusals(
            f"server show {server_id}", f"server delete {server_id}", f"port show {port_id}",
            "flavor create f9 --vcpus 1 --ram 512 --disk 1",
            f"server create --flavor f1 --image img1 --port {port_id} thief")
        for message in messages[:3]:
            self.assertRegex(message, f"No [A-Za-z ]+ found for ({server_id}|{port_id})|404")
        self.assertIn("403", messages[3])
        self.assertRegex(messages[4], f"No Port found for {port_id}")
        self.assertEqual(self.api.server(server_id)["status"], "ACTIVE")

    def test_member_sees_no_operators_objects(self):
        """Hosts and users are the administrator's, and the answer says so."""
        for message in self.member.batch_refusals(
                "hypervisor list", "compute service list", "user list"):
            self.assertIn("403", message)

    def test_disabled_user_is_out(self):
        """A disabled user's token ends and a new one is not given."""
        _, errors = self.openstack.batch(
            "user create otto --password a-long-word-of-his",
            "role add --project weaving --user otto member")
        self.assertEqual(errors.strip(), "")
        clouds = self.plane.write_clouds_file(
            "otto.yaml", username="otto", password="a-long-word-of-his",
            project_name="weaving")
        client = OpenStackClient(clouds, self.plane.folder)
        session = APISession(self.plane)
        session.token = client.json("token", "issue")["id"]
        session.expect(200, "GET", "/compute/v2.1/servers")
        self.openstack.text("user", "set", "--disable", "otto")
        session.expect(401, "GET", "/compute/v2.1/servers")
        self.assertIn("HTTP 401", client.refusal("token", "issue"))


if __name__ == "__main__":
    unittest.main()
