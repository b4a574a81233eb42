import Crypto
import X509

/// A host's request for a certificate: its name and public key, signed with its private key.
public struct HostSigningRequest: Sendable {
    /// Largest PEM text that is read.
    public static let pemBytesMax = 8 << 10

    /// The host that asks.
    public let hostName: String
    let publicKey: Certificate.PublicKey

    /// Reads and checks a request in PEM: one host name, a P-256 key, a signature made with it.
    ///
    /// Throws `unreadable` or `unsuitable`.
    public init(pem: String) throws(LinkCertificateError) {
        guard pem.utf8.count <= Self.pemBytesMax else {
            throw .unreadable("a signing request is longer than \(Self.pemBytesMax) bytes")
        }
        let request: CertificateSigningRequest
        let names: [String]
        do {
            request = try CertificateSigningRequest(pemEncoded: pem)
            names = try Self.dnsNames(of: request)
        } catch {
            throw .unreadable("a signing request in PEM was expected: \(error)")
        }
        guard names.count == 1, let name = names.first else {
            throw .unsuitable("a signing request must name one host, found \(names.count)")
        }
        try LinkHostName.check(name)
        guard P256.Signing.PublicKey(request.publicKey) != nil else {
            throw .unsuitable("the signing request of '\(name)' has a key that is not P-256")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw .unsuitable("the signing request of '\(name)' is not signed with its own key")
        }
        hostName = name
        publicKey = request.publicKey
    }

    /// Makes a request in PEM for the host `hostName`, signed with `key`.
    static func make(
        hostName: String, key: P256.Signing.PrivateKey
    ) throws(LinkCertificateError) -> String {
        try LinkHostName.check(hostName)
        do {
            let extensions = try Certificate.Extensions {
                SubjectAlternativeNames([.dnsName(hostName)])
            }
            let request = try CertificateSigningRequest(
                version: .v1, subject: try DistinguishedName { CommonName(hostName) },
                privateKey: Certificate.PrivateKey(key),
                attributes: .init([.init(ExtensionRequest(extensions: extensions))]),
                signatureAlgorithm: .ecdsaWithSHA256)
            return try request.serializeAsPEM().pemString
        } catch {
            throw .issuingFailed("making a signing request for '\(hostName)' failed: \(error)")
        }
    }

    private static func dnsNames(of request: CertificateSigningRequest) throws -> [String] {
        guard
            let wanted = try request.attributes.extensionRequest?.extensions,
            let names = try wanted.subjectAlternativeNames
        else { return [] }
        return names.map { name in
            if case .dnsName(let text) = name { text } else { "" }
        }
    }
}
