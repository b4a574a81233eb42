"""Requests over plain HTTP: what the client can't send, and many at once."""

import json
import urllib.error
import urllib.request

from waiting import wait_until

TIMEOUT_S = 30
# Servers in these states don't change by themselves.
SETTLED = {"ACTIVE", "ERROR"}


class APISession:
    """A token and the addresses that it is for."""

    def __init__(self, plane):
        self.plane = plane
        self.token = None
        self.token = self._log_in(plane.auth)

    def _log_in(self, auth):
        user = {
            "name": auth["username"], "password": auth["password"], "domain": {"id": "default"}}
        body = {"auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {
                "name": auth["project_name"], "domain": {"id": "default"}}}}}
        _, headers, _ = self.exchange(
            "POST", "/identity/v3/auth/tokens", json.dumps(body).encode())
        return headers["X-Subject-Token"]

    def exchange(self, method, path, content=None, content_type="application/json"):
        """Status, headers and body of an answer; the body's bytes if it is no JSON."""
        headers = {"OpenStack-API-Version": "compute 2.90"}
        if content is not None:
            headers["Content-Type"] = content_type
        if self.token is not None:
            headers["X-Auth-Token"] = self.token
        request = urllib.request.Request(
            self.plane.url + path, data=content, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return answer.status, answer.headers, _decoded(answer.read())
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, _decoded(answer.read())

    def request(self, method, path, body=None):
        """Status and body of an answer to JSON."""
        content = None if body is None else json.dumps(body).encode()
        status, _, answer = self.exchange(method, path, content)
        return status, answer

    def expect(self, status, method, path, body=None):
        """The body of an answer that must have this status."""
        found, answer = self.request(method, path, body)
        if found != status:
            raise AssertionError(f"{method} {path}: {found}, expected {status}: {answer}")
        return answer

    def create_network(self, name):
        """The id of a new tenant network."""
        network = {"name": name}
        answer = self.expect(201, "POST", "/network/v2.0/networks", {"network": network})
        return answer["network"]["id"]

    def create_image(self, name, path):
        """The id of a new qcow2 image."""
        image = {"name": name, "disk_format": "qcow2", "container_format": "bare"}
        image_id = self.expect(201, "POST", "/image/v2/images", image)["id"]
        status, _, answer = self.exchange(
            "PUT", f"/image/v2/images/{image_id}/file", path.read_bytes(),
            "application/octet-stream")
        if status != 204:
            raise AssertionError(f"upload of {path}: {status}: {answer}")
        return image_id

    def create_port(self, network_id, name, **attributes):
        """A new vDPA port."""
        port = {
            "network_id": network_id, "name": name, "binding:vnic_type": "vdpa", **attributes}
        return self.expect(201, "POST", "/network/v2.0/ports", {"port": port})["port"]

    def create_server(self, name, port_id, flavor_id, image_id):
        """The id of a server that was acknowledged."""
        server = {
            "name": name, "flavorRef": flavor_id, "imageRef": image_id,
            "networks": [{"port": port_id}]}
        answer = self.expect(202, "POST", "/compute/v2.1/servers", {"server": server})
        return answer["server"]["id"]

    def devices(self, kind="vdpa"):
        """The devices of one kind, as `millrace device list` gets them."""
        return self.expect(200, "GET", f"/v1/devices?kind={kind}")["devices"]

    def port(self, port_id):
        """A port as it is now."""
        return self.expect(200, "GET", f"/network/v2.0/ports/{port_id}")["port"]

    def server(self, server_id):
        """A server as it is now."""
        return self.expect(200, "GET", f"/compute/v2.1/servers/{server_id}")["server"]

    def servers(self):
        """All servers of the project."""
        return self.expect(200, "GET", "/compute/v2.1/servers/detail")["servers"]

    def settled(self, server_id):
        """A server as soon as it is active or failed."""
        wait_until(
            f"server {server_id} ends building",
            lambda: self.server(server_id)["status"] in SETTLED)
        return self.server(server_id)

    def delete_server(self, server_id):
        """Deletes a server and waits until it is gone."""
        path = f"/compute/v2.1/servers/{server_id}"
        self.expect(204, "DELETE", path)
        wait_until(f"server {server_id} is gone", lambda: self.request("GET", path)[0] == 404)


def _decoded(content):
    try:
        return json.loads(content)
    except ValueError:
        return content
