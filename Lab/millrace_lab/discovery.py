"""Devices that come, go and come back under a running agent, and what operators are told of it."""

import json
import time

from . import ssh, wait
from .errors import LabError

# A scan after an event takes a second or two on an emulated host; the agent's timer would need 60.
SECONDS_MAX = 30
# How long a deletion in use is watched before its guest is taken away.
HELD_SECONDS = 15
DELETION_LOG = "/run/discovery-deletion"
MATCH_SPEC = "/run/discovery-match.yaml"
# The SATA controller of QEMU's q35, which no entry in force offers.
PLAIN_FUNCTION = ("8086", "2922")


class Discovery:
    """Goes on after `FirstLight`, while its guest runs; leaves all devices as it found them."""

    def __init__(self, light):
        self.light = light
        self.report = light.report
        self.expect = light.expect

    def run(self, host):
        """All of it on one host, which runs the guest `vdpa-vm`."""
        owned = self._owned(host)
        free = next(vf for vf in host.entry["vfs"] if vf["vdpa_device"] != owned["vdpa_device"])
        self.match(host, owned, free)
        self.come_and_go(host, free)
        self.capabilities(host)
        self.deleted_in_use(host, owned)
        self.not_given_out(host, owned)
        self.back_again(host, owned)

    def _owned(self, host):
        """The VF whose vDPA device the guest has."""
        name = self.light.devices(host=host.name, state="allocated")[0]["vdpa_name"]
        return next(vf for vf in host.entry["vfs"] if vf["vdpa_device"] == name)

    # Changes of the host, as its operator makes them

    def _delete(self, host, vf):
        host.run(f"vdpa dev del {vf['vdpa_device']}")

    def _add(self, host, vf):
        host.run(f"vdpa dev add name {vf['vdpa_device']} mgmtdev pci/{vf['pci_address']}")

    def _listed(self, host, vf):
        """The vDPA device's line in `millrace device list`; None if it has none."""
        found = [device for device in self.light.devices(host=host.name)
                 if device["address"] == vf["pci_address"]]
        self.expect(len(found) <= 1, f"one function is one device: {found}")
        return found[0] if found else None

    def _conditions(self, host):
        shown = self.light.server.millrace("host", "show", host.name)
        return {condition["code"]: condition["message"] for condition in shown["conditions"]}

    def _within_seconds(self, what, attempt):
        """Waits for it, and says how long it took."""
        began = time.monotonic()
        wait.until(what, SECONDS_MAX, attempt, 0.5)
        self.report(f"{what}: after {time.monotonic() - began:.1f} s")

    # What is tried

    def match(self, host, owned, free):
        """`millrace device match`: what another device_spec would change, and nothing changes."""
        other = next(vf for vf in host.entry["vfs"] if vf not in (owned, free))
        spec = "\n".join([
            f'- {{address: "{free["pci_address"]}", physical_network: physnet2}}',
            f'- {{address: "{owned["pci_address"]}", physical_network: physnet1}}',
            f'- {{vendor_id: "{PLAIN_FUNCTION[0]}", product_id: "{PLAIN_FUNCTION[1]}"}}', ""])
        wanted = {free["vdpa_device"]: (0, "physnet2", "tags change"),
                  owned["vdpa_device"]: (1, "physnet1", "unchanged"),
                  other["vdpa_device"]: (None, None, "no longer offered")}
        before = self.light.devices(host=host.name)
        file = self.light.server.directory / "match.yaml"
        file.write_text(spec, encoding="utf-8")
        found = self.light.server.millrace(
            "device", "match", "--spec", str(file), "--host", host.name)
        self._compare("--host", found, wanted, plain=None)
        idle = [problem["entry"] for problem in found["problems"]]
        self.expect(idle == [2], f"the server's list has nothing for entry 2: {found['problems']}")
        host.run(f"cat > {MATCH_SPEC} <<'LAB_END'\n{spec}LAB_END\n")
        found = json.loads(host.run(
            "LD_LIBRARY_PATH=/opt/millrace/lib /opt/millrace/bin/millrace device match "
            f"--spec {MATCH_SPEC} --agent-config /etc/millrace/agent.yaml --format json"))
        self._compare("--agent-config", found, wanted, plain=(2, None, "newly offered"))
        self.expect(found["problems"] == [],
                    f"on the host each entry decides about a device: {found['problems']}")
        self.expect(self.light.devices(host=host.name) == before, "nothing was applied")

    def _compare(self, source, found, wanted, plain):
        """The rows of the vDPA devices by name, and of the function that is not offered."""
        rows = {row["id"].rpartition("/")[2]: self._decision(row)
                for row in found["devices"] if row["kind"] == "vdpa"}
        for name, decision in sorted(rows.items()):
            self.report(f"device match {source}: {name} entry {decision[0]}, network "
                        f"{decision[1]}, {decision[2]}")
        self.expect(rows == wanted, f"device match {source} says {wanted}, found {rows}")
        others = {self._decision(row) for row in found["devices"]
                  if (row["vendor_id"], row["product_id"]) == PLAIN_FUNCTION}
        self.expect(others == ({plain} if plain else set()),
                    f"device match {source} says {plain} of the plain function, found {others}")

    @staticmethod
    def _decision(row):
        return row["entry"], row["physical_network"], row["change"]

    def come_and_go(self, host, vf):
        """A free device is deleted and made again while the agent runs."""
        name = vf["vdpa_device"]
        self._delete(host, vf)
        self._within_seconds(f"{name} is gone from 'millrace device list'",
                             lambda: self._listed(host, vf) is None)
        kinds = [device["kind"] for device in self.light.server.millrace("device", "list")
                 if device["address"] == vf["pci_address"]]
        self.expect(kinds == ["VF"], f"its function is a plain VF now: {kinds}")
        self._add(host, vf)
        self._within_seconds(
            f"{name} is listed again, free",
            lambda: (self._listed(host, vf) or {}).get("state") == "available")

    def capabilities(self, host):
        """What the devices say of themselves."""
        for device in self.light.devices(host=host.name):
            known = device.get("capabilities") or {}
            self.report(f"  {device['vdpa_name']}: {known}")
            self.expect(known.get("driver") == "vp_vdpa", f"the VF's driver is known: {device}")
            self.expect(known.get("transparent_migration") is False,
                        f"vp_vdpa can't restore queues: {device}")

    def deleted_in_use(self, host, vf):
        """`vdpa dev del` of a running guest's device: it waits until the guest is off."""
        name = vf["vdpa_device"]
        # The kernel doesn't let the command go; nothing must wait for its end here.
        host.run(f"(setsid sh -c 'vdpa dev del {name}; echo ended $?' "
                 f"> {DELETION_LOG} 2>&1 < /dev/null &)")
        time.sleep(HELD_SECONDS)
        answer = host.run(f"cat {DELETION_LOG}").strip()
        self.report(f"'vdpa dev del {name}' in use, after {HELD_SECONDS} s: "
                    + (answer or "the kernel still waits for the guest"))
        self.expect(host.guest_pid(), "the guest's QEMU runs on")
        self.expect(host.run("systemctl is-active millrace-agent").strip() == "active",
                    "the agent runs on, though the kernel answers nothing about vDPA")
        listed = self._listed(host, vf)
        self.expect(listed is not None and listed["instance_id"],
                    f"the device still has its owner: {listed}")
        if not answer:
            host.run("virsh destroy $(virsh list --name)", timeout_s=300)
            wait.until("the deletion to end", SECONDS_MAX,
                       lambda: host.run(f"cat {DELETION_LOG}").strip(), 0.5)
        self.report(f"the guest is off; the deletion: {host.run(f'cat {DELETION_LOG}').strip()}")
        gone = ssh.run(host.entry, f"test ! -e /sys/bus/vdpa/devices/{name}", check=False)
        if gone.returncode != 0:
            self._delete(host, vf)
        self._within_seconds("'millrace host show' says device-vanished",
                             lambda: "device-vanished" in self._conditions(host))
        self.report(f"  {self._conditions(host)['device-vanished']}")
        listed = self._vanished(host)
        self.expect(listed["instance_id"] and listed["state"] == "allocated",
                    f"'millrace device list' has it, with its owner: {listed}")
        self.report(f"  {listed['address']} {listed['state']}: {listed['problems'][0]}")

    def _vanished(self, host):
        """The one device that is owned and not there."""
        found = [device for device in self.light.devices(host=host.name)
                 if any("vanished" in problem for problem in device["problems"])]
        self.expect(len(found) == 1, f"one device vanished: {found}")
        return found[0]

    def not_given_out(self, host, vf):
        """With every other device gone, too, there is none for a new server."""
        others = [other for other in host.entry["vfs"] if other is not vf]
        for other in others:
            self._delete(host, other)
        self._within_seconds("no device is free", lambda: not self.light.devices(
            host=host.name, state="available"))
        run = self.light.server.openstack
        run("port", "create", "--network", "net1", "--vnic-type", "vdpa", "vain-port")
        run("server", "create", "--flavor", "f1", "--image", "img1", "--port", "vain-port",
            "vain-vm", "--no-json")
        wait.until("the new server to be in ERROR", SECONDS_MAX * 2,
                   lambda: run("server", "show", "vain-vm")["status"] == "ERROR", 1)
        fault = run("server", "show", "vain-vm")["fault"]
        self.report(f"a new server is refused: {fault['message']}")
        self.expect("No valid host" in fault["message"], f"the fault says why: {fault}")
        run("server", "delete", "--wait", "vain-vm", "--no-json")
        run("port", "delete", "vain-port", "--no-json")
        for other in others:
            self._add(host, other)

    def back_again(self, host, vf):
        """Made again under its name, the device is its owner's as before, and then the next's."""
        self._add(host, vf)
        self._within_seconds("no device is missing any more", lambda: (
            "device-vanished" not in self._conditions(host)
            and all(not device["problems"]
                    for device in self.light.devices(host=host.name))))
        listed = self._listed(host, vf)
        self.expect(listed["state"] == "allocated", f"its owner has it again: {listed}")
        self.light.server.openstack("server", "delete", "--wait", "vdpa-vm", "--no-json")
        wait.until("it to be free", SECONDS_MAX, lambda: len(self.light.devices(
            host=host.name, state="available")) == len(host.entry["vfs"]), 1)
        others = [other for other in host.entry["vfs"] if other is not vf]
        for other in others:
            self._delete(host, other)
        self._within_seconds("only that device is there", lambda: len(self.light.devices(
            host=host.name)) == 1)
        self.light.server.openstack(
            "server", "create", "--flavor", "f1", "--image", "img1", "--port", "vdpa-port",
            "--wait", "vdpa-vm")
        again = self._listed(host, vf)
        if again["state"] != "allocated" or not again["instance_id"]:
            raise LabError(f"the next server has the device that came back: {again}")
        self.report(f"the next server has {vf['vdpa_device']}, which had vanished")
        for other in others:
            self._add(host, other)
        self._within_seconds("all devices are listed", lambda: len(self.light.devices(
            host=host.name)) == len(host.entry["vfs"]))
