import ComputeModel
import Conductor
import HTTPTypes
import Hummingbird
import NIOCore
import RequestPipeline

extension ImageService {
    var dataRoutes: [Route] {
        [
            Route(.put, "/v2/images/{id}/file", .role(.member)) { try await upload($0) },
            Route(.get, "/v2/images/{id}/file", .role(.reader)) { try await download($0) },
        ]
    }

    private func upload(_ request: APIRequest) async throws -> APIResponse {
        let type = request.header("Content-Type") ?? ""
        guard type.hasPrefix("application/octet-stream") else {
            return ImageFaults.page(
                .unsupportedMediaType, "Image data has the media type application/octet-stream.")
        }
        let announced = try announcedBytes(request)
        let chunks = request.bodyStream.map { Array($0.readableBytesView) }
        try await images.upload(id(request), announcedBytes: announced, chunks, request.caller)
        return APIResponse(.noContent)
    }

    /// The size the client told: its own header counts before the length of the body, which a
    /// client that streams doesn't know.
    private func announcedBytes(_ request: APIRequest) throws(DomainError) -> Int64? {
        for name in ["X-OpenStack-Image-Size", "Content-Length"] {
            guard let text = request.header(name) else { continue }
            guard let size = Int64(text), size >= 0 else {
                throw .invalid(.image, field: name, "The header \(name) is no size in bytes.")
            }
            return size
        }
        return nil
    }

    private func download(_ request: APIRequest) async throws -> APIResponse {
        guard let (image, chunks) = try await images.download(id(request), try request.caller)
        else { return APIResponse(.noContent) }
        let length = image.sizeBytes.map { Int($0) }
        let body = ResponseBody(contentLength: length) { writer in
            for try await chunk in chunks { try await writer.write(ByteBuffer(bytes: chunk)) }
            try await writer.finish(nil)
        }
        let response = APIResponse(
            .ok, .raw(body), headers: [.contentType: "application/octet-stream"])
        return image.checksum.map { response.header("Content-MD5", $0) } ?? response
    }
}
