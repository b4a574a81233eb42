/// Every bound of the agents' listener.
public struct AgentAPILimits: Sendable {
    /// Largest body of a host's request, in bytes. A report of 1,000 guests takes about 1 MiB, a
    /// console log of 256 KiB at most 1.5 MiB.
    public var bodyBytesMax = 4 << 20
    /// Largest body of those who have no certificate yet, in bytes.
    public var joinBodyBytesMax = 16 << 10
    /// Largest copy of a disk that is taken, in bytes. The control plane has a bound of its own,
    /// which is lower.
    public var imageBytesMax: Int64 = 1 << 40
    /// Connections held at once; further ones wait in the backlog. An agent uses up to 8.
    public var connectionsMax = 8_192
    /// Connections that wait to be accepted.
    public var backlog = 1_024
    /// A connection without a request under way is closed after so long, one that never finishes
    /// its TLS handshake or its request too.
    public var idleTimeout: Duration = .seconds(60)
    /// Longest hold of a poll, in milliseconds; longer ones are shortened.
    public var pollTimeoutMSMax = 60_000
    /// Largest single header and sum of all headers of a request, in bytes.
    public var headerBytesMax = 16 << 10
    /// Headers of a request.
    public var headersMax = 64

    /// The defaults.
    public init() {}
}
