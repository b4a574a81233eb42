import ComputeModel
import Foundation
import Persistence
import Testing

@testable import Identity

@Suite struct IdentityBootstrapTests {
    private static func temporaryDirectory() throws -> URL {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("bootstrap-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }

    private static func password(in file: URL) throws -> String {
        let text = try String(contentsOf: file, encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.contains("password:") })
        return String(line.split(separator: "\"")[1])
    }

    @Test func firstStartMakesAnAdministratorAndTheSecondKeepsIt() async throws {
        let bed = try await IdentityTestbed()
        let directory = try Self.temporaryDirectory()
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
        let bootstrap = Bootstrap(tokens: bed.tokens, stateDirectory: directory)
        let file = directory.appendingPathComponent("clouds.yaml")
        let made = try await bootstrap.run(authURL: "http://h:1/identity/v3")
        #expect(made == .created(cloudsFile: file))
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).count == 1)

        let first = try Data(contentsOf: file)
        let again = try await bootstrap.run(authURL: "http://h:1/identity/v3")
        #expect(again == .kept(cloudsFile: file))
        #expect(try Data(contentsOf: file) == first)
        #expect(try bed.users.list().count == 1)

        let password = try Self.password(in: file)
        #expect(password.utf8.count == 32)
        let issued = try await bed.tokens.issue(
            .password(user: .name("admin"), password), scope: .projectName("admin"))
        #expect(issued.grant.roles.last == .admin)
        let stored = try bed.users.list()[0].passwordHash
        #expect(!stored.contains(password))
    }

    @Test func anotherAddressChangesOnlyThat() async throws {
        let bed = try await IdentityTestbed()
        let directory = try Self.temporaryDirectory()
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
        let bootstrap = Bootstrap(tokens: bed.tokens, stateDirectory: directory)
        _ = try await bootstrap.run(authURL: "http://old:1/identity/v3")
        let file = directory.appendingPathComponent("clouds.yaml")
        let edited =
            try String(contentsOf: file, encoding: .utf8)
            + "  mine:\n    auth:\n      auth_url: \"http://elsewhere\"\n"
        try edited.write(to: file, atomically: false, encoding: .utf8)
        let outcome = try await bootstrap.run(authURL: "https://new:2/identity/v3")
        #expect(outcome == .addressChanged(cloudsFile: file))
        let expected = edited.replacing("http://old:1", with: "https://new:2")
        #expect(try String(contentsOf: file, encoding: .utf8) == expected)
    }

    @Test func lostFileIsToldAndResetMakesANewPassword() async throws {
        let bed = try await IdentityTestbed()
        let directory = try Self.temporaryDirectory()
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
        let bootstrap = Bootstrap(tokens: bed.tokens, stateDirectory: directory)
        let file = directory.appendingPathComponent("clouds.yaml")
        _ = try await bootstrap.run(authURL: "http://h/identity/v3")
        let old = try Self.password(in: file)
        let token = try await bed.tokens.issue(
            .password(user: .name("admin"), old), scope: .unspecified
        ).text
        try FileManager.default.removeItem(at: file)
        let outcome = try await bootstrap.run(authURL: "http://h/identity/v3")
        #expect(outcome == .credentialsLost(cloudsFile: file))

        #expect(try await bootstrap.resetAdminPassword(authURL: "http://h/identity/v3") == file)
        let new = try Self.password(in: file)
        #expect(new != old)
        #expect(try await !bed.isAccepted(token))
        bed.clock.advance(seconds: 1)
        _ = try await bed.tokens.issue(.password(user: .name("admin"), new), scope: .unspecified)
        #expect(try bed.users.list().count == 1)
    }

    @Test func resetBringsBackWhatWasDeletedOrDisabled() async throws {
        let bed = try await IdentityTestbed()
        let directory = try Self.temporaryDirectory()
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
        let bootstrap = Bootstrap(tokens: bed.tokens, stateDirectory: directory)
        let file = directory.appendingPathComponent("clouds.yaml")
        _ = try await bootstrap.run(authURL: "http://h/identity/v3")
        try await bed.users.delete(try bed.users.list()[0].id)
        let project = try #require(try bed.context.documents.project(named: "admin"))
        _ = try await bed.projects.update(
            project.id, name: nil, description: nil, enabled: false)
        _ = try await bootstrap.resetAdminPassword(authURL: "http://h/identity/v3")
        bed.clock.advance(seconds: 1)
        let issued = try await bed.tokens.issue(
            .password(user: .name("admin"), try Self.password(in: file)),
            scope: .projectID(project.id))
        #expect(issued.grant.roles.last == .admin)
    }

    @Test func unwritableDirectoryLeavesTheStoreEmpty() async throws {
        let bed = try await IdentityTestbed()
        let bootstrap = Bootstrap(
            tokens: bed.tokens, stateDirectory: URL(fileURLWithPath: "/nonexistent"))
        await #expect(throws: DomainError.self) {
            try await bootstrap.run(authURL: "http://h/identity/v3")
        }
        #expect(try bed.users.list().isEmpty)
    }
}
