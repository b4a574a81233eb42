import ComputeModel
import Testing

/// Wishes of a port and of a flavor together: of each the stronger.
@Suite struct DeviceRequirementsTests {
    private static func wish(
        pairs: Int? = nil, speed: Int? = nil, mtu: Int? = nil, features: [String] = [],
        migration: Bool = false
    ) -> DeviceRequirements {
        var wish = DeviceRequirements()
        wish.queuePairsMin = pairs
        wish.linkSpeedMbpsMin = speed
        wish.mtuMinBytes = mtu
        wish.features = features
        wish.transparentMigration = migration
        return wish
    }

    private static let rows: [(DeviceRequirements, DeviceRequirements, DeviceRequirements)] = [
        (wish(), wish(), wish()),
        (wish(pairs: 2), wish(), wish(pairs: 2)),
        (wish(pairs: 2, mtu: 1_500), wish(pairs: 4), wish(pairs: 4, mtu: 1_500)),
        (wish(speed: 25_000), wish(speed: 10_000), wish(speed: 25_000)),
        (wish(mtu: 9_000), wish(mtu: 1_500), wish(mtu: 9_000)),
        (
            wish(features: ["mq", "mrg_rxbuf"]), wish(features: ["csum", "mq"]),
            wish(features: ["csum", "mq", "mrg_rxbuf"])
        ),
        (wish(migration: true), wish(), wish(migration: true)),
        (wish(migration: true), wish(migration: true), wish(migration: true)),
    ]

    @Test(arguments: rows)
    func theStrongerWishCounts(
        one: DeviceRequirements, two: DeviceRequirements, both: DeviceRequirements
    ) {
        #expect(one.merged(with: two) == both)
        #expect(two.merged(with: one) == both, "whoever wishes first")
        #expect(both.merged(with: both) == both, "twice is once")
        #expect(one.merged(with: DeviceRequirements()) == one)
    }

    @Test func anyDeviceWillDoForNoWishAlone() {
        #expect(DeviceRequirements().isEmpty)
        for (_, _, both) in Self.rows.dropFirst() { #expect(!both.isEmpty) }
    }
}
