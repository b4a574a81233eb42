"""Files of disk images, good and bad, made by the reference tool."""

import hashlib
import subprocess

TOOL_TIMEOUT_S = 30
MIB = 1 << 20


def _tool(*arguments):
    subprocess.run(
        ["qemu-img", *map(str, arguments)], check=True, timeout=TOOL_TIMEOUT_S,
        stdout=subprocess.DEVNULL)


def raw(folder):
    """Two MiB that aren't the same everywhere."""
    path = folder / "disk.raw"
    block = b"".join(hashlib.sha256(bytes([number])).digest() for number in range(256))
    path.write_bytes(block * (2 * MIB // len(block)))
    return path


def qcow2(folder):
    """A qcow2 with the content of `raw`."""
    path = folder / "disk.qcow2"
    _tool("convert", "-f", "raw", "-O", "qcow2", raw(folder), path)
    return path


def truncated_qcow2(folder):
    """A qcow2 that ends within its header."""
    path = folder / "truncated.qcow2"
    path.write_bytes(qcow2(folder).read_bytes()[:40])
    return path


def overlay_qcow2(folder):
    """A qcow2 that reads what it lacks from another file."""
    path = folder / "overlay.qcow2"
    _tool("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", qcow2(folder), path)
    return path
