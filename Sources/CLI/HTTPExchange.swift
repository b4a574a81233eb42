import AsyncHTTPClient
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request and its answer, bounded in time and size.
struct HTTPExchange: Sendable {
    let client: HTTPClient

    /// Sends and reads all of the answer. Throws `unreachable` when none comes.
    func send(
        _ method: HTTPMethod, _ url: String, token: String?, body: JSONValue?
    ) async throws(CommandFailure) -> HTTPAnswer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        if let token { request.headers.add(name: "X-Auth-Token", value: token) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: JSONWriter.encode(body)))
        }
        do {
            let response = try await client.execute(
                request, timeout: CloudSession.requestTimeout)
            let bytes = try await response.body.collect(upTo: CloudSession.responseBytesMax)
            return HTTPAnswer(
                status: response.status,
                token: response.headers.first(name: "X-Subject-Token"),
                body: Array(bytes.readableBytesView))
        } catch is NIOTooManyBytesError {
            throw .refused(
                "the answer of \(url) is longer than \(CloudSession.responseBytesMax) bytes:"
                    + " ask for less")
        } catch {
            throw .unreachable(
                "no answer from \(Self.place(url)): \(Self.cause(error)): check that the server"
                    + " runs there, and 'auth_url' in clouds.yaml")
        }
    }

    /// Scheme, host and port.
    private static func place(_ url: String) -> String {
        guard let parts = URLComponents(string: url), let host = parts.host else { return url }
        return "\(parts.scheme ?? "http")://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }

    private static func cause(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout: return "it took too long to connect"
            case .deadlineExceeded, .readTimeout: return "it took too long to answer"
            default: return error.shortDescription
            }
        case let error as NIOConnectionError:
            guard let last = error.connectionErrors.last else {
                return "the name '\(error.host)' has no address"
            }
            return cause(last.error)
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            return "its certificate or TLS is not accepted (see 'cacert' in clouds.yaml)"
        default: return "\(error)"
        }
    }
}

/// An answer, read whole.
struct HTTPAnswer: Sendable {
    let status: HTTPResponseStatus
    /// The token that an identity service has made.
    let token: String?
    let body: [UInt8]

    /// Longest message of a server that is shown, in characters.
    private static let messageLengthMax = 2_000

    /// The body of an answer that is no refusal. Throws `refused` with the server's own words;
    /// `task` says what was tried.
    func json(doing task: String) throws(CommandFailure) -> JSONValue {
        let value: JSONValue?
        do {
            value = try JSONValue(parsing: body)
        } catch {
            value = nil
        }
        guard status.code < 300 else {
            let told = value.flatMap(Self.message) ?? status.reasonPhrase
            throw .refused(
                "\(told.prefix(Self.messageLengthMax)) (HTTP \(status.code), \(task))")
        }
        guard let value else {
            throw .refused("the answer is no JSON (\(task)): is this a Millrace server?")
        }
        return value
    }

    /// OpenStack's services name the fault first and put the message below it; ours does as well.
    private static func message(_ value: JSONValue) -> String? {
        guard case .object(let members) = value else { return nil }
        return members.lazy.compactMap { $0.value.text("message") }.first
    }
}
