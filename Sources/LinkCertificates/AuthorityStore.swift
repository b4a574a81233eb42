public import Foundation

/// Where the server keeps its CA: `ca.pem` and `ca-key.pem` (mode 0600) in one folder. Whoever has
/// the key can be any host, so the folder belongs into the server's backups and nowhere else.
public struct AuthorityStore: Sendable {
    static let certificateFile = "ca.pem"
    static let keyFile = "ca-key.pem"
    private let folder: PrivateFolder

    /// Keeps the CA in `directory`, which is made when needed.
    public init(directory: String) {
        folder = PrivateFolder(path: directory)
    }

    /// The stored CA; nil when there is none yet. Throws when the files are broken, belong to
    /// different CAs, or the key may be read by others.
    public func load() throws(LinkCertificateError) -> LinkAuthority? {
        guard let certificate = try folder.read(Self.certificateFile) else { return nil }
        guard let key = try folder.read(Self.keyFile, isSecret: true) else {
            throw .fileFailed(
                "\(folder.path) has the CA's certificate and not its key: bring \(Self.keyFile)"
                    + " back, or move \(Self.certificateFile) away and let all hosts join again")
        }
        return try LinkAuthority(certificatePEM: certificate, privateKeyPEM: key)
    }

    /// Stores the CA; the key first, so that a certificate never stands without it.
    public func save(_ authority: LinkAuthority) throws(LinkCertificateError) {
        try folder.create()
        try folder.write(authority.privateKeyPEM, as: Self.keyFile)
        try folder.write(authority.certificatePEM, as: Self.certificateFile)
    }

    /// The stored CA, or a new one that is stored first.
    public func loadOrCreate(at now: Date) throws(LinkCertificateError) -> LinkAuthority {
        if let stored = try load() { return stored }
        let fresh = try LinkAuthority(createdAt: now)
        try save(fresh)
        return fresh
    }
}
