/// Where an OVSDB server listens.
public enum OVSDBAddress: Hashable, Sendable {
    /// A unix domain socket, by path.
    case unix(path: String)
    /// TCP without TLS; `host` is a name or an address without brackets.
    case tcp(host: String, port: Int)

    /// The valid TCP ports.
    private static let ports = 1...65_535

    /// Reads the form that Open vSwitch uses: `unix:PATH`, `tcp:HOST:PORT`, `tcp:[IPV6]:PORT`.
    ///
    /// - Throws: ``OVSDBError/invalidAddress(_:)``.
    public init(_ text: String) throws(OVSDBError) {
        guard let colon = text.firstIndex(of: ":") else { throw .invalidAddress(text) }
        let target = text[text.index(after: colon)...]
        switch text[..<colon] {
        case "unix" where !target.isEmpty:
            self = .unix(path: String(target))
        case "tcp":
            guard let last = target.lastIndex(of: ":"),
                let port = Int(target[target.index(after: last)...]), Self.ports ~= port
            else { throw .invalidAddress(text) }
            var host = target[..<last]
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = host.dropFirst().dropLast()
            }
            guard !host.isEmpty else { throw .invalidAddress(text) }
            self = .tcp(host: String(host), port: port)
        default:
            throw .invalidAddress(text)
        }
    }
}

extension OVSDBAddress: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port):
            host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        }
    }
}
