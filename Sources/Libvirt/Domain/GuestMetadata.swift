public import Foundation

/// What Millrace writes into a domain so that an agent finds its own guests again, with or
/// without its local record.
public struct GuestMetadata: Sendable, Equatable {
    /// The namespace of the metadata element. Part of stored domains: it never changes.
    public static let namespace = "urn:millrace:guest:1"

    /// The instance that the domain carries out.
    public var instanceID: UUID
    /// The generation of the assignment from which the domain was defined.
    public var generation: Int

    /// Marks a domain as `instanceID`'s, defined from assignment `generation`.
    public init(instanceID: UUID, generation: Int) {
        self.instanceID = instanceID
        self.generation = generation
    }

    /// The element for `<metadata>`.
    func element() -> XMLNode {
        XMLNode(
            "millrace:guest",
            [
                "xmlns:millrace": Self.namespace,
                "instance": instanceID.lowercaseString,
                "generation": String(generation),
            ])
    }

    /// Reads it from a `<domain>`; nil if the domain isn't Millrace's.
    ///
    /// The element is known by its namespace, whatever prefix it was given.
    init?(domain: XMLNode) {
        guard let metadata = domain.first("metadata") else { return nil }
        let own = metadata.children.first { node in
            let parts = node.name.split(separator: ":", maxSplits: 1)
            guard parts.last == "guest" else { return false }
            let declaration = parts.count == 2 ? "xmlns:\(parts[0])" : "xmlns"
            let scopes = [node, metadata, domain]
            return scopes.lazy.compactMap { $0[declaration] }.first == Self.namespace
        }
        guard let own, let instance = own["instance"].flatMap(UUID.init(uuidString:)),
            let generation = own["generation"].flatMap({ Int($0) })
        else { return nil }
        self.init(instanceID: instance, generation: generation)
    }
}
