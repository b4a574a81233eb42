import ComputeModel
import ControlPlaneState
import Foundation
import Persistence

/// Projects: made, changed and deleted by administrators.
public struct Projects: Sendable {
    /// Longest name in characters.
    public static let nameLengthMax = 64
    /// Longest name as part of a document's key, in bytes.
    static let nameKeyBytesMax = 448
    let context: IdentityContext

    /// The projects in `context`'s store.
    public init(context: IdentityContext) {
        self.context = context
    }

    /// All projects that `caller` may know: those with a role of theirs, all for administrators.
    public func list(_ caller: Caller) throws -> [Project] {
        let all = try context.documents.list(Project.self).map(\.value)
        if caller.isAdmin { return all }
        let roles = try context.documents.user(caller.userID)?.roles ?? [:]
        return all.filter { roles[$0.id.text]?.isEmpty == false }
    }

    /// The enabled projects in which `user` has a role: those they can have a token for.
    public func list(with user: User) throws -> [Project] {
        try context.documents.list(Project.self).map(\.value).filter {
            $0.enabled && user.roles[$0.id.text]?.isEmpty == false
        }
    }

    /// The project; throws `notFound` also when `caller` may not know it.
    public func show(_ id: ProjectID, _ caller: Caller) throws -> Project {
        guard let found = try list(caller).first(where: { $0.id == id }) else {
            throw DomainError.notFound(.project, id.text)
        }
        return found
    }

    /// Makes a project. Throws `conflict(_, .nameTaken, _)`.
    public func create(name: String, description: String, enabled: Bool) async throws -> Project {
        var project = Project(
            id: ProjectID(context.makeHexID()), name: try Self.checkedName(name, .project),
            description: description, createdAt: context.now())
        project.enabled = enabled
        let made = project
        try await context.retryingConflicts(.project) {
            try context.documents.checkNameIsFree(.project, name, kind: Reservation.projectName)
            try await context.documents.transact { transaction in
                try transaction.insert(made)
                try transaction.insert(made.reservation)
            }
        }
        return made
    }

    /// Changes what is not nil.
    public func update(
        _ id: ProjectID, name: String?, description: String?, enabled: Bool?
    ) async throws -> Project {
        try await context.retryingConflicts(.project) {
            guard let current = try context.documents.get(Project.self, id.text) else {
                throw DomainError.notFound(.project, id.text)
            }
            var project = current.value
            if let name { project.name = try Self.checkedName(name, .project) }
            if let description { project.description = description }
            if let enabled { project.enabled = enabled }
            let changed = project
            if changed.name != current.value.name {
                try context.documents.checkNameIsFree(
                    .project, changed.name, kind: Reservation.projectName)
            }
            try await context.documents.transact { transaction in
                try transaction.update(current, to: changed)
                guard changed.name != current.value.name else { return }
                try transaction.insert(changed.reservation)
                try transaction.release(current.value.reservation, context.documents)
            }
            return changed
        }
    }

    /// Deletes a project that owns nothing. Throws `conflict(_, .state, _)` when it has servers,
    /// ports or networks: they would be nobody's.
    public func delete(_ id: ProjectID) async throws {
        try await context.retryingConflicts(.project) {
            let snapshot = context.documents.snapshot()
            guard let current = try snapshot.get(Project.self, id.text) else {
                throw DomainError.notFound(.project, id.text)
            }
            let servers = try snapshot.list(Instance.self).count { $0.value.projectID == id }
            let ports = try snapshot.list(NetworkPort.self).count { $0.value.projectID == id }
            let networks = try snapshot.list(Network.self).count { $0.value.projectID == id }
            guard servers + ports + networks == 0 else {
                throw DomainError.conflict(
                    .project, .state,
                    "Project \(id) still has \(servers) servers, \(ports) ports and"
                        + " \(networks) networks: delete them first.")
            }
            try await context.documents.transact { transaction in
                try transaction.delete(current)
                try transaction.release(current.value.reservation, context.documents)
            }
        }
    }

    /// `name`, if it may be one.
    static func checkedName(_ name: String, _ noun: Noun) throws(DomainError) -> String {
        let text = name.trimmingCharacters(in: .whitespaces)
        let max = noun == .project ? nameLengthMax : Users.nameLengthMax
        let keyBytes = DocumentKey.escaped(text).utf8.count
        guard !text.isEmpty, text.count <= max, keyBytes <= nameKeyBytesMax else {
            throw .invalid(
                noun, field: "name",
                "Invalid input for field 'name': a \(noun.rawValue)'s name has 1 to \(max)"
                    + " characters, fewer if they aren't plain letters and digits.")
        }
        return text
    }
}

extension Reservation {
    static let projectName = "project-name"
    static let userName = "user-name"
    /// Scope of names that are unique everywhere.
    static let everywhere = "all"
}

extension Project {
    /// What makes its name unique.
    var reservation: Reservation {
        Reservation(
            kind: Reservation.projectName, scope: Reservation.everywhere, value: name,
            holder: id.text)
    }
}

extension User {
    /// What makes its name unique.
    var reservation: Reservation {
        Reservation(
            kind: Reservation.userName, scope: Reservation.everywhere, value: name,
            holder: id.text)
    }
}

extension DocumentStore {
    /// The project with this id.
    public func project(_ id: ProjectID) throws -> Project? {
        try get(Project.self, DocumentKey.escaped(id.text))?.value
    }

    /// The project with this name.
    public func project(named name: String) throws -> Project? {
        try holder(of: name, kind: Reservation.projectName).flatMap { try project(ProjectID($0)) }
    }

    /// The user with this id.
    public func user(_ id: UserID) throws -> User? {
        try get(User.self, DocumentKey.escaped(id.text))?.value
    }

    /// The user with this name.
    public func user(named name: String) throws -> User? {
        try holder(of: name, kind: Reservation.userName).flatMap { try user(UserID($0)) }
    }

    func checkNameIsFree(_ noun: Noun, _ name: String, kind: String) throws {
        guard try holder(of: name, kind: kind) == nil else {
            throw DomainError.conflict(
                noun, .nameTaken,
                "Conflict occurred attempting to store \(noun.rawValue) - Duplicate entry found"
                    + " with name \(name) at domain ID default.")
        }
    }

    private func holder(of name: String, kind: String) throws -> String? {
        let key = Reservation.key(kind: kind, scope: Reservation.everywhere, value: name)
        // A name too long for a key belongs to nobody.
        guard key.utf8.count < StoreLimits.keyBytes - Reservation.collection.utf8.count else {
            return nil
        }
        return try get(Reservation.self, key)?.value.holder
    }
}

extension DocumentTransaction {
    /// Deletes a reservation, if it is there.
    mutating func release(_ reservation: Reservation, _ documents: DocumentStore) throws {
        if let current = try documents.get(Reservation.self, reservation.documentKey) {
            try delete(current)
        }
    }
}
