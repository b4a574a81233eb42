import ComputeModel
import Crypto
import Foundation
import Persistence
import Testing

@testable import Identity

@Suite struct IdentityTokenTests {
    @Test func tokenGrantsWhatWasAsked() async throws {
        let bed = try await IdentityTestbed()
        let (user, project, token) = try await bed.login("demo", role: .member)
        let grant = try await bed.tokens.check(token)
        #expect(grant.user.id == user.id)
        #expect(grant.project?.id == project.id)
        #expect(grant.roles == [.reader, .member])
        #expect(grant.methods == ["password"])
        #expect(grant.auditIDs.count == 1)
        #expect(grant.expiresAt == grant.issuedAt.addingTimeInterval(12 * 3_600))
        let caller = try grant.caller(APIRequestID("req-1"))
        #expect(caller.role == .member)
        #expect(caller.projectName == "demo")
    }

    @Test func endsOnTime() async throws {
        let bed = try await IdentityTestbed()
        let (_, _, token) = try await bed.login("demo")
        bed.clock.advance(seconds: 12 * 3_600 - 1)
        #expect(try await bed.isAccepted(token))
        bed.clock.advance(seconds: 1)
        #expect(try await !bed.isAccepted(token))
    }

    enum Forgery: CaseIterable {
        case empty, noParts, unsigned, algorithmNone, symmetric, unknownKey, otherKeysSignature
        case changedRole, changedSignature, trailingPart, tooLong
    }

    @Test(arguments: Forgery.allCases, [false, true])
    func forgeriesAreRefused(_ forgery: Forgery, originalIsCached: Bool) async throws {
        let bed = try await IdentityTestbed()
        let (_, _, token) = try await bed.login("demo", role: .reader)
        if originalIsCached { #expect(try await bed.isAccepted(token)) }
        let forged = try Self.forge(token, forgery)
        #expect(try await !bed.isAccepted(forged))
        #expect(try await bed.isAccepted(token))
    }

    private static func forge(_ token: String, _ forgery: Forgery) throws -> String {
        let parts = token.split(separator: ".").map { String($0) }
        let header = try #require(
            JSONSerialization.jsonObject(with: decoded(parts[0])) as? [String: Any])
        func with(_ changes: [String: String]) throws -> String {
            encoded(
                try JSONSerialization.data(withJSONObject: header.merging(changes) { $1 }))
        }
        switch forgery {
        case .empty: return ""
        case .noParts: return "gAAAAABnotajwt"
        case .unsigned: return parts[0] + "." + parts[1] + "."
        case .algorithmNone: return try with(["alg": "none"]) + "." + parts[1] + "."
        case .symmetric:
            let input = try with(["alg": "HS256"]) + "." + parts[1]
            let key = SymmetricKey(data: Data((header["kid"] as? String ?? "").utf8))
            let code = HMAC<SHA256>.authenticationCode(for: Data(input.utf8), using: key)
            return input + "." + encoded(Data(code))
        case .unknownKey:
            return try [with(["kid": "0123"]), parts[1], parts[2]].joined(separator: ".")
        case .otherKeysSignature:
            let input = parts[0] + "." + parts[1]
            let signature = try P256.Signing.PrivateKey().signature(for: Data(input.utf8))
            return input + "." + encoded(signature.rawRepresentation)
        case .changedRole:
            let payload = String(decoding: decoded(parts[1]), as: UTF8.self)
                .replacing("reader", with: "admin")
            return [parts[0], encoded(Data(payload.utf8)), parts[2]].joined(separator: ".")
        case .changedSignature:
            let first = parts[2].first == "A" ? "B" : "A"
            return parts[0] + "." + parts[1] + "." + first + parts[2].dropFirst()
        case .trailingPart: return token + ".e30"
        case .tooLong: return token + String(repeating: "A", count: Tokens.textBytesMax)
        }
    }

    private static func decoded(_ text: String) -> Data {
        var base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        return Data(base64Encoded: base64) ?? Data()
    }

    private static func encoded(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    enum Withdrawal: CaseIterable {
        case revoked, passwordChanged, userDisabled, userDeleted, roleTaken, projectDisabled
        case projectDeleted, keyRemoved
    }

    @Test(arguments: Withdrawal.allCases)
    func whatIsTakenAwayEndsAtOnce(_ withdrawal: Withdrawal) async throws {
        let bed = try await IdentityTestbed()
        let (user, project, token) = try await bed.login("demo")
        let (_, _, other) = try await bed.login("other")
        #expect(try await bed.isAccepted(token))
        var change = UserChange()
        switch withdrawal {
        case .revoked: try await bed.tokens.revoke(token)
        case .passwordChanged:
            try await bed.users.changePassword(user.id, original: "secret", new: "new")
        case .userDisabled:
            change.enabled = false
            _ = try await bed.users.update(user.id, change)
        case .userDeleted: try await bed.users.delete(user.id)
        case .roleTaken: try await bed.users.unassign(.member, from: user.id, in: project.id)
        case .projectDisabled:
            _ = try await bed.projects.update(
                project.id, name: nil, description: nil, enabled: false)
        case .projectDeleted: try await bed.projects.delete(project.id)
        case .keyRemoved:
            let keys = try bed.context.documents.list(SigningKey.self)
            try await bed.context.documents.transact { transaction in
                for key in keys { try transaction.delete(key) }
            }
        }
        #expect(try await !bed.isAccepted(token))
        #expect(try await bed.isAccepted(other) == (withdrawal != .keyRemoved))
    }

    @Test func newTokenCountsAfterPasswordChange() async throws {
        let bed = try await IdentityTestbed()
        let (user, _, _) = try await bed.login("demo")
        try await bed.users.changePassword(user.id, original: "secret", new: "new")
        bed.clock.advance(seconds: 0.001)
        let issued = try await bed.tokens.issue(
            .password(user: .id(user.id), "new"), scope: .unspecified)
        #expect(try await bed.isAccepted(issued.text))
        await #expect(throws: DomainError.self) {
            try await bed.tokens.issue(
                .password(user: .id(user.id), "secret"), scope: .unspecified)
        }
    }

    @Test func weakerRoleCountsInOldTokensAndStrongerDoesNot() async throws {
        let bed = try await IdentityTestbed()
        let (user, project, token) = try await bed.login("demo", role: .member)
        try await bed.users.assign(.admin, to: user.id, in: project.id)
        #expect(try await bed.tokens.check(token).roles.last == .member)
        try await bed.users.assign(.reader, to: user.id, in: project.id)
        try await bed.users.unassign(.admin, from: user.id, in: project.id)
        try await bed.users.unassign(.member, from: user.id, in: project.id)
        #expect(try await bed.tokens.check(token).roles == [.reader])
    }

    @Test func scopesAreCheckedAgainstRoles() async throws {
        let bed = try await IdentityTestbed()
        let (user, project, _) = try await bed.login("demo")
        let (_, foreign, _) = try await bed.login("other")
        let credential = Credential.password(user: .id(user.id), "secret")
        for scope in [TokenScope.projectID(project.id), .projectName("demo"), .unspecified] {
            let issued = try await bed.tokens.issue(credential, scope: scope)
            #expect(issued.grant.project?.id == project.id)
        }
        let unscoped = try await bed.tokens.issue(credential, scope: .unscoped)
        #expect(unscoped.grant.project == nil)
        #expect(throws: DomainError.self) { try unscoped.grant.caller(APIRequestID("req-1")) }
        let refused: [TokenScope] = [
            .projectID(foreign.id), .projectName("other"), .projectName("none"), .unknown,
        ]
        for scope in refused {
            await #expect(throws: DomainError.self) {
                try await bed.tokens.issue(credential, scope: scope)
            }
        }
    }

    @Test func tokenFromTokenEndsWithIt() async throws {
        let bed = try await IdentityTestbed()
        let (_, project, token) = try await bed.login("demo")
        bed.clock.advance(seconds: 3_600)
        let issued = try await bed.tokens.issue(
            .token(token), scope: .projectID(project.id))
        #expect(issued.grant.methods == ["token", "password"])
        #expect(issued.grant.auditIDs.count == 2)
        let original = try await bed.tokens.check(token)
        #expect(issued.grant.expiresAt == original.expiresAt)
        try await bed.tokens.revoke(token)
        #expect(try await !bed.isAccepted(token))
        #expect(try await bed.isAccepted(issued.text))
    }

    @Test func keysRotateAndThePreviousStillVerifies() async throws {
        let bed = try await IdentityTestbed()
        let (user, _, first) = try await bed.login("demo")
        let interval = bed.tokens.keys.rotationInterval
        bed.clock.advance(seconds: interval - 3_600)
        let late = try await bed.tokens.issue(
            .password(user: .id(user.id), "secret"), scope: .unspecified)
        bed.clock.advance(seconds: 7_200)
        let next = try await bed.tokens.issue(
            .password(user: .id(user.id), "secret"), scope: .unspecified)
        #expect(try bed.context.documents.list(SigningKey.self).count == 2)
        #expect(late.text.split(separator: ".").first != next.text.split(separator: ".").first)
        #expect(try await bed.isAccepted(late.text))
        #expect(try await !bed.isAccepted(first))
        for _ in 0..<3 {
            bed.clock.advance(seconds: interval + 1)
            _ = try await bed.tokens.issue(
                .password(user: .id(user.id), "secret"), scope: .unspecified)
        }
        #expect(
            try bed.context.documents.list(SigningKey.self).count == TokenKeys.keysKept)
    }

    @Test func revocationsAreBoundedAndErrOnTheSafeSide() async throws {
        let bed = try await IdentityTestbed()
        let (user, project, first) = try await bed.login("demo")
        let bystander = try await bed.tokens.issue(
            .token(first), scope: .projectID(project.id)
        ).text
        for _ in 0...TokenRevocations.entriesMax {
            let issued = try await bed.tokens.issue(
                .token(first), scope: .projectID(project.id))
            try await bed.tokens.revoke(issued.text)
        }
        let kept = try bed.context.documents.require(TokenRevocations.self, user.id.text).value
        #expect(kept.auditIDs.count <= TokenRevocations.entriesMax)
        #expect(try await !bed.isAccepted(bystander))
    }

    @Test func cacheIsBounded() {
        let cache = TokenCache(entriesMax: 10)
        let claims = TokenClaims(
            userID: "u", projectID: nil, role: nil, methods: [], auditIDs: [], issuedAt: 0,
            expiresAt: 0)
        let kept = TokenCache.digest("kept")
        cache.insert(kept, .init(claims: claims, keyID: "k"))
        for index in 0..<100 {
            cache.insert(TokenCache.digest("\(index)"), .init(claims: claims, keyID: "k"))
            #expect(cache.entry(kept) != nil)
            #expect(cache.count <= 10)
        }
        #expect(cache.entry(TokenCache.digest("0")) == nil)
    }
}
