import ComputeModel
import DeviceTracking
import TestSupport

/// Derives the states of a host's devices; replaced by faulty ones to see that faults are found.
typealias PropertyDerivation = @Sendable ([Device], HostLedger) -> DeviceStates

/// What must hold of states, whatever happened before. Each check gives a sentence when it fails.
struct PropertyInvariants {
    let world: PropertyWorld
    let states: DeviceStates

    func violation(_ random: inout SeededRandom, _ derive: PropertyDerivation) -> String? {
        ownersViolation ?? missingViolation ?? stateViolation ?? orderViolation(&random, derive)
    }

    /// Nothing is owned twice: no identity, no function, no PF along with what is behind it.
    private var ownersViolation: String? {
        let owned = world.ledger.claims.flatMap(\.devices).map(\.deviceID)
        for (number, one) in owned.enumerated() {
            for two in owned.dropFirst(number + 1) {
                if one == two { return "\(one) is owned twice" }
                guard let left = world.places[one], let right = world.places[two] else { continue }
                if left.excludes(right) { return "\(one) and \(two) are both owned" }
            }
        }
        return nil
    }

    /// What is owned is either among the reported or missing, and never both or available.
    private var missingViolation: String? {
        let reported = Set(world.report.map(\.id))
        let missing = states.missing.map { $0.claim.deviceID }
        let expected = world.ledger.claims.flatMap(\.devices).map(\.deviceID)
            .filter { !reported.contains($0) }
        if missing.sorted() != expected.sorted() {
            return "missing are \(missing), not \(expected)"
        }
        return states.entries.count == world.report.count ? nil : "an entry is missing"
    }

    /// Each device's state is what the true relations say.
    private var stateViolation: String? {
        let claims = world.ledger.claims
        let kinds = Dictionary(grouping: world.report, by: { world.places[$0.id] })
            .mapValues { $0.map(\.kind.rawValue).sorted() }
        for entry in states.entries {
            let id = entry.device.id
            let owner = claims.first { $0.devices.contains { $0.deviceID == id } }
            guard entry.instanceID == owner?.instanceID else {
                return "\(id) shows the owner \(entry.instanceID?.text ?? "none")"
            }
            let expected: DeviceState
            if let owner {
                expected = owner.phase == .claimed ? .claimed : .allocated
            } else {
                let here = kinds[world.places[id]] ?? []
                let isClear = here.count == 1 || here == ["VF", "vdpa"]
                let isFree = isClear && entry.device.problems.isEmpty && !isExcluded(id)
                expected = isFree ? .available : .unavailable
            }
            guard entry.state == expected else {
                return "\(id) is \(entry.state), should be \(expected)"
            }
            guard (entry.block != nil) == (expected == .unavailable) else {
                return "\(id) is \(expected), and the block is \(String(describing: entry.block))"
            }
        }
        return nil
    }

    private func isExcluded(_ id: DeviceID) -> Bool {
        guard let place = world.places[id] else { return true }
        return world.ledger.claims.contains { claim in
            claim.devices.contains { world.places[$0.deviceID]?.excludes(place) ?? true }
        }
    }

    /// The order of devices and claims says nothing.
    private func orderViolation(
        _ random: inout SeededRandom, _ derive: PropertyDerivation
    ) -> String? {
        var ledger = world.ledger
        ledger.claims.shuffle(using: &random)
        let other = derive(world.report.shuffled(using: &random), ledger)
        if other.entries != states.entries { return "the order of devices or claims matters" }
        if other.available != states.available { return "what is available depends on the order" }
        return nil
    }
}

extension DeviceStates {
    /// Everything that two derivations can differ in.
    func isSame(as other: DeviceStates) -> Bool {
        entries == other.entries && contested == other.contested
            && missing.map(\.claim) == other.missing.map(\.claim)
            && missing.map(\.instanceID) == other.missing.map(\.instanceID)
    }
}

/// What must hold of a choice, by rules written down here once more.
enum PropertyClaims {
    static func violation(
        _ claims: [DeviceClaim], for requests: [DeviceRequest], from free: [Device]
    ) -> String? {
        guard claims.count == requests.count else { return "\(claims.count) claims" }
        guard Set(claims.map(\.deviceID)).count == claims.count else { return "a device twice" }
        for (request, claim) in zip(requests, claims) {
            guard let device = free.first(where: { $0.id == claim.deviceID }) else {
                return "\(claim.deviceID) was not free"
            }
            if claim.portID != request.portID || claim.alias != request.alias {
                return "\(claim.deviceID) serves another request than \(request.id)"
            }
            if let refusal = request.refusal(of: device) { return "\(device.id) \(refusal)" }
            let forms = request.alternatives
            if !forms.contains(where: { $0.kinds.contains(device.kind) }) {
                return "\(device.id) is of a kind that \(request.id) doesn't name"
            }
            let isRemote = device.tags?.remoteManaged ?? false
            if !forms.contains(where: { $0.remoteManaged == isRemote }) {
                return "\(device.id) is remote-managed: \(isRemote)"
            }
        }
        return nil
    }
}
