"""The QEMU command line of one compute host."""

import uuid

from . import layout

# All NICs but the SR-IOV one: the fastest that QEMU emulates, its boot ROM left out.
PLAIN_NIC = "virtio-net-pci,romfile=,bus=pcie.0"
# Guests migrate over the underlay, and what emulation spends is spent per packet.
UNDERLAY_MTU = 9000
UUID_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "lab.millrace")


def host_uuid(host):
    """The same for a host in every lab, different between hosts: libvirt compares them."""
    return uuid.uuid5(UUID_NAMESPACE, layout.host_name(host))


def _kernel_arguments(host, payload, numa):
    arguments = [
        "root=/dev/vda", "rw", "console=ttyS0", "quiet", "intel_iommu=on", "net.ifnames=0",
        "mitigations=off", "systemd.show_status=error",
        f"systemd.hostname={layout.host_name(host)}",
        f"systemd.machine_id={host_uuid(host).hex}",
    ]
    if numa:
        arguments.append(f"hugepages={layout.NUMA_HUGE_PAGES}")
    if payload is not None:
        disk = "/dev/disk/by-id/virtio-payload"
        arguments.append(f"systemd.mount-extra={disk}:{layout.PAYLOAD_PATH}:ext4:ro,nofail")
    return " ".join(arguments)


def _processors(numa):
    """CPUs and memory; with `numa` in nodes, each with its part of both."""
    if not numa:
        return ["-smp", str(layout.HOST_CPUS), "-m", str(layout.HOST_MEMORY_MIB)]
    cpus = layout.NUMA_HOST_CPUS // layout.NUMA_NODES
    memory = layout.HOST_MEMORY_MIB // layout.NUMA_NODES
    arguments = [
        "-smp", f"{layout.NUMA_HOST_CPUS},sockets={layout.NUMA_NODES},cores={cpus},threads=1",
        "-m", str(layout.HOST_MEMORY_MIB),
    ]
    for node in range(layout.NUMA_NODES):
        arguments += [
            "-object", f"memory-backend-ram,id=ram{node},size={memory}M",
            "-numa", f"node,nodeid={node},cpus={node * cpus}-{(node + 1) * cpus - 1},"
                     f"memdev=ram{node}",
        ]
    return arguments


def _machine(host, images, payload, numa):
    # TCG emulates SVM for `-cpu max`, so the host has a working /dev/kvm on any machine.
    return [
        "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
        *_processors(numa),
        "-name", layout.host_name(host), "-uuid", str(host_uuid(host)),
        "-display", "none", "-monitor", "none", "-no-reboot",
        "-serial", f"file:{layout.host_name(host)}.console.log",
        "-kernel", str(images["l1"] / "vmlinuz"), "-initrd", str(images["l1"] / "initrd.img"),
        "-append", _kernel_arguments(host, payload, numa),
        "-device", "intel-iommu,intremap=off,device-iotlb=on",
        "-device", "virtio-rng-pci",
    ]


def _disks(images, payload):
    root = images["l1"] / "l1.img"
    arguments = [
        "-drive", f"file={root},if=none,id=root,format=raw,snapshot=on",
        "-device", "virtio-blk-pci,drive=root",
    ]
    if payload is not None:
        arguments += [
            "-drive", f"file={payload},if=none,id=payload,format=raw,readonly=on",
            "-device", "virtio-blk-pci,drive=payload,serial=payload",
        ]
    return arguments


def _wire(name, end):
    return ["-netdev", f"dgram,id={name},local.type=fd,local.str={end.fileno()}"]


def _plain_nics(host, wires, ssh_port):
    return [
        "-netdev", f"user,id=mgmt,hostfwd=tcp:127.0.0.1:{ssh_port}-:22",
        "-device", f"{PLAIN_NIC},netdev=mgmt,mac={layout.management_mac(host)}",
        *_wire("fabric", wires.fabric),
        "-device", f"{PLAIN_NIC},netdev=fabric,mac={layout.fabric_mac(host)}",
        *_wire("underlay", wires.underlay),
        "-device", f"{PLAIN_NIC},netdev=underlay,mac={layout.underlay_mac(host)},"
                   f"host_mtu={UNDERLAY_MTU}",
    ]


def _sriov_port(numa):
    """The root port of the NIC with VFs. A root bus of its own tells the kernel its NUMA node."""
    if not numa:
        return ["-device", "pcie-root-port,id=sriov,chassis=1,slot=1"]
    return [
        "-device", f"pxb-pcie,id=node0,bus_nr={layout.NUMA_BUS},numa_node=0,bus=pcie.0",
        "-device", "pcie-root-port,id=sriov,chassis=1,slot=1,bus=node0",
    ]


def _sriov_nic(host, wires, numa):
    """The NIC with VFs. QEMU wants each VF listed before the PF it belongs to."""
    arguments = _sriov_port(numa)
    for index in range(layout.VF_COUNT):
        function = index + 1
        arguments += [
            *_wire(f"vf{index}", wires.vfs[index]),
            *_wire(f"rep{index}", wires.representors[index]),
            "-device",
            f"{PLAIN_NIC},netdev=rep{index},mac={layout.representor_mac(host, index)}",
            # Shadow virtqueues support neither guest_announce nor queue_reset, and QEMU refuses
            # to migrate a guest whose device offers them.
            "-device",
            f"virtio-net-pci,bus=sriov,addr=0x0.0x{function:x},netdev=vf{index},sriov-pf=pf,"
            "iommu_platform=on,guest_announce=off,queue_reset=off,"
            f"mac={layout.vf_mac(host, index)}",
        ]
    return arguments + [
        "-netdev", "user,id=pfnet,restrict=on",
        "-device", "virtio-net-pci,bus=sriov,addr=0x0.0x0,netdev=pfnet,id=pf,iommu_platform=on,"
                   f"mac={layout.pf_mac(host)}",
    ]


def command_line(host, images, wires, ssh_port, payload=None, numa=False):
    """The command that runs host number `host`; to be started in the state directory.

    With `numa` the host has NUMA nodes, huge pages, and its NIC on node 0.

    images maps a stage's name to its directory. QEMU comes from the l0 stage and runs with that
    stage's own loader and libraries, so it needs nothing of this machine and no chroot.
    """
    root = images["l0"] / "root"
    libraries = root / "usr/lib/x86_64-linux-gnu"
    return [
        str(root / "lib64/ld-linux-x86-64.so.2"), "--library-path", str(libraries),
        str(root / "usr/bin/qemu-system-x86_64"),
        "-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/share/seabios"),
        "-L", str(root / "usr/lib/ipxe/qemu"),
        *_machine(host, images, payload, numa), *_disks(images, payload),
        *_plain_nics(host, wires, ssh_port), *_sriov_nic(host, wires, numa),
    ]
