import AgentProtocol
import AsyncHTTPClient
import Foundation
import LinkCertificates
import NIOCore
import NIOHTTP1
import Synchronization

@testable import AgentClient

/// Sends one request past the client, and answers the status and the fault if there is one.
func raw(
    _ fixture: LinkFixture, _ endpoint: ServerEndpoint, _ credentials: HostCredentials?,
    _ method: HTTPMethod, _ path: String, body: String? = nil
) async throws -> (status: UInt, fault: AgentFaultBody?) {
    let tls = try ClientTLS.verified(
        authorityPEM: fixture.authority.certificatePEM, identity: credentials?.identity)
    let http = ClientTLS.client(tls, AgentClientLimits())
    var request = HTTPClientRequest(url: endpoint.url(path))
    request.method = method
    if let body { request.body = .bytes(Array(body.utf8)) }
    let final = request
    let outcome = await Result(catchingAsync: {
        let response = try await http.execute(final, timeout: .seconds(20))
        let bytes = try await response.body.collect(upTo: 1 << 20)
        return (response.status.code, Array(bytes.readableBytesView))
    })
    try await http.shutdown()
    let (status, bytes) = try outcome.get()
    let fault: AgentFaultBody? =
        (200..<300).contains(status) ? nil : try AgentWire.decode(AgentFaultBody.self, from: bytes)
    return (status, fault)
}

/// Something that a test turns on once.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
