/// The frame by which QEMU itself announces a guest that has arrived: a reverse ARP request
/// (RFC 903) in which the guest asks for its own address. It needs no IP address, and every switch
/// that it passes learns the MAC from it.
enum ReverseARP {
    /// Shortest Ethernet frame without its check sum.
    static let frameBytes = 60
    private static let etherType: [UInt8] = [0x80, 0x35]
    /// Ethernet, IPv4, lengths of their addresses, "request reverse".
    private static let request: [UInt8] = [0, 1, 8, 0, 6, 4, 0, 3]

    /// The broadcast frame; nil for what is no MAC.
    static func frame(macAddress: String) -> [UInt8]? {
        let parts = macAddress.split(separator: ":", omittingEmptySubsequences: false)
        let mac = parts.compactMap { $0.utf8.count == 2 ? UInt8($0, radix: 16) : nil }
        guard parts.count == 6, mac.count == 6 else { return nil }
        let noAddress: [UInt8] = [0, 0, 0, 0]
        let frame =
            [UInt8](repeating: 0xff, count: 6) + mac + etherType + request
            + mac + noAddress + mac + noAddress
        return frame + [UInt8](repeating: 0, count: frameBytes - frame.count)
    }
}
