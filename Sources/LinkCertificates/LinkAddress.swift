#if canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// IP addresses as certificates hold them.
enum LinkAddress {
    /// 4 or 16 bytes in network order; nil when `text` is no address.
    static func bytes(of text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            return withUnsafeBytes(of: &v4) { Array($0) }
        }
        var v6 = in6_addr()
        if inet_pton(AF_INET6, text, &v6) == 1 {
            return withUnsafeBytes(of: &v6) { Array($0) }
        }
        return nil
    }
}
