import Crypto
public import Foundation
import X509

/// Millrace's own certificate authority for the link between agents and server. It signs nothing
/// else, and nobody else's certificates are accepted on the link.
public struct LinkAuthority: Sendable {
    /// How long the authority itself lasts: ten years.
    public static let lifetime: Duration = .seconds(10 * 365 * 86_400)
    /// Certificates are valid from so long before they were made, for clocks that are behind.
    static let clockSkew: TimeInterval = 3_600

    /// The authority's certificate, which both ends trust.
    public let certificatePEM: String
    let certificate: Certificate
    let key: P256.Signing.PrivateKey

    /// A new authority with a key of its own. Throws `issuingFailed`.
    public init(createdAt now: Date) throws(LinkCertificateError) {
        let key = P256.Signing.PrivateKey()
        do {
            let name = try DistinguishedName {
                OrganizationName("Millrace")
                CommonName("Millrace agent link CA")
            }
            let publicKey = Certificate.PublicKey(key.publicKey)
            certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: publicKey,
                notValidBefore: now - Self.clockSkew,
                notValidAfter: now + Self.lifetime.wholeSeconds,
                issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: publicKey)
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
            certificatePEM = try certificate.serializeAsPEM().pemString
        } catch {
            throw .issuingFailed("making the agent link's CA failed: \(error)")
        }
        self.key = key
    }

    /// An authority made earlier. Throws `unreadable`, or `unsuitable` when the key isn't the
    /// certificate's or the certificate may not sign others.
    public init(certificatePEM: String, privateKeyPEM: String) throws(LinkCertificateError) {
        let certificate = try LinkCertificate(pem: certificatePEM).certificate
        do {
            key = try P256.Signing.PrivateKey(pemRepresentation: privateKeyPEM)
        } catch {
            // The cause is left out: it might quote the key.
            throw .unreadable("the CA's key is no P-256 private key in PEM")
        }
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw .unsuitable("the CA's key doesn't belong to the CA's certificate")
        }
        guard Self.maySign(certificate) else {
            throw .unsuitable("the CA's certificate is no certificate of a CA")
        }
        self.certificate = certificate
        self.certificatePEM = certificatePEM
    }

    /// The authority's key, to be stored where only the server can read it.
    public var privateKeyPEM: String { key.pemRepresentation }

    /// SHA-256 of the certificate's DER: what join tokens carry.
    public var fingerprint: [UInt8] {
        get throws(LinkCertificateError) {
            try LinkCertificate(certificate).fingerprint
        }
    }

    /// When the authority ends.
    public var endsAt: Date { certificate.notValidAfter }

    private static func maySign(_ certificate: Certificate) -> Bool {
        do {
            guard case .isCertificateAuthority? = try certificate.extensions.basicConstraints else {
                return false
            }
            return true
        } catch {
            return false
        }
    }
}

/// A certificate and its key, as one end of the link presents them.
public struct LinkIdentity: Sendable {
    /// The leaf's certificate.
    public let certificatePEM: String
    /// Its key.
    public let privateKeyPEM: String

    /// An identity; see the fields.
    public init(certificatePEM: String, privateKeyPEM: String) {
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
    }
}

extension Duration {
    /// Whole seconds as Foundation counts them.
    var wholeSeconds: TimeInterval { TimeInterval(components.seconds) }
}
