"""Tests of the lab's own logic; they start no host and build no image."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from millrace_lab import (guest, images, layout, lifecycle, links, mirror, probe, process, qemu,
                          state, wait)
from millrace_lab.errors import LabError


class MirrorTests(unittest.TestCase):
    """The choice of the Debian mirror."""

    def test_takes_the_first_complete_debian_archive(self):
        cases = [
            ([], mirror.DEFAULT_MIRROR),
            ([("http://mirror.example/debian", "bookworm-backports")], mirror.DEFAULT_MIRROR),
            ([("http://mirror.example/debian/", "bookworm")], "http://mirror.example/debian"),
            ([("http://a.example/debian", "bookworm-updates"),
              ("http://b.example/debian", "trixie")], "http://b.example/debian"),
        ]
        for sites, expected in cases:
            with self.subTest(sites=sites):
                self.assertEqual(mirror.choose(sites), expected)


class LayoutTests(unittest.TestCase):
    """Names and addresses, which the host image repeats."""

    def test_every_nic_of_the_link_files_has_a_mac_of_the_layout(self):
        folder = images.RECIPES / "l1/tree/etc/systemd/network"
        for host in range(1, layout.MAX_HOSTS + 1):
            wanted = {"mgmt0": layout.management_mac(host), "pf0": layout.pf_mac(host),
                      "fabric0": layout.fabric_mac(host), "underlay0": layout.underlay_mac(host)}
            for index in range(layout.VF_COUNT):
                wanted[f"rep{index}"] = layout.representor_mac(host, index)
            for name, mac in wanted.items():
                with self.subTest(host=host, name=name):
                    self.assertIn(mac, (folder / f"10-{name}.link").read_text(encoding="utf-8"))

    def test_no_mac_is_given_twice(self):
        macs = [entry["mac"] for host in (1, 2) for entry in layout.vf_table(host)]
        for host in (1, 2):
            macs += [layout.management_mac(host), layout.pf_mac(host), layout.fabric_mac(host),
                     layout.underlay_mac(host)]
            macs += [layout.representor_mac(host, index) for index in range(layout.VF_COUNT)]
        self.assertEqual(len(macs), len(set(macs)))


class LifecycleTests(unittest.TestCase):
    """What the scenario between two hosts is made of."""

    def test_a_nic_without_an_address_is_reached_by_its_mac(self):
        self.assertEqual(probe.link_local("52:54:02:00:01:02"), "fe80::5054:2ff:fe00:102")

    def test_every_step_exists(self):
        for step in lifecycle.Lifecycle.STEPS:
            with self.subTest(step=step):
                self.assertTrue(callable(getattr(lifecycle.Lifecycle, step)))


class WireTests(unittest.TestCase):
    """The sockets between NICs."""

    def test_a_wire_carries_frames_both_ways_and_nobody_elses(self):
        with links.Wires() as wires, contextlib.closing(
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            near, far = wires.pair()
            stranger.sendto(b"stranger", far.getsockname())
            near.send(b"there")
            far.settimeout(5)
            near.settimeout(5)
            self.assertEqual(far.recv(100), b"there")
            far.send(b"back")
            self.assertEqual(near.recv(100), b"back")

    def test_two_hosts_share_the_fabric_and_a_single_host_holds_both_ends(self):
        with links.Wires() as wires:
            pair = links.wire(wires, 2)
            self.assertEqual(pair[1].fabric.getpeername(), pair[2].fabric.getsockname())
            self.assertEqual(pair[1].held, [])
            alone = links.wire(wires, 1)[1]
            self.assertEqual(alone.fabric.getpeername(), alone.held[0].getsockname())
            self.assertEqual(len(alone.descriptors()), 2 * layout.VF_COUNT + 4)


class QemuTests(unittest.TestCase):
    """The command line of a host."""

    def test_vfs_come_before_their_pf_with_their_macs(self):
        stages = {stage: pathlib.Path("/images") / stage for stage in images.STAGES}
        with links.Wires() as wires:
            line = qemu.command_line(2, stages, links.wire(wires, 2)[2], 2222)
        vfs = [word for word in line if "sriov-pf=pf" in word]
        physical = [position for position, word in enumerate(line) if ",id=pf," in word]
        self.assertEqual(len(vfs), layout.VF_COUNT)
        self.assertEqual(len(physical), 1)
        for index, word in enumerate(vfs):
            self.assertIn(f"addr=0x0.0x{index + 1}", word)
            self.assertTrue(word.endswith(layout.vf_mac(2, index)))
            self.assertLess(line.index(word), physical[0])
        self.assertNotEqual(qemu.host_uuid(1), qemu.host_uuid(2))

    def test_a_numa_host_has_its_nic_on_node_0_and_all_cpus_and_memory_in_nodes(self):
        stages = {stage: pathlib.Path("/images") / stage for stage in images.STAGES}
        with links.Wires() as wires:
            ends = links.wire(wires, 1)[1]
            plain = qemu.command_line(1, stages, ends, 2222)
            line = qemu.command_line(1, stages, ends, 2222, numa=True)
        nodes = [word for word in line if word.startswith("node,nodeid=")]
        self.assertEqual(nodes, ["node,nodeid=0,cpus=0-1,memdev=ram0",
                                 "node,nodeid=1,cpus=2-3,memdev=ram1"])
        self.assertIn(f"memory-backend-ram,id=ram1,size={layout.HOST_MEMORY_MIB // 2}M", line)
        self.assertIn(f"hugepages={layout.NUMA_HUGE_PAGES}", line[line.index("-append") + 1])
        bridge = line.index("pxb-pcie,id=node0,bus_nr=32,numa_node=0,bus=pcie.0")
        self.assertLess(bridge, line.index("pcie-root-port,id=sriov,chassis=1,slot=1,bus=node0"))
        self.assertNotIn("-numa", plain)
        self.assertFalse([word for word in plain if "pxb" in word or "hugepages" in word])


class ProcessTests(unittest.TestCase):
    """Ending what was started, and only that."""

    def test_ends_the_recorded_process_and_spares_a_later_namesake(self):
        with subprocess.Popen(["sleep", "600"]) as child:
            started = process.start_ticks(child.pid)
            try:
                self.assertTrue(process.end(child.pid, started - 1))
                self.assertIsNone(child.poll())
                self.assertTrue(process.is_running(child.pid, started))
                self.assertTrue(process.end(child.pid, started))
            finally:
                child.kill()
        self.assertFalse(process.is_running(child.pid, started))


class StateTests(unittest.TestCase):
    """The record of what runs."""

    def test_a_broken_record_and_a_held_directory_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            former = os.environ.get("MILLRACE_LAB_STATE")
            os.environ["MILLRACE_LAB_STATE"] = folder
            try:
                self.assertEqual(state.load(), {"hosts": []})
                with self.assertRaisesRegex(LabError, "not up"):
                    state.host(1)
                with state.exclusive(), self.assertRaisesRegex(LabError, "another lab command"):
                    with state.exclusive():
                        pass
                pathlib.Path(folder, "state.json").write_text("{", encoding="utf-8")
                with self.assertRaisesRegex(LabError, "state.json"):
                    state.load()
            finally:
                del os.environ["MILLRACE_LAB_STATE"]
                if former is not None:
                    os.environ["MILLRACE_LAB_STATE"] = former

    def test_a_wait_in_vain_says_for_what(self):
        with self.assertRaisesRegex(LabError, "waited 0 s for the moon"):
            wait.until("the moon", 0, lambda: False)


class GuestTests(unittest.TestCase):
    """The documents of the check's guest."""

    def test_the_config_drive_names_the_nic_by_its_mac(self):
        documents = guest.metadata("check0", "52:54:01:00:01:01", "10.20.0.10")
        network = documents["network_data.json"]
        self.assertEqual(network["links"][0]["ethernet_mac_address"], "52:54:01:00:01:01")
        self.assertEqual(network["networks"][0]["link"], network["links"][0]["id"])


if __name__ == "__main__":
    unittest.main()
