internal import ComputeModel
internal import Libvirt

/// How a device is named for good: by what it is, never by where it is plugged.
///
/// - PF: serial number of the card and the PF's function number (a card's PFs share the serial),
///   or else the PF's permanent MAC.
/// - VF: the PF's identity and `vfN`; vDPA device: its VF's identity and its name.
enum DeviceIdentity {
    /// Most characters kept of a serial number.
    static let serialLengthMax = 64

    /// Where an identity comes from.
    enum Source: Equatable {
        case serial, permanentMAC, address
    }

    static func physicalFunction(
        serialNumber: String?, permanentMAC: String?, address: PCIAddress
    ) -> (id: DeviceID, source: Source) {
        if let serial = serialNumber.flatMap(normalized) {
            return (DeviceID("\(serial).\(address.function)"), .serial)
        }
        if let permanentMAC { return (DeviceID(permanentMAC), .permanentMAC) }
        return (byAddress(address), .address)
    }

    /// The last resort, which changes when the card or what is before it moves.
    static func byAddress(_ address: PCIAddress) -> DeviceID { DeviceID("pci-\(address)") }

    static func virtualFunction(_ index: Int, of parent: DeviceID) -> DeviceID {
        DeviceID("\(parent)/vf\(index)")
    }

    static func vdpa(_ name: String, on parent: DeviceID) -> DeviceID {
        DeviceID("\(parent)/\(name)")
    }

    /// `parent` is the name of what stands behind it in sysfs, such as `vduse`.
    static func software(_ name: String, parent: String) -> DeviceID {
        DeviceID("software/\(parent)/\(name)")
    }

    /// A serial number as lists show it and remote-managed requests name it: the maker's own, cut
    /// off where it gets long; nil for makers' placeholders.
    static func shown(_ serial: String?) -> String? {
        guard let serial, normalized(serial) != nil else { return nil }
        let words = serial.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return String(words.prefix(serialLengthMax))
    }

    /// Letters, digits, `-` and `_`; whatever else a maker wrote becomes `_`. Nil for texts
    /// without a single letter or digit other than 0: makers' placeholders.
    static func normalized(_ serial: String) -> String? {
        let trimmed = serial.split(whereSeparator: \.isWhitespace).joined(separator: "_")
        let safe = trimmed.prefix(serialLengthMax).map { character in
            character.isASCII && (character.isLetter || character.isNumber)
                || character == "-" || character == "_" ? character : "_"
        }
        let says = safe.contains { $0.isLetter || ($0.isNumber && $0 != "0") }
        return says ? String(safe) : nil
    }
}
