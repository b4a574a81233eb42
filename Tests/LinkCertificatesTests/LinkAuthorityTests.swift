import Foundation
import LinkCertificates
import TestSupport
import Testing

@Suite struct LinkAuthorityTests {
    @Test func storedAuthorityComesBackAndItsKeyIsPrivate() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let store = AuthorityStore(directory: folder)
            #expect(try store.load()?.certificatePEM == nil)
            let made = try store.loadOrCreate(at: today)
            let again = try store.loadOrCreate(at: today + day)
            #expect(again.certificatePEM == made.certificatePEM)
            #expect(again.privateKeyPEM == made.privateKeyPEM)
            #expect(try again.fingerprint == made.fingerprint)
            #expect(try mode(of: folder + "/ca-key.pem") == 0o600)
            #expect(try mode(of: folder) == 0o700)
            #expect(made.endsAt == today + 3_650 * day)
        }
    }

    @Test func keyThatOthersMayReadIsRefused() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let store = AuthorityStore(directory: folder)
            _ = try store.loadOrCreate(at: today)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o640], ofItemAtPath: folder + "/ca-key.pem")
            let error = #expect(throws: LinkCertificateError.self) { try store.load() }
            guard case .fileFailed(let why)? = error else {
                Issue.record("expected fileFailed, found \(String(describing: error))")
                return
            }
            #expect(why.contains("640"))
        }
    }

    @Test func certificateWithoutItsKeyIsNotReplaced() async throws {
        try await TemporaryFolder.use { home in
            let folder = home.file("link")
            let store = AuthorityStore(directory: folder)
            let made = try store.loadOrCreate(at: today)
            try FileManager.default.removeItem(atPath: folder + "/ca-key.pem")
            #expect(throws: LinkCertificateError.self) { try store.loadOrCreate(at: today) }
            let kept = try String(contentsOfFile: folder + "/ca.pem", encoding: .utf8)
            #expect(kept == made.certificatePEM)
        }
    }

    @Test func keyOfAnotherAuthorityIsRefused() throws {
        let one = try LinkAuthority(createdAt: today)
        let other = try LinkAuthority(createdAt: today)
        #expect(
            throws: LinkCertificateError.unsuitable(
                "the CA's key doesn't belong to the CA's certificate")
        ) {
            try LinkAuthority(
                certificatePEM: one.certificatePEM, privateKeyPEM: other.privateKeyPEM)
        }
    }

    @Test func leafIsNoAuthority() throws {
        let authority = try LinkAuthority(createdAt: today)
        let leaf = try authority.issueServerIdentity(
            names: ["control"], addresses: [], at: today)
        #expect(
            throws: LinkCertificateError.unsuitable(
                "the CA's certificate is no certificate of a CA")
        ) {
            try LinkAuthority(
                certificatePEM: leaf.certificatePEM, privateKeyPEM: leaf.privateKeyPEM)
        }
    }

    @Test func serverLeafEndsWithTheYearOrTheAuthority() throws {
        let authority = try LinkAuthority(createdAt: today)
        let early = try authority.issueServerIdentity(
            names: ["control"], addresses: ["::1"], at: today)
        #expect(try LinkCertificate(pem: early.certificatePEM).endsAt == today + 365 * day)
        let late = try authority.issueServerIdentity(
            names: ["control"], addresses: ["10.0.0.1"], at: today + 3_600 * day)
        #expect(try LinkCertificate(pem: late.certificatePEM).endsAt == authority.endsAt)
        #expect(throws: LinkCertificateError.self) {
            try authority.issueServerIdentity(
                names: ["control"], addresses: [], at: today + 3_651 * day)
        }
    }

    @Test(
        arguments: [
            ([], []), (["bad name"], []), ([], ["10.0.0"]), (["control"], ["fe80::1%eth0"]),
            (["*.example"], []),
        ] as [([String], [String])])
    func wrongServerNamesAreRefused(names: [String], addresses: [String]) throws {
        let authority = try LinkAuthority(createdAt: today)
        #expect(throws: LinkCertificateError.self) {
            try authority.issueServerIdentity(names: names, addresses: addresses, at: today)
        }
    }

    @Test func serverLeafNamesNoHost() throws {
        let authority = try LinkAuthority(createdAt: today)
        let leaf = try authority.issueServerIdentity(
            names: ["host-a"], addresses: [], at: today)
        #expect(
            throws: LinkCertificateError.unsuitable(
                "the peer's certificate is not for a client")
        ) {
            try LinkCertificate(pem: leaf.certificatePEM).hostName
        }
    }
}
