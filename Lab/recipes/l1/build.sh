#!/bin/bash
# Stage l1: the compute host. Leaves $OUT/l1.img (ext4), $OUT/vmlinuz, $OUT/initrd.img and
# $OUT/id_ed25519, the key of its root account. Needs $BUILDER, the builder stage.
set -euo pipefail

recipe=$(dirname "$(readlink -f "$0")")
root=$OUT/root
release=$(cat "$BUILDER/kernel-release")
disk_size=6G

packages=systemd-sysv,udev,dbus,kmod,procps,iproute2,iputils-ping,pciutils,tcpdump
packages+=,linux-image-amd64,initramfs-tools,zstd,openssh-server,ca-certificates,curl
packages+=,qemu-system-x86,qemu-utils,xorriso,openvswitch-switch
packages+=,libvirt-daemon-system,libvirt-daemon-driver-qemu,libvirt-clients
packages+=,libsqlite3-0,libstdc++6,zlib1g,python3-minimal

ssh-keygen -q -t ed25519 -N '' -C millrace-lab -f "$OUT/id_ed25519"

# The host's QEMU comes from backports too: 10.0 asks for control queues larger than the emulated
# VF has, and the guest's NIC hangs.
export INITRD=No
mmdebstrap --mode=root --variant=apt \
    --setup-hook='mkdir -p "$1/etc/apt/preferences.d"' \
    --setup-hook="cp '$recipe/backports.pref' \"\$1/etc/apt/preferences.d/\"" \
    --include="$packages" \
    trixie "$root" \
    "deb $MIRROR trixie main" \
    "deb $MIRROR trixie-backports main"

if [ ! -d "$root/lib/modules/$release" ]; then
    echo "l1: the builder stage made vp_vdpa.ko for $release, the mirror now has" \
        "$(ls "$root/lib/modules"); remove $BUILDER and build again" >&2
    exit 1
fi
install -D -m 644 "$BUILDER/vp_vdpa.ko" "$root/lib/modules/$release/updates/vp_vdpa.ko"
chroot "$root" depmod "$release"

cp -r --no-preserve=ownership "$recipe/tree/." "$root/"
install -D -m 600 "$OUT/id_ed25519.pub" "$root/root/.ssh/authorized_keys"
chmod 755 "$root"/usr/local/sbin/*
: > "$root/etc/machine-id"
rm -f "$root/etc/hostname"
chroot "$root" bash /usr/local/sbin/millrace-lab-setup
chroot "$root" update-initramfs -c -k "$release"

mv "$root/boot/initrd.img-$release" "$OUT/initrd.img"
cp "$root/boot/vmlinuz-$release" "$OUT/vmlinuz"
rm -rf "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/locale/*
mke2fs -q -t ext4 -L millrace-l1 -d "$root" "$OUT/l1.img" "$disk_size"
rm -rf "$root"
