public import NIOCore

/// Every bound of the agent's calls.
public struct AgentClientLimits: Sendable {
    /// Longest wait for a connection with its TLS handshake.
    public var connectTimeout: TimeAmount = .seconds(5)
    /// Longest wait for the answer to a call that isn't held by the server.
    public var callTimeout: TimeAmount = .seconds(15)
    /// Longest wait for the answer to a copy of a disk that is stored, sending included: 64 GiB at
    /// 20 MiB a second.
    public var uploadTimeout: TimeAmount = .hours(1)
    /// What a poll may take beyond the time that it asks to be held.
    public var pollMargin: TimeAmount = .seconds(10)
    /// Longest hold that a poll may ask for, in milliseconds.
    public var pollTimeoutMSMax = 60_000
    /// A connection on which nothing comes for so long while something is awaited is dead, and so
    /// is one that takes nothing while something is sent. Above
    /// the longest poll with its margin.
    public var silenceMax: TimeAmount = .seconds(75)
    /// Largest answer that is read, in bytes: 1,000 guests with 64 KiB of user data each.
    public var replyBytesMax = 128 << 20
    /// Largest answer to those who join, in bytes, and largest fault.
    public var smallReplyBytesMax = 64 << 10
    /// How long an unused connection is kept. Below the server's own limit, so that no call goes
    /// out on a connection that the server is closing.
    public var idleConnectionMax: TimeAmount = .seconds(30)
    /// Connections to the server: one polls, the rest report and fetch images.
    public var connectionsMax = 8

    /// The defaults.
    public init() {}
}
