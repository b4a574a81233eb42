import Crypto
public import Foundation
import X509

/// A certificate read from text or from a connection, with the questions the link asks of it.
public struct LinkCertificate: Sendable {
    let certificate: Certificate

    /// Reads one certificate in PEM. Throws `unreadable`.
    public init(pem: String) throws(LinkCertificateError) {
        do {
            certificate = try Certificate(pemEncoded: pem)
        } catch {
            throw .unreadable("a certificate in PEM was expected: \(error)")
        }
    }

    /// Reads one certificate in DER, as TLS hands it over. Throws `unreadable`.
    public init(der: [UInt8]) throws(LinkCertificateError) {
        do {
            certificate = try Certificate(derEncoded: der)
        } catch {
            throw .unreadable("a certificate in DER was expected: \(error)")
        }
    }

    init(_ certificate: Certificate) {
        self.certificate = certificate
    }

    /// The end of its validity.
    public var endsAt: Date { certificate.notValidAfter }

    /// SHA-256 of its DER.
    public var fingerprint: [UInt8] {
        get throws(LinkCertificateError) {
            do {
                let der = try certificate.serializeAsPEM().derBytes
                return Array(SHA256.hash(data: der))
            } catch {
                throw .unreadable("a certificate can't be written as DER: \(error)")
            }
        }
    }

    /// The name of the host that it stands for: the one DNS name in it. Trust is not decided
    /// here; TLS has checked who signed it.
    ///
    /// Throws `unsuitable` when it isn't a host's certificate.
    public var hostName: String {
        get throws(LinkCertificateError) {
            let usage: ExtendedKeyUsage?
            let names: SubjectAlternativeNames?
            do {
                usage = try certificate.extensions.extendedKeyUsage
                names = try certificate.extensions.subjectAlternativeNames
            } catch {
                throw .unreadable("a peer's certificate has broken extensions: \(error)")
            }
            guard let usage, usage.contains(.clientAuth) else {
                throw .unsuitable("the peer's certificate is not for a client")
            }
            guard let names, names.count == 1, case .dnsName(let name)? = names.first else {
                throw .unsuitable("the peer's certificate doesn't name exactly one host")
            }
            try LinkHostName.check(name)
            return name
        }
    }

    /// Throws `unsuitable` when `now` is outside its validity.
    public func checkValidity(at now: Date) throws(LinkCertificateError) {
        let (start, end) = (certificate.notValidBefore, certificate.notValidAfter)
        guard start <= now, now <= end else {
            throw .unsuitable("the certificate is valid from \(start) to \(end), it is \(now) now")
        }
    }

    /// Whether `authority` signed it.
    func isSigned(by authority: LinkCertificate) -> Bool {
        certificate.issuer == authority.certificate.subject
            && authority.certificate.publicKey.isValidSignature(
                certificate.signature, for: certificate)
    }
}
