"""The wires of the lab: pairs of UDP sockets on loopback, one Ethernet frame per datagram.

The sockets are bound here, to ports the kernel picks, connected to each other and handed to QEMU
as open descriptors. So no port can be lost to another process between choice and use, and nobody
else's datagrams get in. A full queue drops frames; a pipe or a QEMU hub would block the sender
while the other end has no driver.
"""

import contextlib
import socket

from . import layout


class Wires:
    """All wires of a lab of some hosts; open until QEMU has inherited them."""

    def __init__(self):
        self._sockets = contextlib.ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._sockets.close()

    def pair(self):
        """Both ends of a new wire, as sockets."""
        ends = []
        for _ in range(2):
            end = self._sockets.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            end.bind(("127.0.0.1", 0))
            ends.append(end)
        ends[0].connect(ends[1].getsockname())
        ends[1].connect(ends[0].getsockname())
        return ends


class HostWires:
    """The ends that belong to one host, as descriptors for its QEMU."""

    def __init__(self, vfs, representors, fabric, underlay, held=()):
        self.vfs = vfs
        self.representors = representors
        self.fabric = fabric
        self.underlay = underlay
        # Inherited, never read: keeps the port of a wire to a host that isn't there.
        self.held = list(held)

    def descriptors(self):
        """Every descriptor that QEMU must inherit."""
        ends = [*self.vfs, *self.representors, self.fabric, self.underlay, *self.held]
        return [end.fileno() for end in ends]


def wire(wires, host_count):
    """The wires of hosts 1 to host_count, as {host: HostWires}."""
    fabric, underlay = wires.pair(), wires.pair()
    result = {}
    for host in range(1, host_count + 1):
        pairs = [wires.pair() for _ in range(layout.VF_COUNT)]
        held = (fabric[1], underlay[1]) if host_count == 1 else ()
        result[host] = HostWires([near for near, _ in pairs], [far for _, far in pairs],
                                 fabric[host - 1], underlay[host - 1], held)
    return result
