import Crypto
public import Foundation
import X509

/// Where a host keeps its side of the link: `host-key.pem` (made here, mode 0600, never sent
/// anywhere), `host.pem` and `ca.pem` in one folder.
public struct CertificateStore: Sendable {
    static let keyFile = "host-key.pem"
    static let certificateFile = "host.pem"
    static let authorityFile = "ca.pem"
    private let folder: PrivateFolder

    /// Keeps the files in `directory`, which is made when needed.
    public init(directory: String) {
        folder = PrivateFolder(path: directory)
    }

    /// A signing request for `hostName` with the host's key, which is made first when there is
    /// none.
    public func makeSigningRequest(hostName: String) throws(LinkCertificateError) -> String {
        try HostSigningRequest.make(hostName: hostName, key: try loadOrCreateKey())
    }

    /// Stores what the server signed, after checking that it is for this host and its key and
    /// from the CA that came with it.
    ///
    /// Throws `unsuitable` when it is not, and then stores nothing.
    public func save(
        certificatePEM: String, authorityPEM: String, hostName: String, at now: Date
    ) throws(LinkCertificateError) {
        let leaf = try LinkCertificate(pem: certificatePEM)
        let authority = try LinkCertificate(pem: authorityPEM)
        let key = try loadOrCreateKey()
        guard leaf.certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw .unsuitable("the server's certificate for '\(hostName)' is for another key")
        }
        let name = try leaf.hostName
        guard name == hostName else {
            throw .unsuitable("the server's certificate is for host '\(name)', not '\(hostName)'")
        }
        guard leaf.isSigned(by: authority) else {
            throw .unsuitable("the certificate for '\(hostName)' is not signed by the server's CA")
        }
        try leaf.checkValidity(at: now)
        try folder.write(authorityPEM, as: Self.authorityFile)
        try folder.write(certificatePEM, as: Self.certificateFile)
    }

    /// What the host presents and trusts; nil when it hasn't joined. Throws when files are broken
    /// or the key may be read by others.
    public func load() throws(LinkCertificateError) -> HostCredentials? {
        guard
            let certificate = try folder.read(Self.certificateFile),
            let authority = try folder.read(Self.authorityFile),
            let key = try folder.read(Self.keyFile, isSecret: true)
        else { return nil }
        let leaf = try LinkCertificate(pem: certificate)
        return HostCredentials(
            hostName: try leaf.hostName, authorityPEM: authority, endsAt: leaf.endsAt,
            identity: LinkIdentity(certificatePEM: certificate, privateKeyPEM: key))
    }

    private func loadOrCreateKey() throws(LinkCertificateError) -> P256.Signing.PrivateKey {
        if let pem = try folder.read(Self.keyFile, isSecret: true) {
            do {
                return try P256.Signing.PrivateKey(pemRepresentation: pem)
            } catch {
                // The cause is left out: it might quote the key.
                throw .unreadable("\(folder.path)/\(Self.keyFile) is no P-256 private key in PEM")
            }
        }
        try folder.create()
        let key = P256.Signing.PrivateKey()
        try folder.write(key.pemRepresentation, as: Self.keyFile)
        return key
    }
}

/// What a host that has joined presents on the link, and whom it trusts.
public struct HostCredentials: Sendable {
    /// A certificate is renewed when less than this is left: 90 days.
    public static let renewalMargin: Duration = .seconds(90 * 86_400)

    /// The name in the certificate.
    public let hostName: String
    /// PEM of the server's CA.
    public let authorityPEM: String
    /// When the certificate ends.
    public let endsAt: Date
    /// Certificate and key.
    public let identity: LinkIdentity

    /// Credentials; see the fields.
    public init(hostName: String, authorityPEM: String, endsAt: Date, identity: LinkIdentity) {
        self.hostName = hostName
        self.authorityPEM = authorityPEM
        self.endsAt = endsAt
        self.identity = identity
    }

    /// Whether it is time to renew.
    public func isRenewalDue(at now: Date) -> Bool {
        now + Self.renewalMargin.wholeSeconds > endsAt
    }
}
