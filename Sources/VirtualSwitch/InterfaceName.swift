/// The kernel's rule for interface names (`dev_valid_name`).
enum InterfaceName {
    /// `IFNAMSIZ` without the terminating zero.
    static let maximumBytes = 15

    static func check(_ name: String) throws(VirtualSwitchError) {
        let forbidden: (UInt8) -> Bool = { byte in
            byte <= UInt8(ascii: " ") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: ":")
        }
        guard 1...maximumBytes ~= name.utf8.count, !name.utf8.contains(where: forbidden),
            name != ".", name != ".."
        else { throw .invalidInterfaceName(name) }
    }
}
