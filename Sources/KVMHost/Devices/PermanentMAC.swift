internal import Glibc

/// The MAC that a network card was made with. The one that sysfs shows changes when the
/// interface joins a bond or an operator sets another; devices' identities must not.
enum PermanentMAC {
    /// `SIOCETHTOOL` and `ETHTOOL_GPERMADDR` (linux/sockios.h, linux/ethtool.h).
    private static let ethtoolRequest: UInt = 0x8946
    private static let getPermanentAddress: UInt32 = 0x20
    /// `MAX_ADDR_LEN`.
    private static let addressBytesMax = 32
    private static let macBytes = 6

    /// Lower case; nil when the interface is gone, has none, or its driver can't say.
    static func read(_ interface: String) -> String? {
        guard (1..<Int(IFNAMSIZ)).contains(interface.utf8.count) else { return nil }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // struct ethtool_perm_addr: cmd, size, then the address.
        var answer = [UInt8](repeating: 0, count: 8 + addressBytesMax)
        var request = ifreq()
        withUnsafeMutableBytes(of: &request.ifr_ifrn.ifrn_name) { name in
            name.copyBytes(from: interface.utf8)
        }
        let isAnswered = answer.withUnsafeMutableBytes { buffer in
            buffer.storeBytes(of: getPermanentAddress, toByteOffset: 0, as: UInt32.self)
            buffer.storeBytes(of: UInt32(addressBytesMax), toByteOffset: 4, as: UInt32.self)
            request.ifr_ifru.ifru_data = buffer.baseAddress.map {
                $0.assumingMemoryBound(to: CChar.self)
            }
            return ioctl(descriptor, ethtoolRequest, &request) == 0
        }
        guard isAnswered else { return nil }
        let size = answer.withUnsafeBytes { $0.load(fromByteOffset: 4, as: UInt32.self) }
        return size == macBytes ? text(answer[8..<8 + macBytes]) : nil
    }

    /// Nil for all zeros, which is no address.
    static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.contains(where: { $0 != 0 }) else { return nil }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
