import ComputeModel
import HTTPTypes
import NIOCore
import Hummingbird
import RequestPipeline

/// The image service's way to say no: a small HTML page, as its clients expect; JSON for missing
/// or wrong tokens only.
struct ImageFaults: FaultStyle {
    func fault(_ error: DomainError, _ context: APIContext) -> APIResponse {
        let status = Self.status(error)
        if case .unauthenticated(let message) = error {
            return .json(
                status,
                [
                    "error": [
                        "code": .int(Int(status.code)), "title": .string(status.reasonPhrase),
                        "message": .string(message),
                    ]
                ])
        }
        return Self.page(status, Self.message(error))
    }

    /// The page for a status.
    static func page(_ status: HTTPResponse.Status, _ message: String) -> APIResponse {
        let title = "\(status.code) \(status.reasonPhrase)"
        let text = """
            <html>
             <head>
              <title>\(title)</title>
             </head>
             <body>
              <h1>\(title)</h1>
              \(escaped(message))<br /><br />
             </body>
            </html>
            """
        return APIResponse(
            status, .raw(.init(byteBuffer: ByteBuffer(string: text))),
            headers: [.contentType: "text/html; charset=UTF-8"])
    }

    static func status(_ error: DomainError) -> HTTPResponse.Status {
        switch error {
        case .notFound: .notFound
        case .invalid: .badRequest
        case .conflict: .conflict
        case .forbidden: .forbidden
        case .unauthenticated: .unauthorized
        case .tooLarge, .overQuota: .contentTooLarge
        case .notImplemented: .notImplemented
        case .unavailable: .serviceUnavailable
        case .internalFailure: .internalServerError
        }
    }

    private static func message(_ error: DomainError) -> String {
        guard case .notFound(.image, let id) = error else { return error.description }
        return "No image found with ID \(id)"
    }

    /// `text` with the characters that mean something in HTML written as entities.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
