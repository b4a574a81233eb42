#!/bin/bash
# Stage builder: a Debian tree with the tools that the other stages run in it, and vp_vdpa.ko,
# which Debian's kernel does not ship, built out of tree from Debian's own kernel source.
# Leaves $OUT/root, $OUT/vp_vdpa.ko and $OUT/kernel-release.
set -euo pipefail

source_package=linux-source-6.12
# The kernel's install hook would make an initial RAM disk, minutes of work nobody uses here.
export INITRD=No

mmdebstrap --mode=root --variant=apt \
    --include=linux-image-amd64,linux-headers-amd64,$source_package,make,gcc,libc6-dev \
    --include=xz-utils,zstd,kmod,cpio,busybox-static,syslinux,syslinux-common \
    --include=mtools,dosfstools,qemu-utils,fdisk \
    trixie "$OUT/root" "deb $MIRROR trixie main"

release=$(basename "$(readlink -f "$OUT"/root/lib/modules/*-amd64)")
tar -C "$OUT/root/usr/src" -xf "$OUT/root/usr/src/$source_package.tar.xz" \
    "$source_package/drivers/vdpa/virtio_pci"
rm "$OUT/root/usr/src/$source_package.tar.xz"
chroot "$OUT/root" make -C "/lib/modules/$release/build" CONFIG_VP_VDPA=m \
    "M=/usr/src/$source_package/drivers/vdpa/virtio_pci" modules
cp "$OUT/root/usr/src/$source_package/drivers/vdpa/virtio_pci/vp_vdpa.ko" "$OUT/"
echo "$release" > "$OUT/kernel-release"
