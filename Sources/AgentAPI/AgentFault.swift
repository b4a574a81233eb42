import AgentProtocol
import Hummingbird
import HummingbirdCore
import LinkCertificates
import Logging
import NIOCore

/// An answer that is not a success, as agents see it.
struct AgentFault: Error {
    let status: HTTPResponse.Status
    let code: String
    let message: String

    static func forbidden(_ message: String) -> AgentFault {
        AgentFault(status: .forbidden, code: "forbidden", message: message)
    }

    static func malformed(_ message: String) -> AgentFault {
        AgentFault(status: .badRequest, code: "malformed", message: message)
    }

    static func tooLarge(_ limit: Int) -> AgentFault {
        AgentFault(
            status: .contentTooLarge, code: "too-large",
            message: "the body is larger than the \(limit) bytes that are read here")
    }

    /// What the control plane's end of the link says.
    init(_ error: AgentLinkError) {
        switch error {
        case .refused(let why):
            self.init(status: .conflict, code: "refused", message: why)
        case .unreachable(let why):
            self.init(status: .serviceUnavailable, code: "unreachable", message: why)
        case .garbled(let why):
            self.init(status: .internalServerError, code: "garbled", message: why)
        case .receiverFailed(let why):
            self.init(status: .internalServerError, code: "receiver-failed", message: why)
        }
    }

    /// Why no certificate is given out.
    init(_ error: LinkCertificateError) {
        switch error {
        case .unreadable(let why), .unsuitable(let why):
            self.init(status: .badRequest, code: "malformed", message: why)
        case .joinRefused(let why):
            self.init(status: .forbidden, code: "join-refused", message: why)
        case .fileFailed, .issuingFailed:
            self.init(
                status: .serviceUnavailable, code: "unreachable",
                message: "the server could not make a certificate; its log says why")
        }
    }

    init(status: HTTPResponse.Status, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }
}

/// Turns every error into the contract's fault body.
struct AgentFaults: RouterMiddleware {
    typealias Context = AgentContext

    func handle(
        _ request: Request, context: AgentContext,
        next: (Request, AgentContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let fault = translate(error, context.logger)
            if fault.status == .contentTooLarge {
                return try response(fault, closing: context.channel)
            }
            return try response(fault, closing: nil)
        }
    }

    private func translate(_ error: any Error, _ logger: Logger) -> AgentFault {
        switch error {
        case let fault as AgentFault:
            return fault
        case let error as AgentLinkError:
            return AgentFault(error)
        case let error as LinkCertificateError:
            logger.warning("a host got no certificate", metadata: ["cause": "\(error)"])
            return AgentFault(error)
        case let error as HTTPError:
            return AgentFault(
                status: error.status, code: "http",
                message: error.body ?? "the server has no such route: is it another release?")
        default:
            logger.error("serving an agent failed", metadata: ["cause": "\(error)"])
            return AgentFault(
                status: .serviceUnavailable, code: "unreachable",
                message: "the server failed at this request; its log says why")
        }
    }

    /// The rest of a body that is too large is not read: the connection ends with the answer.
    private func response(
        _ fault: AgentFault, closing channel: (any Channel)?
    ) throws -> Response {
        let bytes = try AgentWire.encode(AgentFaultBody(code: fault.code, message: fault.message))
        let buffer = ByteBuffer(bytes: bytes)
        var headers: HTTPFields = [.contentType: "application/json"]
        guard let channel else {
            return Response(
                status: fault.status, headers: headers, body: .init(byteBuffer: buffer))
        }
        headers[.connection] = "close"
        let body = ResponseBody(contentLength: bytes.count) { writer in
            try await writer.write(buffer)
            try await writer.finish(nil)
            channel.close(promise: nil)
        }
        return Response(status: fault.status, headers: headers, body: body)
    }
}
