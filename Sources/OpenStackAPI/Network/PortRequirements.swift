import ComputeModel
import Conductor
import JSON
import Networking
import RequestPipeline

/// The port attribute `device_requirements`: what the port's device must be able to do. Neutron has
/// nothing like it; the extension `device-requirements` says that it is there.
enum PortRequirements {
    static let key = "device_requirements"
    private static let queuePairs = "queue_pairs_min"
    private static let linkSpeed = "link_speed_mbps_min"
    private static let mtu = "mtu_min"
    private static let features = "features"
    private static let migration = "transparent_migration"

    /// What a body asks for; nil for `null`, for nothing, and for wishes that any device fulfils.
    static func read(_ port: inout BodyReader) throws(DomainError) -> DeviceRequirements? {
        guard var body = try port.object(key) else { return nil }
        var wanted = DeviceRequirements()
        wanted.queuePairsMin = try body.integer(
            queuePairs, in: DeviceRequirementRules.queuePairs)
        wanted.linkSpeedMbpsMin = try body.integer(
            linkSpeed, in: DeviceRequirementRules.linkSpeedMbps)
        wanted.mtuMinBytes = try body.integer(mtu, in: DeviceRequirementRules.mtuBytes)
        wanted.features = try DeviceRequirementRules.features(
            try names(&body), .port, field: "\(key).\(features)")
        wanted.transparentMigration = try body.bool(migration) ?? false
        try body.finish()
        return wanted.isEmpty ? nil : wanted
    }

    /// A list, or a text with names between commas, semicolons or blanks.
    private static func names(_ body: inout BodyReader) throws(DomainError) -> [String] {
        guard case .string? = body.value(features) else {
            return try body.strings(features, countMax: VirtioFeature.allCases.count * 2) ?? []
        }
        let text = try body.string(
            features, length: 0...DeviceRequirementRules.featuresLengthMax)
        return DeviceRequirementRules.names(in: text ?? "")
    }

    /// All wishes; `null` for a port without any.
    static func view(_ port: NetworkPort) -> JSONValue {
        guard let wanted = port.deviceRequirements else { return .null }
        return [
            queuePairs: .optional(wanted.queuePairsMin),
            linkSpeed: .optional(wanted.linkSpeedMbpsMin), mtu: .optional(wanted.mtuMinBytes),
            features: .strings(wanted.features), migration: .bool(wanted.transparentMigration),
        ]
    }
}
