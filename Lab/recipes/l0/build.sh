#!/bin/bash
# Stage l0: the QEMU that emulates the compute hosts, as a tree of Debian files under $OUT/root.
# Only backports' QEMU emulates SR-IOV on virtio-net (sriov-pf=), which gives the lab its VFs.
set -euo pipefail

mmdebstrap --mode=root --variant=apt \
    --aptopt='APT::Default-Release "trixie-backports"' \
    --include=qemu-system-x86,qemu-utils \
    trixie "$OUT/root" \
    "deb $MIRROR trixie main" \
    "deb $MIRROR trixie-backports main"
