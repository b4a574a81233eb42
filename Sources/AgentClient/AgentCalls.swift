import AgentProtocol
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Calls to the server's listener for agents: bounded, and with typed failures.
struct AgentCalls: Sendable {
    let http: HTTPClient
    let endpoint: ServerEndpoint
    let limits: AgentClientLimits

    /// POSTs a message and reads the answer.
    func post<Reply: Decodable>(
        _ path: String, _ message: some Encodable & Sendable, as type: Reply.Type
    ) async throws(AgentLinkError) -> Reply {
        let bytes = try await exchange(try request(path, message), within: limits.callTimeout)
        return try AgentWire.decode(type, from: bytes)
    }

    /// POSTs a message that is only acknowledged.
    func post(
        _ path: String, _ message: some Encodable & Sendable
    ) async throws(AgentLinkError) {
        _ = try await exchange(try request(path, message), within: limits.callTimeout)
    }

    /// GETs and reads the answer.
    func get<Reply: Decodable>(
        _ path: String, within timeout: TimeAmount, as type: Reply.Type
    ) async throws(AgentLinkError) -> Reply {
        let request = HTTPClientRequest(url: endpoint.url(path))
        return try AgentWire.decode(type, from: try await exchange(request, within: timeout))
    }

    /// GETs, and hands the body to `receive` in pieces of at most `AgentWire.imageChunkBytesMax`;
    /// the next piece is read only when `receive` has taken the one before.
    func stream(
        _ path: String, receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        let request = HTTPClientRequest(url: endpoint.url(path))
        let response = try await begin(request, within: limits.callTimeout)
        var pieces = ImagePieces()
        do {
            for try await part in response.body {
                try Task.checkCancellation()
                for piece in pieces.add(part) { try await hand(piece, to: receive) }
            }
            if let rest = pieces.rest() { try await hand(rest, to: receive) }
        } catch {
            throw LinkFailure.linkError(error, endpoint)
        }
    }

    /// PUTs `sizeBytes` bytes that `next` gives; the next piece is asked for only when the
    /// connection has taken the one before, and no more once this has returned.
    func upload(
        _ path: String, sizeBytes: Int64, next: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws(AgentLinkError) {
        var request = HTTPClientRequest(url: endpoint.url(path))
        request.method = .PUT
        request.headers.add(name: "content-type", value: "application/octet-stream")
        let source = ImageSource(next)
        request.body = .stream(
            ImageUpload(source: source, loops: http.eventLoopGroup), length: .known(sizeBytes))
        do throws(AgentLinkError) {
            let response = try await begin(request, within: limits.uploadTimeout)
            _ = try await read(response, upTo: limits.smallReplyBytesMax)
            try await check(source, sizeBytes)
        } catch {
            await source.close()
            throw error
        }
        await source.close()
    }

    private func check(
        _ source: ImageSource, _ sizeBytes: Int64
    ) async throws(AgentLinkError) {
        let isWhole: Bool
        do {
            isWhole = try await source.hasExactly(sizeBytes)
        } catch {
            throw .receiverFailed("\(error)")
        }
        guard isWhole else {
            throw .receiverFailed("the copy is not of the \(sizeBytes) bytes that were announced")
        }
    }

    private func hand(
        _ piece: [UInt8], to receive: @Sendable ([UInt8]) async throws -> Void
    ) async throws(AgentLinkError) {
        do {
            try await receive(piece)
        } catch {
            throw .receiverFailed("\(error)")
        }
    }

    private func request(
        _ path: String, _ message: some Encodable
    ) throws(AgentLinkError) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: endpoint.url(path))
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(try AgentWire.encode(message))
        return request
    }

    private func exchange(
        _ request: HTTPClientRequest, within timeout: TimeAmount
    ) async throws(AgentLinkError) -> [UInt8] {
        let response = try await begin(request, within: timeout)
        return try await read(response, upTo: limits.replyBytesMax)
    }

    /// Sends the request; throws unless the answer's status says success.
    private func begin(
        _ request: HTTPClientRequest, within timeout: TimeAmount
    ) async throws(AgentLinkError) -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await http.execute(request, timeout: timeout)
        } catch {
            throw LinkFailure.linkError(error, endpoint)
        }
        guard (200..<300).contains(response.status.code) else {
            throw try await fault(response)
        }
        return response
    }

    private func read(
        _ response: HTTPClientResponse, upTo limit: Int
    ) async throws(AgentLinkError) -> [UInt8] {
        do {
            let buffer = try await response.body.collect(upTo: limit)
            return Array(buffer.readableBytesView)
        } catch {
            throw LinkFailure.linkError(error, endpoint)
        }
    }

    /// The server's own words where it has any.
    private func fault(
        _ response: HTTPClientResponse
    ) async throws(AgentLinkError) -> AgentLinkError {
        let bytes = try await read(response, upTo: limits.smallReplyBytesMax)
        let status = response.status
        let message: String
        do throws(AgentLinkError) {
            message = try AgentWire.decode(AgentFaultBody.self, from: bytes).error.message
        } catch {
            return .garbled(
                "\(endpoint) answered \(status.code) in a way that Millrace doesn't: is it another"
                    + " server?")
        }
        return (400..<500).contains(status.code) ? .refused(message) : .unreachable(message)
    }
}

/// Cuts a stream into pieces of the largest size allowed.
struct ImagePieces {
    private var held = ByteBuffer()
    private let size = AgentWire.imageChunkBytesMax

    /// Takes what came; answers all full pieces.
    mutating func add(_ part: ByteBuffer) -> [[UInt8]] {
        var part = part
        held.writeBuffer(&part)
        var pieces: [[UInt8]] = []
        while let piece = held.readBytes(length: size) { pieces.append(piece) }
        if !pieces.isEmpty { held.discardReadBytes() }
        return pieces
    }

    /// What is left at the end; nil when nothing is.
    mutating func rest() -> [UInt8]? {
        held.readableBytes == 0 ? nil : held.readBytes(length: held.readableBytes)
    }
}
