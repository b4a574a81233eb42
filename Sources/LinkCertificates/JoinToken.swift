import Crypto
import Foundation

/// Lets one host join once: a secret, and the fingerprint of the CA that the host shall trust.
/// Operators carry it from the server to the host; the server keeps only the secret's hash.
public struct JoinToken: Sendable, Equatable {
    /// First word of the text; the number is the format's version.
    public static let prefix = "mrj1"
    /// Length of the secret.
    public static let secretBytes = 32
    /// Longest text that is read.
    static let textBytesMax = 256

    /// SHA-256 of the CA certificate's DER.
    public let authorityFingerprint: [UInt8]
    private let secret: [UInt8]

    /// A token with a new secret. Pass the system's generator, except in tests.
    public init(
        authorityFingerprint: [UInt8], using generator: inout some RandomNumberGenerator
    ) {
        self.authorityFingerprint = authorityFingerprint
        secret = (0..<Self.secretBytes).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
    }

    /// Reads a token's text. Throws `unreadable`; the message doesn't repeat the text.
    public init(parsing text: String) throws(LinkCertificateError) {
        let parts = text.utf8.count <= Self.textBytesMax ? text.split(separator: ".") : []
        guard parts.count == 3, parts[0] == Self.prefix,
            let secret = Base64URL.decode(parts[1]), secret.count == Self.secretBytes,
            let fingerprint = Base64URL.decode(parts[2]), fingerprint.count == SHA256.byteCount
        else {
            throw .unreadable(
                "this is no join token: it begins with '\(Self.prefix).' and has three parts;"
                    + " copy it whole")
        }
        self.secret = secret
        authorityFingerprint = fingerprint
    }

    /// The text that operators carry; it is a secret.
    public var text: String {
        [Self.prefix, Base64URL.encode(secret), Base64URL.encode(authorityFingerprint)]
            .joined(separator: ".")
    }

    /// SHA-256 of the secret in hex: what the server stores and looks up.
    public var secretHash: String {
        SHA256.hash(data: secret).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// Whether `certificate` is the CA that this token is for.
    public func names(_ certificate: LinkCertificate) throws(LinkCertificateError) -> Bool {
        ConstantTime.isEqual(authorityFingerprint, try certificate.fingerprint)
    }
}

extension JoinToken: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the secret, so that logs can't hold it.
    public var description: String { "a join token" }
    /// Without the secret, so that logs can't hold it.
    public var debugDescription: String { description }
}

/// Base 64 for URLs without padding (RFC 4648, section 5).
enum Base64URL {
    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        guard !text.contains(where: { "+/=".contains($0) }) else { return nil }
        let plain = String(text).replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        return Data(base64Encoded: plain + padding).map { [UInt8]($0) }
    }
}

/// Comparing secrets in a time that doesn't depend on where they differ.
enum ConstantTime {
    static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
