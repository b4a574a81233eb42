#!/bin/bash
# Runs inside the builder tree: makes guest.qcow2 next to itself from tree/ and Debian's kernel.
set -euo pipefail

release=$1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd "$(dirname "$0")"
modules="virtio_pci virtio_net virtio_blk virtio_scsi failover net_failover
    sd_mod sr_mod ahci isofs button evdev"
disk_mib=24
partition_sectors=2048

mkdir -p tree/{dev,proc,sys,run,tmp,root,media} "tree/lib/modules/$release"
cp /bin/busybox tree/bin/busybox
chroot tree /bin/busybox --install -s /bin
chmod 755 tree/init tree/bin/* tree/etc/acpi/PWRF/*

for module in $modules; do
    modprobe -S "$release" --show-depends "$module"
done | sed -n 's/^insmod \(\S*\).*/\1/p' | sort -u | while read -r path; do
    case $path in
        *.xz) xz -dc "$path" > "tree/lib/modules/$release/$(basename "$path" .xz)" ;;
        *) cp "$path" "tree/lib/modules/$release/" ;;
    esac
done
cp "/lib/modules/$release/"modules.{builtin,builtin.modinfo,order} "tree/lib/modules/$release/"
depmod -b tree "$release"
(cd tree && find . | cpio --quiet -o -H newc | zstd -q -19) > initrd

truncate -s "${disk_mib}M" disk.raw
echo "$partition_sectors,,e,*" | sfdisk --quiet disk.raw
mkfs.fat -F 16 -n MILLRACE -h "$partition_sectors" --offset "$partition_sectors" disk.raw \
    $((disk_mib * 1024 - partition_sectors / 2)) > /dev/null
volume=disk.raw@@$((partition_sectors * 512))
mcopy -i "$volume" "/boot/vmlinuz-$release" ::vmlinuz
mcopy -i "$volume" initrd ::initrd
mcopy -i "$volume" syslinux.cfg ::syslinux.cfg
syslinux --install --offset $((partition_sectors * 512)) disk.raw
dd if=/usr/lib/syslinux/mbr/mbr.bin of=disk.raw bs=440 count=1 conv=notrunc status=none
qemu-img convert -c -O qcow2 disk.raw guest.qcow2
