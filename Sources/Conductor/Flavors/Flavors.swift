import ComputeModel
import ControlPlaneState
import Persistence

/// Flavors: who may see and use them, and how they are made.
public struct Flavors: Sendable {
    private let context: ConductorContext

    /// The flavors in `context`'s documents.
    public init(_ context: ConductorContext) {
        self.context = context
    }

    /// Those that the caller may use, ordered by id. `isPublic` nil gives administrators all.
    public func list(_ caller: Caller, isPublic: Bool?) throws -> [Flavor] {
        try context.documents.list(Flavor.self).map(\.value).filter { flavor in
            if let isPublic, caller.isAdmin { return flavor.isPublic == isPublic }
            return maySee(flavor, caller)
        }
    }

    /// One flavor. Throws `notFound` also for those the caller may not use.
    public func show(_ id: FlavorID, _ caller: Caller) throws -> Flavor {
        guard
            let flavor = try context.documents.get(
                Flavor.self, DocumentKey.escaped(id.text))?.value,
            maySee(flavor, caller)
        else {
            throw DomainError.notFound(.flavor, id.text)
        }
        return flavor
    }

    /// Stores a new flavor. Throws `conflict(.nameTaken)` when its id or name is in use.
    public func create(_ flavor: Flavor) async throws {
        do {
            try await context.documents.transact { transaction in
                try transaction.insert(flavor)
                try transaction.insert(name(of: flavor))
            }
        } catch StoreError.conflict {
            let sameID = try context.documents.get(Flavor.self, flavor.documentKey) != nil
            throw DomainError.conflict(
                .flavor, .nameTaken,
                sameID
                    ? "Flavor with ID \(flavor.id) already exists."
                    : "Flavor with name \(flavor.name) already exists.")
        }
    }

    /// Changes what may be changed of a flavor: description, extra specs, access.
    public func update(
        _ id: FlavorID, _ change: (inout Flavor) throws -> Void
    ) async throws -> Flavor {
        let key = DocumentKey.escaped(id.text)
        guard try context.documents.get(Flavor.self, key) != nil else {
            throw DomainError.notFound(.flavor, id.text)
        }
        return try await context.documents.mutate(Flavor.self, key, change).value
    }

    /// Adds or replaces extra specs. Throws `invalid` for those that no server could be made with,
    /// as far as they can be judged alone.
    public func setExtraSpecs(
        _ id: FlavorID, _ specs: [String: String]
    ) async throws -> Flavor {
        try await update(id) { flavor in
            flavor.extraSpecs.merge(specs) { $1 }
            try FlavorWishes.checkSet(
                specs, of: flavor, aliases: context.settings.deviceAliases)
        }
    }

    /// Removes a flavor; instances made with it keep their own copy.
    public func delete(_ id: FlavorID) async throws {
        let key = DocumentKey.escaped(id.text)
        try await context.retryingConflicts(.flavor) {
            guard let flavor = try context.documents.get(Flavor.self, key) else {
                throw DomainError.notFound(.flavor, id.text)
            }
            let reservation = try context.documents.get(
                Reservation.self, name(of: flavor.value).documentKey)
            try await context.documents.transact { transaction in
                try transaction.delete(flavor)
                if let reservation { try transaction.delete(reservation) }
            }
        }
    }

    private func name(of flavor: Flavor) -> Reservation {
        Reservation(
            kind: "flavor-name", scope: "all", value: flavor.name, holder: flavor.id.text)
    }

    private func maySee(_ flavor: Flavor, _ caller: Caller) -> Bool {
        flavor.isPublic || caller.isAdmin || flavor.accessProjects.contains(caller.projectID)
    }
}
