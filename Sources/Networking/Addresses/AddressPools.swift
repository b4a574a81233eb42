import ComputeModel

/// The addresses that a subnet gives out. Pure: what is taken and what chance says come in.
public struct AddressPools: Sendable, Equatable {
    /// Inclusive ranges in the order they are used.
    public var ranges: [ClosedRange<IPAddress>]

    /// These ranges.
    public init(_ ranges: [ClosedRange<IPAddress>]) {
        self.ranges = ranges
    }

    /// All addresses of `prefix` that guests may have, without the gateway.
    public init(of prefix: IPPrefix, gateway: IPAddress?) {
        let usable = prefix.usable
        guard let gateway, usable.contains(gateway) else {
            ranges = [usable]
            return
        }
        ranges = []
        if gateway > usable.lowerBound {
            ranges.append(usable.lowerBound...IPAddress(gateway.version, gateway.number - 1))
        }
        if gateway < usable.upperBound {
            ranges.append(IPAddress(gateway.version, gateway.number + 1)...usable.upperBound)
        }
    }

    /// The pools of a stored subnet; ranges that don't parse are passed over.
    public init(_ subnet: Subnet) {
        ranges = subnet.allocationPools.compactMap { pool in
            guard let start = IPAddress(pool.start), let end = IPAddress(pool.end), start <= end
            else { return nil }
            return start...end
        }
    }

    /// As they are stored and shown.
    public var stored: [AddressRange] {
        ranges.map { AddressRange(start: "\($0.lowerBound)", end: "\($0.upperBound)") }
    }

    /// One of the first `window` free addresses, the one that `chance` points at; nil when none is
    /// left. Looks at no more addresses than are taken, plus the window.
    ///
    /// Not simply the first: requests that run at the same time would all want the same one.
    public func free(
        window: Int, chance: UInt64, isTaken: (IPAddress) -> Bool
    ) -> IPAddress? {
        var found: [IPAddress] = []
        for range in ranges {
            var number = range.lowerBound.number
            while found.count < window, number <= range.upperBound.number {
                let address = IPAddress(range.lowerBound.version, number)
                if !isTaken(address) { found.append(address) }
                guard number < UInt128.max else { break }
                number += 1
            }
        }
        guard !found.isEmpty else { return nil }
        return found[Int(chance % UInt64(found.count))]
    }
}
