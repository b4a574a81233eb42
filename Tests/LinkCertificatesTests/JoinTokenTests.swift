import Foundation
import Testing

@testable import LinkCertificates

/// Counts up, so that a token is known beforehand.
private struct Counting: RandomNumberGenerator {
    var count: UInt64
    mutating func next() -> UInt64 {
        count += 1
        return count &* 0x0101_0101_0101_0101
    }
}

@Suite struct JoinTokenTests {
    private let fingerprint = [UInt8](repeating: 0xFB, count: 32)

    private func token(skipping count: UInt64 = 0) -> JoinToken {
        var generator = Counting(count: count)
        return JoinToken(authorityFingerprint: fingerprint, using: &generator)
    }

    @Test func textComesBack() throws {
        let token = token()
        let parts = token.text.split(separator: ".")
        #expect(parts.count == 3)
        #expect(parts[0] == "mrj1")
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
        #expect(allowed.isSuperset(of: token.text))
        #expect(try JoinToken(parsing: token.text) == token)
        #expect(token.secretHash.count == 64)
        #expect(self.token(skipping: 7).secretHash != token.secretHash)
    }

    @Test func logsCannotHoldTheSecret() {
        let token = token()
        let secret = token.text.split(separator: ".")[1]
        for shown in ["\(token)", String(reflecting: token), String(describing: [token])] {
            #expect(!shown.contains(secret))
            #expect(!shown.contains(token.secretHash))
        }
    }

    @Test func brokenTextsAreRefused() {
        let parts = token().text.split(separator: ".").map(String.init)
        let broken = [
            "", "mrj1", "mrj1..", "mrj2.\(parts[1]).\(parts[2])", "mrj1.\(parts[1])",
            "mrj1.\(parts[1].dropLast(2)).\(parts[2])", "mrj1.\(parts[1]).\(parts[2])AA",
            "mrj1.\(parts[1]).\(parts[2]).x", "mrj1.\(parts[1])=.\(parts[2])",
            "mrj1.!\(parts[1].dropFirst()).\(parts[2])", " " + token().text,
            String(repeating: "a", count: 1_000),
        ]
        for text in broken {
            #expect(throws: LinkCertificateError.self, "\(text)") {
                try JoinToken(parsing: text)
            }
        }
    }

    @Test func namesOnlyItsAuthority() throws {
        let mine = try LinkAuthority(createdAt: today)
        let other = try LinkAuthority(createdAt: today)
        var generator = SystemRandomNumberGenerator()
        let token = JoinToken(authorityFingerprint: try mine.fingerprint, using: &generator)
        #expect(try token.names(LinkCertificate(pem: mine.certificatePEM)))
        #expect(try !token.names(LinkCertificate(pem: other.certificatePEM)))
    }

    @Test func grantLetsInOneHostUntilItExpires() throws {
        let token = token()
        let grant = try JoinGrant(token: token, hostName: "host-a", expiresAt: today)
        #expect(throws: Never.self) {
            try grant.check(token, hostName: "host-a", at: today - 1)
        }
        let wrong = [
            (token, "host-a", today), (token, "host-b", today - 1),
            (self.token(skipping: 3), "host-a", today - 1),
        ]
        for (token, host, now) in wrong {
            let error = #expect(throws: LinkCertificateError.self) {
                try grant.check(token, hostName: host, at: now)
            }
            guard case .joinRefused? = error else {
                Issue.record("expected joinRefused, found \(String(describing: error))")
                continue
            }
        }
        #expect(throws: LinkCertificateError.self) {
            try JoinGrant(token: token, hostName: "no host", expiresAt: today)
        }
    }

    @Test func ledgerGivesAGrantOnce() async throws {
        let ledger = MemoryJoinTokenLedger()
        let grant = try JoinGrant(token: token(), hostName: "host-a", expiresAt: today)
        await ledger.add(grant)
        let hash = grant.secretHash
        let given = await withTaskGroup(of: JoinGrant?.self) { group in
            for _ in 0..<16 { group.addTask { await ledger.consume(hash) } }
            return await group.reduce(into: 0) { $0 += $1 == nil ? 0 : 1 }
        }
        #expect(given == 1)
    }

    @Test(
        arguments: [
            ([], [], true), ([1], [1], true), ([1], [2], false), ([1], [1, 2], false),
            ([1, 2, 3], [1, 2, 4], false), ([9, 2, 3], [1, 2, 3], false),
        ] as [([UInt8], [UInt8], Bool)])
    func comparing(left: [UInt8], right: [UInt8], equal: Bool) {
        #expect(ConstantTime.isEqual(left, right) == equal)
    }
}
