"""Certificates of the hosts' libvirt and QEMU, so that guests travel between them encrypted."""

import pathlib
import subprocess
import tempfile

from . import ssh
from .errors import LabError

VALID_DAYS = 30
KEY_ALGORITHM = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
DELIVERY = "/run/lab-certificates"
INSTALL = """set -e
cd {delivery}
install -D -m 644 ca-cert.pem /etc/pki/CA/cacert.pem
install -D -m 644 ca-cert.pem /etc/pki/qemu/ca-cert.pem
for role in server client; do
    install -D -m 644 {name}-cert.pem /etc/pki/libvirt/${{role}}cert.pem
    install -D -m 600 {name}-key.pem /etc/pki/libvirt/private/${{role}}key.pem
    install -D -m 644 {name}-cert.pem /etc/pki/qemu/$role-cert.pem
    install -D -m 640 -g libvirt-qemu {name}-key.pem /etc/pki/qemu/$role-key.pem
done
rm -r {delivery}
cat >> /etc/libvirt/qemu.conf <<'LAB_END'
default_tls_x509_cert_dir = "/etc/pki/qemu"
default_tls_x509_verify = 1
LAB_END
systemctl --quiet stop libvirtd.service $(systemctl list-units --plain --no-legend \
    'libvirtd*.socket' | cut -d ' ' -f 1)
systemctl --quiet enable --now libvirtd-tls.socket
systemctl start libvirtd.service
"""


def _openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise LabError(f"openssl {words[0]} failed: {done.stderr.strip()}")


def _make_authority(folder):
    """A key and a certificate that sign those of the hosts."""
    _openssl("req", "-x509", *KEY_ALGORITHM, "-keyout", str(folder / "ca-key.pem"),
             "-out", str(folder / "ca-cert.pem"), "-days", str(VALID_DAYS),
             "-subj", "/CN=lab migration authority",
             "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")


def _make_certificate(folder, name):
    """The key and certificate of a host, as a server and as a client."""
    request, extensions = folder / f"{name}.csr", folder / f"{name}.ext"
    _openssl("req", *KEY_ALGORITHM, "-keyout", str(folder / f"{name}-key.pem"),
             "-out", str(request), "-subj", f"/CN={name}")
    extensions.write_text(f"subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth,clientAuth\n"
                          "keyUsage=digitalSignature\nbasicConstraints=critical,CA:FALSE\n")
    _openssl("x509", "-req", "-in", str(request), "-CA", str(folder / "ca-cert.pem"),
             "-CAkey", str(folder / "ca-key.pem"), "-CAcreateserial",
             "-days", str(VALID_DAYS), "-extfile", str(extensions),
             "-out", str(folder / f"{name}-cert.pem"))


def _install(host, folder):
    """As docs/operator/install.md has it: files, QEMU's settings, the socket that takes TLS."""
    ssh.run(host.entry, f"rm -rf {DELIVERY} && mkdir -m 700 {DELIVERY}")
    ssh.copy(host.entry, [str(folder / "ca-cert.pem"), str(folder / f"{host.name}-cert.pem"),
                          str(folder / f"{host.name}-key.pem")], DELIVERY)
    ssh.run(host.entry, INSTALL.format(delivery=DELIVERY, name=host.name))


def install(hosts):
    """One authority for all the hosts, made anew each time; its key is not kept."""
    with tempfile.TemporaryDirectory(prefix="millrace-lab-") as scratch:
        folder = pathlib.Path(scratch)
        _make_authority(folder)
        for host in hosts:
            _make_certificate(folder, host.name)
            _install(host, folder)
