"""A guest with a CPU of its own on huge pages, placed beside its vDPA device."""

import re

FLAVOR_PROPERTIES = {"hw:numa_nodes": "1", "hw:cpu_policy": "dedicated", "hw:mem_page_size": "2MB"}
NAME, PORT = "numa-vm", "numa-port"


class Numa:
    """Goes on after `FirstLight` on hosts with NUMA nodes; its guest is gone at the end."""

    def __init__(self, light):
        self.light = light
        self.server = light.server
        self.expect = light.expect

    def run(self):
        """From the flavor to the pages that the kernel gave."""
        words = [word for key, value in FLAVOR_PROPERTIES.items()
                 for word in ("--property", f"{key}={value}")]
        self.server.openstack("flavor", "create", "--ram", "256", "--vcpus", "1", "--disk", "1",
                              *words, "f-numa")
        self.light.boot(PORT, NAME, flavor="f-numa")
        host, address = self.light.show(NAME, PORT)
        cell, cpu = self._placement()
        self._domain(host, cell, cpu)
        self.light.ping(host, address)
        self.light.delete(NAME, PORT, alone=False)

    def _placement(self):
        """The host's cell and CPU that were claimed, as `millrace explain` tells."""
        told = self.server.millrace("explain", "server", NAME)["placement"]["chosen"]
        self.expect(len(told["numa_cells"]) == 1, f"one cell was chosen: {told}")
        cell = told["numa_cells"][0]
        self.expect(len(cell["pins"]) == 1, f"the vCPU has a CPU of its own: {cell}")
        device = next(device for device in self.light.devices()
                      if device["id"] == told["devices"][0]["device_id"])
        self.expect(device["numa_node"] == cell["host_cell"],
                    f"the device is on the guest's cell: {device}, {cell}")
        return cell["host_cell"], cell["pins"][0]["host_cpu"]

    def _domain(self, host, cell, cpu):
        """What libvirt and the kernel made of it."""
        name = f"instance-{self.server.openstack('server', 'show', NAME)['id']}"
        document = host.run(f"virsh dumpxml {name}")
        for part in (f"<vcpupin vcpu='0' cpuset='{cpu}'/>", f"nodeset='{cell}'", "<hugepages>"):
            self.expect(part in document, f"the domain has {part}:\n{document}")
        pid = host.run(f"pgrep -f {name}").split()[0]
        pages = host.run(f"grep -E 'huge.*N{cell}=' /proc/{pid}/numa_maps")
        count = max(int(found) for found in re.findall(rf"N{cell}=(\d+)", pages))
        self.expect(count == 128, f"128 pages of 2 MiB lie on node {cell}: {pages}")
        self.light.report(f"{NAME}: vCPU on CPU {cpu}, {count} huge pages on node {cell}, "
                          "where its device is")
