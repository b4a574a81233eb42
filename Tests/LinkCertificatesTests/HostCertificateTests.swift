import Foundation
import LinkCertificates
import TestSupport
import Testing

@Suite struct HostCertificateTests {
    private let authority: LinkAuthority

    init() throws {
        authority = try LinkAuthority(createdAt: today)
    }

    @Test func hostGetsStoresAndReadsItsCertificate() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let store = CertificateStore(directory: folder)
            #expect(try store.load()?.hostName == nil)
            let pem = try issue(store, "compute-1.example")
            try store.save(
                certificatePEM: pem, authorityPEM: authority.certificatePEM,
                hostName: "compute-1.example", at: today)
            let credentials = try #require(try store.load())
            #expect(credentials.hostName == "compute-1.example")
            #expect(credentials.authorityPEM == authority.certificatePEM)
            #expect(credentials.identity.certificatePEM == pem)
            #expect(credentials.endsAt == today + 365 * day)
            #expect(try mode(of: folder + "/host-key.pem") == 0o600)
            #expect(!credentials.isRenewalDue(at: today + 275 * day))
            #expect(credentials.isRenewalDue(at: today + 275 * day + 1))
        }
    }

    @Test func keyIsMadeOnceAndStaysOnTheHost() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let store = CertificateStore(directory: folder)
            let first = try store.makeSigningRequest(hostName: "host-a")
            let key = try String(contentsOfFile: folder + "/host-key.pem", encoding: .utf8)
            _ = try store.makeSigningRequest(hostName: "host-a")
            let again = try String(contentsOfFile: folder + "/host-key.pem", encoding: .utf8)
            #expect(again == key)
            #expect(key.contains("PRIVATE KEY"))
            #expect(!first.contains("PRIVATE KEY"))
        }
    }

    @Test func certificateForAnotherKeyHostOrAuthorityIsNotStored() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let store = CertificateStore(directory: folder + "/mine")
            let stranger = CertificateStore(directory: folder + "/stranger")
            let mine = try issue(store, "host-a")
            let other = try LinkAuthority(createdAt: today)
            let wrong: [(pem: String, ca: String, name: String, at: Date)] = [
                (try issue(stranger, "host-a"), authority.certificatePEM, "host-a", today),
                (mine, authority.certificatePEM, "host-b", today),
                (mine, other.certificatePEM, "host-a", today),
                (mine, authority.certificatePEM, "host-a", today + 366 * day),
                ("nonsense", authority.certificatePEM, "host-a", today),
            ]
            for (pem, ca, name, now) in wrong {
                #expect(throws: LinkCertificateError.self) {
                    try store.save(certificatePEM: pem, authorityPEM: ca, hostName: name, at: now)
                }
            }
            #expect(try store.load()?.hostName == nil)
        }
    }

    @Test func requestForAnotherNameIsNotSigned() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let csr = try CertificateStore(directory: folder).makeSigningRequest(
                hostName: "host-a")
            let request = try HostSigningRequest(pem: csr)
            #expect(request.hostName == "host-a")
            #expect(throws: LinkCertificateError.self) {
                try authority.issueHostCertificate(request, hostName: "host-b", at: today)
            }
        }
    }

    @Test func requestNotSignedWithItsOwnKeyIsRefused() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let csr = try CertificateStore(directory: folder).makeSigningRequest(
                hostName: "host-a")
            let lines = csr.split(separator: "\n")
            let encoded = lines.dropFirst().dropLast().joined()
            var der = try #require(Data(base64Encoded: encoded))
            // The name stands twice; both are changed to a name of the same length.
            let (from, to) = (Data("host-a".utf8), Data("host-b".utf8))
            while let range = der.range(of: from) { der.replaceSubrange(range, with: to) }
            let forged =
                "-----BEGIN CERTIFICATE REQUEST-----\n"
                + der.base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
                + "\n-----END CERTIFICATE REQUEST-----\n"
            #expect(
                throws: LinkCertificateError.unsuitable(
                    "the signing request of 'host-b' is not signed with its own key")
            ) {
                try HostSigningRequest(pem: forged)
            }
        }
    }

    @Test(arguments: [
        "", "-----BEGIN CERTIFICATE REQUEST-----", String(repeating: "x", count: 9 << 10),
    ])
    func nonsenseIsNoRequest(text: String) {
        #expect(throws: LinkCertificateError.self) { try HostSigningRequest(pem: text) }
    }

    @Test(arguments: [
        ("compute-1", true), ("Compute1.lab.example", true), ("a", true), ("1", true),
        (String(repeating: "a", count: 62) + ".b", true),
        (String(repeating: "a", count: 63) + ".b", false),
        (String(repeating: "a", count: 64), false),
        ("", false), (".", false), ("a..b", false), ("-a", false), ("a-", false),
        ("a b", false), ("a/b", false), ("hôte", false), ("a\0b", false), ("*.example", false),
    ])
    func hostNames(name: String, isValid: Bool) {
        if isValid {
            #expect(throws: Never.self) { try LinkHostName.check(name) }
        } else {
            #expect(throws: LinkCertificateError.self) { try LinkHostName.check(name) }
        }
    }

    private func issue(_ store: CertificateStore, _ name: String) throws -> String {
        let request = try HostSigningRequest(pem: try store.makeSigningRequest(hostName: name))
        return try authority.issueHostCertificate(request, hostName: name, at: today)
    }
}
