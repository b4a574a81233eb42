internal import CLibvirt
public import Foundation

/// How a domain is migrated; libvirt's `virDomainMigrateFlags`.
public struct MigrationFlags: OptionSet, Sendable {
    /// libvirt's number.
    public let rawValue: UInt32
    /// From libvirt's own number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// While it runs.
    public static let live = MigrationFlags(rawValue: VIR_MIGRATE_LIVE.rawValue)
    /// The two libvirts talk to each other: it goes on when this program ends.
    public static let peerToPeer = MigrationFlags(rawValue: VIR_MIGRATE_PEER2PEER.rawValue)
    /// It is defined there.
    public static let persistDestination = MigrationFlags(
        rawValue: VIR_MIGRATE_PERSIST_DEST.rawValue)
    /// It is no longer defined here, once it runs there.
    public static let undefineSource = MigrationFlags(
        rawValue: VIR_MIGRATE_UNDEFINE_SOURCE.rawValue)
    /// Of disks only the top layer is copied: the other host has the layers below.
    public static let copyDisksIncrementally = MigrationFlags(
        rawValue: VIR_MIGRATE_NON_SHARED_INC.rawValue)
    /// A guest that writes faster than is sent is slowed down.
    public static let autoConverge = MigrationFlags(
        rawValue: VIR_MIGRATE_AUTO_CONVERGE.rawValue)
    /// An I/O error of a disk ends it.
    public static let abortOnError = MigrationFlags(
        rawValue: VIR_MIGRATE_ABORT_ON_ERROR.rawValue)
    /// QEMU's own channels are encrypted, with certificates on both hosts.
    public static let tls = MigrationFlags(rawValue: VIR_MIGRATE_TLS.rawValue)
    /// ``LibvirtConnection/startPostCopy(_:)`` is allowed.
    public static let postCopy = MigrationFlags(rawValue: VIR_MIGRATE_POSTCOPY.rawValue)

    /// A guest moves with its local disks, and nothing of it stays.
    public static let wholeGuest: MigrationFlags = [
        .live, .peerToPeer, .persistDestination, .undefineSource, .copyDisksIncrementally,
        .autoConverge, .abortOnError,
    ]
}

/// A migration of a running domain to another host.
public struct DomainMigration: Sendable, Equatable {
    /// The other host's libvirt, such as `qemu+tls://host2/system`.
    public var destinationURI: String
    /// How.
    public var flags: MigrationFlags
    /// Where the other QEMU takes the guest, such as `tcp://host2`; nil: the other host's own name,
    /// which must then be resolved here.
    public var dataURI: String?
    /// The domain's document there; nil: as here. What the guest sees must be the same.
    public var destinationXML: String?
    /// The document of its next start there; nil: as here.
    public var persistentXML: String?
    /// Most MiB a second; nil: no limit.
    public var bandwidthMiBPerSecond: Int?

    /// A migration without limits and with documents as they are; see the properties.
    public init(destinationURI: String, flags: MigrationFlags, dataURI: String? = nil) {
        self.destinationURI = destinationURI
        self.flags = flags
        self.dataURI = dataURI
    }

    var texts: [(name: String, value: String)] {
        [
            (VIR_MIGRATE_PARAM_URI, dataURI), (VIR_MIGRATE_PARAM_DEST_XML, destinationXML),
            (VIR_MIGRATE_PARAM_PERSIST_XML, persistentXML),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    var numbers: [(name: String, value: UInt64)] {
        guard let bandwidth = bandwidthMiBPerSecond, bandwidth > 0 else { return [] }
        return [(VIR_MIGRATE_PARAM_BANDWIDTH, UInt64(bandwidth))]
    }
}

extension LibvirtConnection {
    /// Sends the domain to another host and waits until it runs there; minutes to hours, for
    /// which the connection's call timeout must leave room. ``abortJob(_:)`` ends it.
    public func migrate(
        _ uuid: UUID, _ migration: DomainMigration
    ) async throws(LibvirtError) {
        try await withDomain("migrate domain", uuid) { domain, call throws(LibvirtError) in
            let result = TypedParameters.with(
                texts: migration.texts, numbers: migration.numbers
            ) { parameters, count in
                virDomainMigrateToURI3(
                    domain, migration.destinationURI, parameters, count,
                    migration.flags.rawValue)
            }
            try call.check(result ?? -1)
        }
    }

    /// The document from which the domain can be made on another host: of the running domain, or
    /// with `isInactive` of its next start.
    public func migratableXML(
        _ uuid: UUID, isInactive: Bool = false
    ) async throws(LibvirtError) -> String {
        var flags = VIR_DOMAIN_XML_MIGRATABLE.rawValue
        if isInactive { flags |= VIR_DOMAIN_XML_INACTIVE.rawValue }
        return try await withDomain("read migratable document of domain", uuid) {
            [flags] domain, call throws(LibvirtError) in
            try call.text(virDomainGetXMLDesc(domain, flags))
        }
    }
}
