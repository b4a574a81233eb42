import ComputeModel
import Persistence

/// What the network nouns reserve, so that uniqueness is checked by the store itself.
extension Reservation {
    /// An address of a subnet, held by a port.
    static func address(_ ip: FixedIP, of port: PortID) -> Reservation {
        Reservation(
            kind: "ip", scope: ip.subnetID.text, value: ip.address, holder: port.text)
    }

    /// A MAC within a network, held by a port.
    static func mac(_ mac: String, on network: NetworkID, of port: PortID) -> Reservation {
        Reservation(kind: "mac", scope: network.text, value: mac, holder: port.text)
    }

    /// A VLAN id (or `untagged`, for flat networks) of a physical network.
    static func segment(
        _ physicalNetwork: String, _ id: Int?, of network: NetworkID
    ) -> Reservation {
        Reservation(
            kind: "segment", scope: physicalNetwork, value: id.map(String.init) ?? "untagged",
            holder: network.text)
    }

    /// The one default security group of a project.
    static func defaultGroup(of project: ProjectID, _ group: SecurityGroupID) -> Reservation {
        Reservation(
            kind: "default-security-group", scope: "all", value: project.text,
            holder: group.text)
    }

    /// Key of the mark on an object that is about to be deleted and takes no new users.
    static func closingKey(_ noun: Noun, _ id: String) -> String {
        key(kind: "closing", scope: noun.rawValue, value: id)
    }

    /// Prefix of the keys of everything of `kind` reserved in `scope`.
    static func prefix(kind: String, scope: String) -> String {
        "\(kind)/\(DocumentKey.escaped(scope))/"
    }
}

extension DocumentTransaction {
    /// Gives up `reservation` if it is there.
    mutating func release(
        _ reservation: Reservation, seenIn snapshot: DocumentSnapshot
    ) throws(StoreError) {
        guard let current = try snapshot.get(Reservation.self, reservation.documentKey) else {
            return
        }
        try delete(current)
    }
}

/// Bounds of the network nouns that are no setting.
public enum NetworkLimits {
    /// Objects one bulk request may make: a transaction holds a bounded number of documents.
    public static let bulkMax = 32
    /// Addresses of one port.
    public static let addressesPerPortMax = 16
    /// Security groups of one port.
    public static let groupsPerPortMax = 32
    /// Subnets of one network: all go with it in one transaction.
    public static let subnetsPerNetworkMax = 100
    /// Rules of one security group.
    public static let rulesPerGroupMax = 100
    /// Security groups of one project.
    public static let groupsPerProjectMax = 1_000
    /// Tags of one object.
    public static let tagsMax = 50
    /// Characters of one tag.
    public static let tagLengthMax = 255
    /// Longest `binding:profile` in bytes of JSON, as Neutron's.
    public static let profileBytesMax = 4_095
    /// How many free addresses (or VLAN ids) chance chooses among.
    static let choiceWindow = 64
    /// Attempts to find a random MAC that is free.
    static let macAttemptsMax = 16
    /// Bytes an Ethernet network carries unless it says otherwise.
    static let defaultMTUBytes = 1_500
}

extension ConductorContext {
    /// Builds and commits one transaction; on a conflict, again on newer documents.
    ///
    /// After a conflict it waits until reads show what the winner wrote: a transaction of nothing
    /// but a condition is a read barrier. Without it all attempts could look at the same old
    /// documents.
    func changing<Result: Sendable>(
        _ noun: Noun,
        _ build: (DocumentSnapshot, inout DocumentTransaction) throws -> Result
    ) async throws -> Result {
        try await retryingConflicts(noun) {
            var transaction = documents.makeTransaction()
            let result = try build(documents.snapshot(), &transaction)
            do {
                try await documents.commit(transaction)
            } catch StoreError.conflict(let failed) {
                var barrier = documents.makeTransaction()
                try barrier.requireAbsent(Reservation.self, "read-barrier/all/all")
                try await documents.commit(barrier)
                throw StoreError.conflict(failed: failed)
            }
            return result
        }
    }

    /// Eight random bytes.
    func chance() -> UInt64 {
        let bytes = makeUUID().uuid
        return [bytes.8, bytes.9, bytes.10, bytes.11, bytes.12, bytes.13, bytes.14, bytes.15]
            .reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Deletes an object that others may use, after a check that nobody does.
    ///
    /// The object is first marked as closing, and whatever begins to use an object requires in its
    /// transaction that there is no such mark: so nobody comes between the check and the deletion.
    /// A crash in between leaves the mark; repeating the request, or `reopenNetworkObjects`, ends
    /// that.
    func deleteUnused(
        _ noun: Noun, _ id: String,
        refuseIfUsed: (DocumentSnapshot) throws -> Void,
        delete: (DocumentSnapshot, inout DocumentTransaction) throws -> Void
    ) async throws {
        let mark = Reservation(
            kind: "closing", scope: noun.rawValue, value: id, holder: makeHexID())
        try await documents.transact { try $0.put(mark) }
        do {
            try refuseIfUsed(documents.snapshot())
            try await changing(noun) { snapshot, transaction in
                let own = try snapshot.get(Reservation.self, mark.documentKey)
                guard let own, own.value.holder == mark.holder else {
                    throw DomainError.conflict(
                        noun, .changed,
                        "The \(noun.rawValue) \(id) is being deleted by another request.")
                }
                try delete(snapshot, &transaction)
                try transaction.delete(own)
            }
        } catch {
            // In a task of its own: it must be done also when the request was cancelled.
            try await Task { try await reopen(mark) }.value
            throw error
        }
    }

    private func reopen(_ mark: Reservation) async throws {
        try await changing(.request) { snapshot, transaction in
            let found = try snapshot.get(Reservation.self, mark.documentKey)
            if let found, found.value.holder == mark.holder { try transaction.delete(found) }
        }
    }

    /// Opens what a crash left closed. For the start of the process, before requests come.
    public func reopenNetworkObjects() async throws {
        for closing in try documents.list(Reservation.self, prefix: "closing/") {
            try await documents.transact { try $0.delete(closing) }
        }
    }
}

/// Whether `text` has the form of the ids that network nouns have. Anything else is a name (or a
/// wish to read other documents) and names nothing.
func isObjectID(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 36 else { return false }
    return bytes.enumerated().allSatisfy { index, byte in
        switch index {
        case 8, 13, 18, 23: byte == UInt8(ascii: "-")
        default:
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
    }
}
