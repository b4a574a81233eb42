"""Names, addresses and numbers of the lab's hosts.

The host images hold the same values in recipes/l1/tree: the .link files name the NICs by these
MAC addresses, and etc/hosts lists the underlay addresses.
"""

MAX_HOSTS = 2
VF_COUNT = 3
HOST_CPUS = 2
HOST_MEMORY_MIB = 3072
# A host with NUMA (`up --numa`): CPUs and memory are divided evenly among the nodes, the SR-IOV NIC
# is plugged into node 0, and the kernel spreads the 2 MiB pages evenly: 256 MiB a node, as much
# as the tenant's guest has.
NUMA_NODES = 2
NUMA_HOST_CPUS = 4
NUMA_HUGE_PAGES = 256
NUMA_BUS = 32
SSH_USER = "root"
PAYLOAD_PATH = "/opt/millrace"
PROVISION_TABLE = "/run/millrace-lab/vdpa"


def host_name(host):
    """Host 1 is `host1`."""
    return f"host{host}"


def mac(host, kind, number):
    """A MAC address of the lab: host, kind of NIC, number."""
    return f"52:54:{host:02x}:00:{kind:02x}:{number:02x}"


def management_mac(host):
    """The NIC mgmt0: user-mode network, this machine is 10.0.2.2."""
    return mac(host, 0, 1)


def pf_mac(host):
    """The SR-IOV NIC's physical function, pf0."""
    return mac(host, 1, 0)


def vf_mac(host, index):
    """The VF with that index, from 0, as in the PF's sysfs link virtfn<index>."""
    return mac(host, 1, index + 1)


def representor_mac(host, index):
    """The plain NIC rep<index> that carries the traffic of VF <index> on the host's side."""
    return mac(host, 2, index + 1)


def fabric_mac(host):
    """The NIC fabric0, uplink of br-int, joined to the other host's."""
    return mac(host, 3, 1)


def underlay_mac(host):
    """The NIC underlay0, the hosts' own network, 10.77.0.<host>."""
    return mac(host, 4, 1)


def vf_table(host):
    """What each VF of a host is called, the order the kernel gives them."""
    return [
        {
            "index": index,
            "mac": vf_mac(host, index),
            "representor": f"rep{index}",
            "vdpa_device": f"vdpa{index}",
            "char_device": f"/dev/vhost-vdpa-{index}",
        }
        for index in range(VF_COUNT)
    ]
