import Crypto
public import Foundation
import X509

extension LinkAuthority {
    /// How long a server's or host's certificate lasts: one year.
    public static let leafLifetime: Duration = .seconds(365 * 86_400)
    /// Names and addresses that a server's certificate may carry.
    public static let serverNamesMax = 64

    /// A fresh key and certificate for the server, good for `names` (DNS) and `addresses` (IPv4
    /// or IPv6 text): what agents may dial. Made anew at each start, so its key is never stored.
    ///
    /// Throws `unsuitable` for wrong names or addresses, or none; `issuingFailed`.
    public func issueServerIdentity(
        names: [String], addresses: [String], at now: Date
    ) throws(LinkCertificateError) -> LinkIdentity {
        var subjects: [GeneralName] = []
        for name in names {
            try LinkHostName.check(name)
            subjects.append(.dnsName(name))
        }
        for address in addresses {
            guard let bytes = LinkAddress.bytes(of: address) else {
                throw .unsuitable("'\(address)' is no IPv4 or IPv6 address for the server")
            }
            subjects.append(.ipAddress(.init(contentBytes: bytes[...])))
        }
        guard (1...Self.serverNamesMax).contains(subjects.count) else {
            throw .unsuitable(
                "the server needs 1 to \(Self.serverNamesMax) names or addresses that agents can"
                    + " dial, found \(subjects.count)")
        }
        let key = P256.Signing.PrivateKey()
        let pem = try issue(
            Leaf(
                publicKey: Certificate.PublicKey(key.publicKey), commonName: "millrace server",
                subjects: subjects, usage: .serverAuth), at: now)
        return LinkIdentity(certificatePEM: pem, privateKeyPEM: key.pemRepresentation)
    }

    /// Signs `request` into a certificate (PEM) by which its holder is the host `hostName`.
    ///
    /// Throws `unsuitable` when the request is for another name; `issuingFailed`.
    public func issueHostCertificate(
        _ request: HostSigningRequest, hostName: String, at now: Date
    ) throws(LinkCertificateError) -> String {
        try LinkHostName.check(hostName)
        guard request.hostName == hostName else {
            throw .unsuitable(
                "the signing request is for host '\(request.hostName)', not for '\(hostName)'")
        }
        return try issue(
            Leaf(
                publicKey: request.publicKey, commonName: hostName,
                subjects: [.dnsName(hostName)], usage: .clientAuth), at: now)
    }

    private struct Leaf {
        let publicKey: Certificate.PublicKey
        let commonName: String
        let subjects: [GeneralName]
        let usage: ExtendedKeyUsage.Usage
    }

    private func issue(_ leaf: Leaf, at now: Date) throws(LinkCertificateError) -> String {
        let end = min(now + Self.leafLifetime.wholeSeconds, endsAt)
        guard end > now else {
            throw .issuingFailed(
                "the agent link's CA ended at \(endsAt): make another and let hosts join again")
        }
        do {
            let subject = try DistinguishedName { CommonName(leaf.commonName) }
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: leaf.publicKey,
                notValidBefore: now - Self.clockSkew, notValidAfter: end,
                issuer: self.certificate.subject, subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([leaf.usage])
                    SubjectAlternativeNames(leaf.subjects)
                    SubjectKeyIdentifier(hash: leaf.publicKey)
                },
                issuerPrivateKey: Certificate.PrivateKey(key))
            return try certificate.serializeAsPEM().pemString
        } catch {
            throw .issuingFailed("signing a certificate for '\(leaf.commonName)' failed: \(error)")
        }
    }
}
