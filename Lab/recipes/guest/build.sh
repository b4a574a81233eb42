#!/bin/bash
# Stage guest: $OUT/guest.qcow2, a tenant's image that boots from its own disk under SeaBIOS:
# Debian's kernel, an initial RAM disk that is the whole system, SYSLINUX on a FAT partition.
# Nothing is mounted and no loop device is needed. Needs $BUILDER, the builder stage.
set -euo pipefail

recipe=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d "$BUILDER/root/tmp/guest.XXXXXX")
trap 'rm -rf "$work"' EXIT

cp -r "$recipe/tree" "$work/tree"
cp "$recipe/syslinux.cfg" "$recipe/assemble.sh" "$work/"
release=$(cat "$BUILDER/kernel-release")
# mtools, which syslinux runs, reads /proc; it is mounted for these commands only.
unshare --mount bash -euc 'mount -t proc proc "$1/proc"; exec chroot "$1" bash "$2" "$3"' \
    - "$BUILDER/root" "/tmp/$(basename "$work")/assemble.sh" "$release"
mv "$work/guest.qcow2" "$OUT/guest.qcow2"
