import ComputeModel
import Foundation
import Testing

@testable import Identity

@Suite struct IdentityPasswordTests {
    /// RFC 7914, section 12, the first 32 bytes of the vector for "password" and "NaCl".
    @Test func derivesAsTheStandardSays() throws {
        let hash = try PasswordHash(
            password: "password", salt: Array("NaCl".utf8),
            cost: PasswordCost(roundsLog2: 10, blockSize: 8, parallelism: 16))
        let hex = hash.key.map { String(format: "%02x", $0) }.joined()
        #expect(hex == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    }

    @Test func textFormComesBack() throws {
        let hash = try PasswordHash(
            password: "p", salt: [1, 2, 3], cost: PasswordCost(roundsLog2: 4))
        #expect(PasswordHash(text: hash.text) == hash)
        #expect(hash.text.hasPrefix("$scrypt$ln=4,r=8,p=1$"))
    }

    @Test(arguments: [
        "", "plain", "$scrypt$", "$scrypt$ln=4,r=8$AQID$AQID", "$bcrypt$ln=4,r=8,p=1$AQID$AQID",
        "$scrypt$ln=40,r=8,p=1$AQID$" + Data(count: 32).base64EncodedString(),
        "$scrypt$ln=17,r=16,p=1$AQID$" + Data(count: 32).base64EncodedString(),
        "$scrypt$ln=4,r=8,p=1$$" + Data(count: 32).base64EncodedString(),
        "$scrypt$ln=4,r=8,p=1$AQID$AQID",
    ])
    func otherTextIsNoHash(_ text: String) {
        #expect(PasswordHash(text: text) == nil)
    }

    @Test func rightPasswordMatchesAndOthersDont() async throws {
        let hasher = try PasswordHasher(cost: PasswordCost(roundsLog2: 4))
        let stored = try await hasher.hash("correct horse")
        #expect(try await hasher.matches("correct horse", stored: stored))
        for wrong in ["", "Correct horse", "correct horse ", "correct"] {
            #expect(try await !hasher.matches(wrong, stored: stored))
        }
        #expect(try await !hasher.matches("", stored: nil))
        #expect(try await !hasher.matches("", stored: ""))
        #expect(try await hasher.hash("correct horse") != stored)
    }

    @Test func passwordsAreBounded() async throws {
        let hasher = try PasswordHasher(cost: PasswordCost(roundsLog2: 4))
        let longest = String(repeating: "x", count: PasswordHasher.passwordBytesMax)
        let stored = try await hasher.hash(longest)
        #expect(try await hasher.matches(longest, stored: stored))
        #expect(try await !hasher.matches(longest + "x", stored: stored))
        await #expect(throws: DomainError.self) { try await hasher.hash(longest + "x") }
        await #expect(throws: DomainError.self) { try await hasher.hash("") }
    }

    /// Unknown users must cost what known ones cost, and be refused with the same words.
    @Test(arguments: ["nobody", "somebody", "disabled", "passwordless"])
    func everyFailureCostsAndSaysTheSame(_ name: String) async throws {
        let bed = try await IdentityTestbed()
        _ = try await bed.login("somebody")
        _ = try await bed.users.create(
            UserDraft(name: "disabled", password: "right", defaultProjectID: nil, enabled: false))
        _ = try await bed.users.create(
            UserDraft(
                name: "passwordless", password: nil, defaultProjectID: nil, enabled: true))
        let before = bed.hasher.derivationCount
        let guess = name == "disabled" ? "right" : ""
        do {
            _ = try await bed.tokens.issue(
                .password(user: .name(name), guess), scope: .unspecified)
            Issue.record("a token was issued")
        } catch DomainError.unauthenticated(let message) {
            #expect(message == "The request you have made requires authentication.")
        }
        #expect(bed.hasher.derivationCount == before + 1)
    }
}
