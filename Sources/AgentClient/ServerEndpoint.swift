import AgentProtocol

/// Where the server's listener for agents is.
public struct ServerEndpoint: Sendable, CustomStringConvertible {
    /// Port unless told otherwise.
    public static let defaultPort = 9_443

    /// DNS name or address; the server's certificate must carry it.
    public let host: String
    /// TCP port.
    public let port: Int

    /// A server at `host` (name, IPv4 or bare IPv6 address).
    public init(host: String, port: Int = ServerEndpoint.defaultPort) {
        self.host = host
        self.port = port
    }

    /// `host:port`, with IPv6 addresses in brackets.
    public var description: String {
        (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }

    func url(_ path: String) -> String { "https://\(self)\(path)" }
}
