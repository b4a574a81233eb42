import Conductor
import RequestPipeline

extension ServerConfiguration {
    private static let timeMS = 10...604_800_000

    /// What operations on servers may take and do.
    mutating func readLifecycle(_ reader: inout BodyReader) throws {
        let times: [(String, WritableKeyPath<ConductorSettings, Duration>)] = [
            ("action_timeout_ms", \.actionTimeout), ("export_timeout_ms", \.exportTimeout),
            ("migration_timeout_ms", \.migrationTimeout),
            ("migration_downtime_ms", \.migrationDowntime),
        ]
        for (key, path) in times {
            guard let milliseconds = try reader.integer(key, in: Self.timeMS) else { continue }
            settings[keyPath: path] = .milliseconds(milliseconds)
        }
        settings.migrationBandwidthMiBPerSecond = try reader.integer(
            "migration_bandwidth_mib_per_second", in: 1...1_000_000)
        settings.liveMigrationsPerHostMax =
            try reader.integer("live_migrations_per_host_max", in: 1...64)
            ?? settings.liveMigrationsPerHostMax
        settings.allowsPlainMigration =
            try reader.bool("migration_allow_plain") ?? settings.allowsPlainMigration
        settings.resizesInPlace = try reader.bool("resize_in_place") ?? settings.resizesInPlace
        settings.resizeConfirmWindow = try reader.integer(
            "resize_confirm_window_ms", in: Self.timeMS
        ).map { .milliseconds($0) }
        settings.offloadsShelved = try reader.bool("shelve_offload") ?? settings.offloadsShelved
    }
}
