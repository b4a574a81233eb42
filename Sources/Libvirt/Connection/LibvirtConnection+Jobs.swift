internal import CLibvirt
public import Foundation

extension LibvirtConnection {
    /// The job that is under way on a domain; nil if there is none.
    ///
    /// Throws ``LibvirtError/invalidState(_:)`` for a domain that isn't running, and for one that
    /// is just coming from another host: only the other side knows of that.
    public func job(_ uuid: UUID) async throws(LibvirtError) -> DomainJob? {
        try await job("read job of domain", uuid, flags: 0)
    }

    /// The last job of a running domain that ended, with how it did; nil if none is remembered.
    public func completedJob(_ uuid: UUID) async throws(LibvirtError) -> DomainJob? {
        let flags =
            VIR_DOMAIN_JOB_STATS_COMPLETED.rawValue | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED.rawValue
        return try await job("read last job of domain", uuid, flags: flags)
    }

    private func job(
        _ operation: String, _ uuid: UUID, flags: UInt32
    ) async throws(LibvirtError) -> DomainJob? {
        try await withDomain(operation, uuid) { domain, call throws(LibvirtError) in
            var type: Int32 = 0
            var parameters: virTypedParameterPtr?
            var count: Int32 = 0
            try call.check(virDomainGetJobStats(domain, &type, &parameters, &count, flags))
            defer { virTypedParamsFree(parameters, count) }
            return DomainJob(
                type: type, parameters: TypedParameters.values(parameters, count: count))
        }
    }

    /// Ends the job that is under way: a migration, a save or a backup. The domain goes on as it
    /// was. Throws ``LibvirtError/invalidState(_:)`` if there is none.
    public func abortJob(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("abort job of domain", uuid) { virDomainAbortJob($0) }
    }

    /// How long the domain may stand still at the end of a migration, in milliseconds.
    public func setMigrationDowntime(
        _ uuid: UUID, milliseconds: Int
    ) async throws(LibvirtError) {
        let downtime = UInt64(clamping: max(1, milliseconds))
        try await domainCall("set migration downtime of domain", uuid) {
            virDomainMigrateSetMaxDowntime($0, downtime, 0)
        }
    }

    /// Lets a migration that was begun with ``MigrationFlags/postCopy`` go on by post-copy: the
    /// domain runs on the other host, and fetches what isn't there yet. There is no way back.
    public func startPostCopy(_ uuid: UUID) async throws(LibvirtError) {
        try await domainCall("start post-copy of domain", uuid) {
            virDomainMigrateStartPostCopy($0, 0)
        }
    }

    /// Begins to copy disks; see ``DomainBackup/xml()``. The copy goes on by itself, as a job.
    /// Needs libvirt 6.0. Throws ``LibvirtError/unsupported(_:)`` where QEMU is too old.
    public func beginBackup(xml: String, of uuid: UUID) async throws(LibvirtError) {
        try await domainCall("begin backup of domain", uuid) {
            virDomainBackupBegin($0, xml, nil, 0)
        }
    }
}
