public import AgentProtocol
import AsyncHTTPClient
public import ComputeModel
import Foundation
public import LinkCertificates
import NIOCore

/// The agent's link to the server over HTTPS. Both ends show certificates of Millrace's CA; the
/// server's must carry the name or address that is dialled. Call `shutdown()` when done.
public struct HTTPControlPlaneLink: ControlPlaneLink {
    private let calls: AgentCalls
    private let limits: AgentClientLimits

    /// A link from the host of `credentials` to the server at `endpoint`; nothing is sent yet.
    ///
    /// Throws `refused` when the certificates or the key can't be used for TLS.
    public init(
        endpoint: ServerEndpoint, credentials: HostCredentials,
        limits: AgentClientLimits = AgentClientLimits()
    ) throws(AgentLinkError) {
        do {
            let tls = try ClientTLS.verified(
                authorityPEM: credentials.authorityPEM, identity: credentials.identity)
            calls = AgentCalls(
                http: ClientTLS.client(tls, limits), endpoint: endpoint, limits: limits)
        } catch {
            throw .refused(
                "the certificate or key of host '\(credentials.hostName)' can't be used: \(error)")
        }
        self.limits = limits
    }

    /// Ends all connections; calls under way fail. The link can't be used afterwards.
    public func shutdown() async throws(AgentLinkError) {
        do {
            try await calls.http.shutdown()
        } catch {
            throw .unreachable("closing the connections to \(calls.endpoint) failed: \(error)")
        }
    }

    /// See `ControlPlaneLink`.
    public func hello(_ hello: AgentHello) async throws(AgentLinkError) -> AgentWelcome {
        try await calls.post(AgentRoute.hello, hello, as: AgentWelcome.self)
    }

    /// See `ControlPlaneLink`.
    public func reportHost(_ report: HostReport) async throws(AgentLinkError) {
        try await calls.post(AgentRoute.hostReport, report)
    }

    /// See `ControlPlaneLink`. Holds longer than `pollTimeoutMSMax` are shortened.
    public func assignments(
        after revision: Int64, timeoutMS: Int
    ) async throws(AgentLinkError) -> AssignmentBatch {
        let hold = min(max(0, timeoutMS), limits.pollTimeoutMSMax)
        return try await calls.get(
            AgentRoute.assignments + "?after=\(revision)&timeout_ms=\(hold)",
            within: .milliseconds(Int64(hold)) + limits.pollMargin, as: AssignmentBatch.self)
    }

    /// See `ControlPlaneLink`.
    public func reportGuests(_ reports: [GuestReport]) async throws(AgentLinkError) {
        try await calls.post(AgentRoute.guestReports, reports)
    }

    /// See `ControlPlaneLink`.
    public func answer(_ answer: HostAnswer) async throws(AgentLinkError) {
        try await calls.post(AgentRoute.answers, answer)
    }

    /// See `ControlPlaneLink`.
    public func fetchImage(
        _ image: ImageID, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        try await calls.stream(try dataPath(image), receive: receive)
    }

    /// See `ControlPlaneLink`. Fails as `receiverFailed` when `next` throws or gives another number
    /// of bytes than `sizeBytes`.
    public func storeImage(
        _ image: ImageID, sizeBytes: Int64,
        next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {
        try await calls.upload(try dataPath(image), sizeBytes: sizeBytes, next: next)
    }

    private func dataPath(_ image: ImageID) throws(AgentLinkError) -> String {
        guard let id = image.text.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
        else {
            throw .refused("'\(image)' can't be an image's id")
        }
        return AgentRoute.images + "/\(id)/data"
    }

    /// Asks for the host's next certificate with its present one.
    public func renewCertificate(csr: String) async throws(AgentLinkError) -> JoinReply {
        try await calls.post(AgentRoute.renew, RenewRequest(csr: csr), as: JoinReply.self)
    }
}
