import ComputeModel
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import JSON
import NIOCore
import Logging

/// What the pipeline knows of a request while it is served.
public struct APIContext: RequestContext {
    /// Hummingbird's own part: logger, path parameters.
    public var coreContext: CoreRequestContextStorage
    /// Made when the request arrives; sent back as `x-openstack-request-id`.
    public var requestID: APIRequestID
    /// Who asks; nil until authenticated.
    public var caller: Caller?

    /// A context for a request that has just arrived.
    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        requestID = APIRequestID("req-" + UUID().uuidString.lowercased())
    }
}

/// A request as handlers see it: parsed, bounded, authenticated.
public struct APIRequest: Sendable {
    /// Method, path and headers.
    public var head: HTTPRequest
    /// The undecoded body, for those who stream it.
    public var bodyStream: RequestBody
    /// The pipeline's knowledge.
    public var context: APIContext
    /// Limits that apply.
    public var limits: RequestLimits
    private let uri: URI

    /// Wraps Hummingbird's request.
    init(_ request: Request, _ context: APIContext, _ limits: RequestLimits) {
        head = request.head
        uri = request.uri
        bodyStream = request.body
        self.context = context
        self.limits = limits
    }

    /// The path that was asked for.
    public var path: String { uri.path }

    /// Logs under the request's id.
    public var logger: Logger { context.logger }

    /// The caller; throws `unauthenticated` on routes that let anyone in.
    public var caller: Caller {
        get throws(DomainError) {
            guard let caller = context.caller else {
                throw .unauthenticated("The request you have made requires authentication.")
            }
            return caller
        }
    }

    /// A parameter of the path, percent-decoded; "" when the route has none of that name.
    public func parameter(_ name: String) -> String {
        let raw = context.parameters.get(name) ?? ""
        return raw.removingPercentEncoding ?? raw
    }

    /// The first query value under `name`.
    public func query(_ name: String) -> String? {
        queryItems.first { $0.name == name }?.value
    }

    /// All query values under `name`, in order.
    public func queryAll(_ name: String) -> [String] {
        queryItems.filter { $0.name == name }.map(\.value)
    }

    /// All query items in order.
    public var queryItems: [(name: String, value: String)] {
        QueryItems(self).items
    }

    /// A header's value.
    public func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { head.headerFields[$0] }
    }

    /// The body as JSON. Throws `tooLarge` above the limit and `invalid` when it is not JSON.
    public func json() async throws -> JSONValue {
        let limit = limits.bodyBytesMax
        let buffer: ByteBuffer
        do {
            buffer = try await bodyStream.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw DomainError.tooLarge("Request is too large: at most \(limit) bytes are read.")
        }
        guard buffer.readableBytes > 0 else {
            throw DomainError.invalid(.request, field: nil, "The request has no body.")
        }
        return try parsed(Array(buffer.readableBytesView))
    }

    private func parsed(_ body: [UInt8]) throws(DomainError) -> JSONValue {
        let bounds = JSONLimits(bytesMax: limits.bodyBytesMax, depthMax: limits.bodyDepthMax)
        do {
            return try JSONValue(parsing: body, limits: bounds)
        } catch {
            var verdict = "it is not valid JSON"
            if case .overLimit = error { verdict = "it has more than is read" }
            throw .invalid(
                .request, field: nil,
                "Malformed request body: \(verdict) (\(error.explained(in: body))).")
        }
    }
}

/// Bounds on what one request may cost.
public struct RequestLimits: Sendable {
    /// Largest JSON body in bytes.
    public var bodyBytesMax: Int
    /// Lists and objects inside each other in a JSON body.
    public var bodyDepthMax: Int
    /// Longest list page, and its default.
    public var pageItemsMax: Int

    /// The defaults: 1 MiB, 32 levels and 1,000 items.
    public init(
        bodyBytesMax: Int = 1 << 20, bodyDepthMax: Int = 32, pageItemsMax: Int = 1_000
    ) {
        self.bodyBytesMax = bodyBytesMax
        self.bodyDepthMax = bodyDepthMax
        self.pageItemsMax = pageItemsMax
    }
}

/// An answer as handlers give it.
public struct APIResponse: Sendable {
    /// HTTP status.
    public var status: HTTPResponse.Status
    /// Extra headers.
    public var headers: HTTPFields
    /// What is sent.
    public var body: Body

    /// Kinds of body.
    public enum Body: Sendable {
        /// No body.
        case none
        /// JSON.
        case json(JSONValue)
        /// Anything else, possibly streamed; its type is in the headers.
        case raw(ResponseBody)
    }

    /// An answer; see the fields.
    public init(_ status: HTTPResponse.Status, _ body: Body = .none, headers: HTTPFields = [:]) {
        self.status = status
        self.body = body
        self.headers = headers
    }

    /// 200 with JSON.
    public static func ok(_ value: JSONValue) -> APIResponse { .init(.ok, .json(value)) }

    /// Any status with JSON.
    public static func json(_ status: HTTPResponse.Status, _ value: JSONValue) -> APIResponse {
        .init(status, .json(value))
    }

    /// The answer with one more header; names that are no header names are passed over.
    public func header(_ name: String, _ value: String) -> APIResponse {
        guard let name = HTTPField.Name(name) else { return self }
        var copy = self
        copy.headers[name] = value
        return copy
    }

    /// As Hummingbird sends it.
    func response() -> Response {
        var headers = headers
        switch body {
        case .none: return Response(status: status, headers: headers)
        case .raw(let body): return Response(status: status, headers: headers, body: body)
        case .json(let value):
            if headers[.contentType] == nil { headers[.contentType] = "application/json" }
            let bytes = JSONWriter.encode(value)
            return Response(
                status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
        }
    }
}
