import ComputeModel
import DeviceTracking
import JSON
import Networking
import Scheduler

/// What extra specs of a flavor ask for beyond its size, as far as devices are concerned.
enum FlavorWishes {
    private static let prefix = "vdpa:"
    private static let queuePairs = "vdpa:queue_pairs_min"
    private static let linkSpeed = "vdpa:link_speed_mbps_min"
    private static let mtu = "vdpa:mtu_min"
    private static let features = "vdpa:features"
    private static let migration = "vdpa:transparent_migration"
    private static let keys = [queuePairs, linkSpeed, mtu, features, migration]

    /// What the vDPA devices of the guest's ports must be able to do.
    ///
    /// Throws `invalid` for a key that begins with `vdpa:` and is unknown, and for a bad value.
    static func requirements(
        _ extraSpecs: [String: String]
    ) throws(DomainError) -> DeviceRequirements {
        let specs = extraSpecs.filter { $0.key.hasPrefix(prefix) }
        if let unknown = specs.keys.filter({ !keys.contains($0) }).min() {
            throw .invalid(
                .flavor, field: unknown,
                "The extra spec '\(unknown.prefix(64))' is not known."
                    + Spelling.hint(unknown, among: keys) + " There are: "
                    + keys.joined(separator: ", ") + ".")
        }
        var wanted = DeviceRequirements()
        wanted.queuePairsMin = try number(specs, queuePairs, DeviceRequirementRules.queuePairs)
        wanted.linkSpeedMbpsMin = try number(
            specs, linkSpeed, DeviceRequirementRules.linkSpeedMbps)
        wanted.mtuMinBytes = try number(specs, mtu, DeviceRequirementRules.mtuBytes)
        if let text = specs[features] {
            let names = DeviceRequirementRules.names(in: text)
            guard !names.isEmpty else { throw wrong(features, text, "names of features") }
            wanted.features = try DeviceRequirementRules.features(
                names, .flavor, field: features)
        }
        if let text = specs[migration] {
            guard let value = DeviceRequirementRules.truth(text) else {
                throw wrong(migration, text, "'true' or 'false'")
            }
            wanted.transparentMigration = value
        }
        return wanted
    }

    /// Everything that can be refused of a flavor for which a server is about to be made, before
    /// its image is known.
    static func check(_ flavor: Flavor, aliases: DeviceAliases) throws(DomainError) {
        _ = try DeviceRequests.requests(
            flavor: flavor, ports: [], networks: [:], image: nil, aliases: aliases)
    }

    /// What can be refused of extra specs when they are set. Others may follow, so what is
    /// incomplete is let pass; a server can't be made with it.
    ///
    /// - Parameter flavor: with `specs` in it.
    static func checkSet(
        _ specs: [String: String], of flavor: Flavor, aliases: DeviceAliases
    ) throws(DomainError) {
        _ = try requirements(specs)
        if let text = specs[DeviceAliases.extraSpec] { try aliases.checkForm(text) }
        do {
            _ = try NUMAAffinityPolicy.parse(extraSpecs: specs, imageProperties: [:])
            _ = try GuestTopology.parse(
                extraSpecs: flavor.extraSpecs, imageProperties: [:], vcpus: flavor.vcpus,
                memoryMiB: flavor.memoryMiB)
        } catch {
            // Only what is said now is judged: the rest is as good or bad as it was.
            guard case .value(let key, _, _) = error, specs[key] != nil else { return }
            throw .invalid(.flavor, field: key, "The extra spec \(error)")
        }
    }

    private static func number(
        _ specs: [String: String], _ key: String, _ range: ClosedRange<Int>
    ) throws(DomainError) -> Int? {
        guard let text = specs[key] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw wrong(
                key, text, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func wrong(
        _ key: String, _ found: String, _ expected: String
    ) -> DomainError {
        .invalid(
            .flavor, field: key,
            "The extra spec '\(key)' is '\(found.prefix(64))', expected \(expected).")
    }
}
