import ComputeModel
import Foundation
import Persistence
import Testing

@testable import Identity

/// Users, projects and roles.
@Suite struct IdentityDirectoryTests {
    @Test func namesAreUniqueAndFreedByRenameAndDeletion() async throws {
        let bed = try await IdentityTestbed()
        let first = try await bed.projects.create(name: "a", description: "", enabled: true)
        await #expect(throws: DomainError.self) {
            try await bed.projects.create(name: "a", description: "", enabled: true)
        }
        _ = try await bed.projects.update(first.id, name: "b", description: nil, enabled: nil)
        let second = try await bed.projects.create(name: "a", description: "", enabled: true)
        await #expect(throws: DomainError.self) {
            try await bed.projects.update(second.id, name: "b", description: nil, enabled: nil)
        }
        try await bed.projects.delete(first.id)
        _ = try await bed.projects.update(second.id, name: "b", description: nil, enabled: nil)
        #expect(try bed.context.documents.project(named: "b")?.id == second.id)
        #expect(try bed.context.documents.project(named: "a") == nil)
    }

    @Test func onlyOneOfManyGetsTheName() async throws {
        let bed = try await IdentityTestbed()
        let made = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        _ = try await bed.users.create(
                            UserDraft(
                                name: "same", password: nil, defaultProjectID: nil,
                                enabled: true))
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 1)
        #expect(try bed.users.list().count == 1)
    }

    @Test func nameTooLongForTheStoreIsRefusedByName() async throws {
        let bed = try await IdentityTestbed()
        let name = String(repeating: "ü", count: Users.nameLengthMax)
        do {
            _ = try await bed.users.create(
                UserDraft(name: name, password: nil, defaultProjectID: nil, enabled: true))
            Issue.record("the user was made")
        } catch DomainError.invalid(_, let field, _) {
            #expect(field == "name")
        }
    }

    @Test(arguments: ["", "   ", String(repeating: "x", count: 65)])
    func badProjectNamesAreRefused(_ name: String) async throws {
        let bed = try await IdentityTestbed()
        await #expect(throws: DomainError.self) {
            try await bed.projects.create(name: name, description: "", enabled: true)
        }
    }

    @Test(arguments: ["über", "a/b", "a b", "%", String(repeating: "ü", count: 64)])
    func anyTextIsAName(_ name: String) async throws {
        let bed = try await IdentityTestbed()
        let made = try await bed.projects.create(name: name, description: "", enabled: true)
        #expect(try bed.context.documents.project(named: name)?.id == made.id)
    }

    @Test func projectWithServersOrPortsStays() async throws {
        let bed = try await IdentityTestbed()
        let project = try await bed.projects.create(name: "p", description: "", enabled: true)
        let network = Network(
            id: NetworkID("n"), projectID: project.id, name: "n", networkType: .vlan,
            physicalNetwork: "physnet1", segmentationID: 100, mtuBytes: 1_500,
            createdAt: bed.clock.now)
        try await bed.context.documents.transact { try $0.insert(network) }
        await #expect(throws: DomainError.self) { try await bed.projects.delete(project.id) }
        #expect(try bed.context.documents.project(project.id) != nil)
    }

    @Test func othersProjectsAreUnknownToMembers() async throws {
        let bed = try await IdentityTestbed()
        let (_, mine, token) = try await bed.login("me")
        let (_, other, _) = try await bed.login("other")
        let caller = try await bed.tokens.check(token).caller(APIRequestID("req-1"))
        #expect(try bed.projects.list(caller).map(\.id) == [mine.id])
        #expect(throws: DomainError.self) { try bed.projects.show(other.id, caller) }
        var admin = caller
        admin.role = .admin
        #expect(try bed.projects.list(admin).count == 2)
    }

    @Test func rolesAreGivenAndTaken() async throws {
        let bed = try await IdentityTestbed()
        let (user, project, _) = try await bed.login("me", role: .member)
        try await bed.users.assign(.reader, to: user.id, in: project.id)
        try await bed.users.assign(.reader, to: user.id, in: project.id)
        #expect(try bed.users.assignments().map(\.role) == [.reader, .member])
        try await bed.users.unassign(.reader, from: user.id, in: project.id)
        await #expect(throws: DomainError.self) {
            try await bed.users.unassign(.reader, from: user.id, in: project.id)
        }
        await #expect(throws: DomainError.self) {
            try await bed.users.assign(.reader, to: user.id, in: ProjectID("none"))
        }
        await #expect(throws: DomainError.self) {
            try await bed.users.assign(.reader, to: UserID("none"), in: project.id)
        }
    }

    @Test func ownPasswordNeedsTheOldOne() async throws {
        let bed = try await IdentityTestbed()
        let (user, _, _) = try await bed.login("me")
        await #expect(throws: DomainError.self) {
            try await bed.users.changePassword(user.id, original: "wrong", new: "new")
        }
        await #expect(throws: DomainError.self) {
            try await bed.users.changePassword(UserID("none"), original: "", new: "new")
        }
        try await bed.users.changePassword(user.id, original: "secret", new: "new")
        bed.clock.advance(seconds: 1)
        _ = try await bed.tokens.issue(.password(user: .name("me"), "new"), scope: .unscoped)
    }
}
