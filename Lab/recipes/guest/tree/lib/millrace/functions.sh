# Shared by init and its event handlers: the config drive and the NICs.
# What the drive says is kept in /run/meta and /run/network, one "path<TAB>value" per line.

say() { echo "millrace-guest: $*" > /dev/console; }

mac_of() { cat "/sys/class/net/$1/address"; }

# field FILE PATH: the value of a path in a flattened document, nothing if it isn't there.
field() { awk -F '\t' -v path="$2" '$1 == path { print $2; exit }' "$1"; }

# index_of FILE ARRAY KEY VALUE: indices of the array's items whose key has that value.
index_of() {
    awk -F '\t' -v array="$2" -v key="$3" -v value="$4" '
        { split($1, part, ".") }
        part[1] == array && part[3] == key && part[4] == "" && tolower($2) == tolower(value) {
            print part[2]
        }' "$1"
}

read_config_drive() {
    local device document latest=/media/openstack/latest
    device=$(findfs LABEL=config-2 2> /dev/null) || return 1
    mount -t iso9660 -o ro "$device" /media 2> /dev/null || return 1
    for document in meta network; do
        [ ! -e "$latest/${document}_data.json" ] ||
            awk -f /lib/millrace/flatten.awk "$latest/${document}_data.json" > "/run/$document"
    done
    umount /media
    local name
    name=$(field /run/meta hostname)
    hostname "${name:-$(field /run/meta name)}"
    [ -e /run/announced ] || say "config drive $device uuid $(field /run/meta uuid)"
    : > /run/announced
}

# The one link of the config drive whose MAC no NIC of the guest has, if there is exactly one:
# after a move to another host a vDPA device with a fixed MAC takes the place of the former.
orphan_link() {
    local index mac found='' count=0
    for index in $(awk -F '\t' '{ split($1, p, ".") } p[1] == "links" && p[3] == "id" {
        print p[2] }' /run/network); do
        mac=$(field /run/network "links.$index.ethernet_mac_address")
        if ! grep -qi "^$mac\$" /sys/class/net/*/address; then
            found=$index
            count=$((count + 1))
        fi
    done
    [ "$count" = 1 ] && echo "$found"
}

configure_nic() {
    local nic=$1 mac link
    # The failover master of this NIC has the address; lo has its own.
    [ "$nic" != lo ] && [ ! -e "/sys/class/net/$nic/master" ] || return 0
    [ -e "/sys/class/net/$nic/address" ] || return 0
    mac=$(mac_of "$nic")
    if [ ! -e /run/network ]; then
        say "$nic $mac no config drive, asking dhcp"
        udhcpc -b -q -i "$nic" -s /lib/millrace/dhcp > /dev/null 2>&1 &
        return 0
    fi
    link=$(index_of /run/network links ethernet_mac_address "$mac" | head -n 1)
    if [ -z "$link" ]; then
        link=$(orphan_link)
        if [ -z "$link" ]; then
            # One that was attached later: the drive is of the guest's last start.
            ifconfig "$nic" up
            say "$nic $mac unknown to the config drive, link-local only"
            return 0
        fi
        say "$nic $mac takes over from $(field /run/network "links.$link.ethernet_mac_address")"
    fi
    apply_link "$nic" "$mac" "$link"
}

# apply_link NIC MAC INDEX: the addresses of the networks on the config drive's link.
apply_link() {
    local nic=$1 mac=$2 id mtu network type address netmask
    id=$(field /run/network "links.$3.id")
    mtu=$(field /run/network "links.$3.mtu")
    case $mtu in '' | null) mtu=$(cat "/sys/class/net/$nic/mtu") ;; esac
    ifconfig "$nic" mtu "$mtu" up
    for network in $(index_of /run/network networks link "$id"); do
        type=$(field /run/network "networks.$network.type")
        case $type in
            ipv4)
                address=$(field /run/network "networks.$network.ip_address")
                netmask=$(field /run/network "networks.$network.netmask")
                ip address add "${address%/*}/$netmask" broadcast + dev "$nic"
                apply_routes "$nic" "$network"
                say "$nic $mac address ${address%/*}/$netmask mtu $mtu up"
                ;;
            ipv4_dhcp)
                udhcpc -b -q -i "$nic" -s /lib/millrace/dhcp > /dev/null 2>&1 &
                ;;
            *) say "$nic $mac network type $type is not for this guest" ;;
        esac
    done
}

apply_routes() {
    local nic=$1 path="networks.$2.routes" index=0 destination
    while :; do
        destination=$(field /run/network "$path.$index.network")
        [ -n "$destination" ] || break
        ip route replace "$destination/$(field /run/network "$path.$index.netmask")" \
            via "$(field /run/network "$path.$index.gateway")" dev "$nic"
        index=$((index + 1))
    done
}
