import HTTPTypes
import RequestPipeline

/// Where clients reach the services: the base of every address in catalogues and links.
public struct ServiceAddresses: Sendable {
    /// Region all endpoints are in.
    public static let region = "RegionOne"
    /// Longest `Host` header that is believed.
    static let hostLengthMax = 255

    private let publicURL: String?
    private let scheme: String

    /// - Parameters:
    ///   - publicURL: the configured address without a path at its end, such as
    ///     `https://cloud.example.com`; nil: what the request's `Host` header says.
    ///   - usesTLS: whether the listener speaks TLS; counts when `publicURL` is nil.
    public init(publicURL: String?, usesTLS: Bool = false) {
        var url = publicURL
        while url?.hasSuffix("/") == true { url?.removeLast() }
        self.publicURL = url
        scheme = usesTLS ? "https" : "http"
    }

    /// Scheme, host and port, without a slash at the end.
    public func base(_ request: APIRequest) -> String {
        base(host: request.head.authority ?? "")
    }

    func base(host: String) -> String {
        if let publicURL { return publicURL }
        guard !host.isEmpty, host.utf8.count <= Self.hostLengthMax,
            host.utf8.allSatisfy(Self.isHostByte)
        else { return "\(scheme)://localhost" }
        return "\(scheme)://\(host)"
    }

    /// The configured identity address, for the `WWW-Authenticate` header.
    var configuredIdentityURL: String? { publicURL.map { "\($0)/identity/v3" } }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }
}
