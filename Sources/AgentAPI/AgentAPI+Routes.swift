import AgentProtocol
import ComputeModel
import Foundation
import Hummingbird
import HummingbirdCore
import LinkCertificates
import NIOCore

extension AgentAPI {
    func router() -> Router<AgentContext> {
        let router = Router(context: AgentContext.self)
        router.add(middleware: AgentFaults())
        addJoining(to: router)
        addReports(to: router)
        addPolling(to: router)
        addImages(to: router)
        return router
    }

    private func addJoining(to router: Router<AgentContext>) {
        let desk = JoinDesk(authority: authority, ledger: ledger, now: now, logger: logger)
        let limit = limits.joinBodyBytesMax
        router.get(path(AgentRoute.authority)) { _, _ in
            try json(AuthorityReply(ca: authority.certificatePEM))
        }
        router.post(path(AgentRoute.join)) { request, _ in
            try json(try await desk.join(try await read(JoinRequest.self, request, upTo: limit)))
        }
        router.post(path(AgentRoute.renew)) { request, context in
            let host = try await peer(context).name
            let wanted = try await read(RenewRequest.self, request, upTo: limit)
            return try json(try desk.renew(wanted, hostName: host))
        }
    }

    private func addReports(to router: Router<AgentContext>) {
        let limit = limits.bodyBytesMax
        router.post(path(AgentRoute.hello)) { request, context in
            let host = try await peer(context).name
            let hello = try await read(AgentHello.self, request, upTo: limit)
            guard hello.hostName == host else {
                throw AgentFault.forbidden(
                    "the agent says that its host is '\(hello.hostName.prefix(256))', its"
                        + " certificate is for '\(host)'")
            }
            return try json(try await link(host).hello(hello))
        }
        router.post(path(AgentRoute.hostReport)) { request, context in
            let host = try await peer(context).name
            let report = try await read(HostReport.self, request, upTo: limit)
            try await link(host).reportHost(report)
            return Response(status: .noContent)
        }
        router.post(path(AgentRoute.guestReports)) { request, context in
            let host = try await peer(context).name
            let reports = try await read([GuestReport].self, request, upTo: limit)
            try await link(host).reportGuests(reports)
            return Response(status: .noContent)
        }
        router.post(path(AgentRoute.answers)) { request, context in
            let host = try await peer(context).name
            let answer = try await read(HostAnswer.self, request, upTo: limit)
            try await link(host).answer(answer)
            return Response(status: .noContent)
        }
    }

    private func addPolling(to router: Router<AgentContext>) {
        let timeoutMSMax = limits.pollTimeoutMSMax
        router.get(path(AgentRoute.assignments)) { request, context in
            let (host, connection) = try await peer(context)
            let after = try number("after", in: request)
            let timeoutMS = Int(clamping: try number("timeout_ms", in: request))
            let bounded = min(max(0, timeoutMS), timeoutMSMax)
            let link = link(host)
            let batch = try await connection.whileOpen {
                try await link.assignments(after: after, timeoutMS: bounded)
            }
            return try json(batch)
        }
    }

    private func addImages(to router: Router<AgentContext>) {
        let limit = limits.imageBytesMax
        router.get(path(AgentRoute.images + "/{id}/data")) { _, context in
            let host = try await peer(context).name
            let streaming = ImageStreaming(
                link: link(host), image: try image(context), channel: context.channel)
            return try await streaming.response()
        }
        router.put(path(AgentRoute.images + "/{id}/data")) { request, context in
            let host = try await peer(context).name
            let receiving = ImageReceiving(
                link: link(host), image: try image(context), limit: limit)
            return try await receiving.receive(request)
        }
    }

    /// Hummingbird hands out path parameters as they were sent.
    private func image(_ context: AgentContext) throws -> ImageID {
        let sent = try context.parameters.require("id")
        return ImageID(sent.removingPercentEncoding ?? sent)
    }

    /// The host that a request comes from. Throws `forbidden` without a certificate that is a
    /// host's and valid now; connections outlive certificates, so time is checked each time.
    private func peer(
        _ context: AgentContext
    ) async throws -> (name: String, connection: AgentConnection) {
        let connection = try await AgentConnectionHandler.connection(of: context.channel)
        switch connection.peer {
        case .anonymous:
            throw AgentFault.forbidden("this needs a host's certificate: let the host join first")
        case .unsuitable(let error):
            throw AgentFault.forbidden(error.description)
        case .host(let name, let certificate):
            do throws(LinkCertificateError) {
                try certificate.checkValidity(at: now())
            } catch {
                throw AgentFault.forbidden(error.description)
            }
            return (name, connection)
        }
    }
}

private func path(_ text: String) -> RouterPath { RouterPath(text) }

private func json(_ value: some Encodable) throws -> Response {
    let bytes = try AgentWire.encode(value)
    return Response(
        status: .ok, headers: [.contentType: "application/json"],
        body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
}

private func read<Value: Decodable>(
    _ type: Value.Type, _ request: Request, upTo limit: Int
) async throws -> Value {
    let buffer: ByteBuffer
    do {
        buffer = try await request.body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
        throw AgentFault.tooLarge(limit)
    }
    do throws(AgentLinkError) {
        return try AgentWire.decode(type, from: Array(buffer.readableBytesView))
    } catch {
        throw AgentFault.malformed(error.description)
    }
}

private func number(_ name: String, in request: Request) throws -> Int64 {
    guard let text = request.uri.queryParameters[Substring(name)], let value = Int64(text) else {
        throw AgentFault.malformed("the query needs '\(name)', a whole number")
    }
    return value
}
