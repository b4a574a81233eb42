internal import Glibc

/// `struct sockaddr_nl` (linux/netlink.h): the Glibc module has none.
struct NetlinkAddress {
    /// `AF_NETLINK`.
    static let family: sa_family_t = 16

    var family = NetlinkAddress.family
    var padding: UInt16 = 0
    /// The socket's own number; the kernel's is 0.
    var port: UInt32 = 0
    /// A bit for each group of receivers.
    var groups: UInt32 = 0

    /// Gives a socket this address.
    func bind(_ descriptor: Int32, _ operation: String) throws(VDPAError) {
        var address = self
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<NetlinkAddress>.size))
            }
        }
        guard result == 0 else { throw .socket(operation: operation, errno: errno) }
    }

    /// The next datagram into `bytes`: its length as sent, which may be more than fits, and its
    /// sender. Nil on failure, with the reason in `errno`.
    static func receive(
        _ descriptor: Int32, into bytes: inout [UInt8], flags: Int32
    ) -> (count: Int, sender: NetlinkAddress)? {
        var sender = NetlinkAddress()
        var senderSize = socklen_t(MemoryLayout<NetlinkAddress>.size)
        let count = withUnsafeMutablePointer(to: &sender) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                recvfrom(
                    descriptor, &bytes, bytes.count, flags | Int32(MSG_TRUNC), address,
                    &senderSize)
            }
        }
        return count < 0 ? nil : (count, sender)
    }
}
