import Conductor
import RequestPipeline

extension ServerConfiguration {
    private static let timeMS = 10...604_800_000

    /// What operations on servers may take and do.
    mutating func readLifecycle(_ reader: inout BodyReader) throws {
        let times: [(String, WritableKeyPath<ServerConfiguration, Duration>)] = [
            ("action_timeout_ms", \.compute.actionTimeout),
            ("export_timeout_ms", \.compute.exportTimeout),
            ("migration_timeout_ms", \.compute.migrationTimeout),
            ("migration_downtime_ms", \.compute.migrationDowntime),
        ]
        for (key, path) in times {
            guard let milliseconds = try reader.integer(key, in: Self.timeMS) else { continue }
            self[keyPath: path] = .milliseconds(milliseconds)
        }
        compute.migrationBandwidthMiBPerSecond = try reader.integer(
            "migration_bandwidth_mib_per_second", in: 1...1_000_000)
        compute.liveMigrationsPerHostMax =
            try reader.integer("live_migrations_per_host_max", in: 1...64)
            ?? compute.liveMigrationsPerHostMax
        compute.allowsPlainMigration =
            try reader.bool("migration_allow_plain") ?? compute.allowsPlainMigration
        compute.resizesInPlace = try reader.bool("resize_in_place") ?? compute.resizesInPlace
        compute.resizeConfirmWindow = try reader.integer(
            "resize_confirm_window_ms", in: Self.timeMS
        ).map { .milliseconds($0) }
        compute.offloadsShelved = try reader.bool("shelve_offload") ?? compute.offloadsShelved
    }
}
