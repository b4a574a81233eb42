import ComputeModel
import Persistence
import Placement
import Scheduler

extension Placements {
    /// Gives the instance's claim on its host what the larger of both flavors needs, if the host
    /// has it; its devices stay, and no second set of them is needed. False when it does not fit
    /// there, or may not: guests with NUMA nodes are placed anew.
    ///
    /// - Parameter note: what changes of the instance in the same transaction.
    func resizeInPlace(
        _ id: InstanceID, to flavor: Flavor,
        note: (inout Instance, DocumentSnapshot) throws -> Void
    ) async throws -> Bool {
        guard context.settings.resizesInPlace else { return false }
        return try await context.retryingConflicts(.server) {
            let (fleet, snapshot) = try placer.index.current(refreshVitals: true)
            let found = try snapshot.require(Instance.self, id.text)
            if let resize = found.value.resize { return resize.isInPlace }
            guard let host = found.value.hostID,
                let ledger = try snapshot.get(HostLedger.self, host.text),
                let index = ledger.value.claims.firstIndex(where: { $0.instanceID == id }),
                try fits(found.value, flavor, ledger.value.claims[index], fleet, snapshot)
            else { return false }
            var changed = found.value
            try note(&changed, snapshot)
            changed.updatedAt = context.now()
            var grown = ledger.value
            grown.claims[index].capacity.grow(to: flavor)
            var transaction = context.documents.makeTransaction()
            try transaction.update(ledger, to: grown)
            try transaction.update(found, to: changed)
            try await context.documents.commit(transaction)
            return true
        }
    }

    /// Whether the host would take the guest in its new size beside the others. Devices are not
    /// asked for: it keeps those that it has.
    private func fits(
        _ instance: Instance, _ flavor: Flavor, _ claim: Claim, _ fleet: Fleet,
        _ snapshot: DocumentSnapshot
    ) throws -> Bool {
        guard claim.numa == nil, let host = instance.hostID, var view = fleet[host],
            flavor.extraSpecs == instance.flavor.extraSpecs
        else { return false }
        var target = instance
        target.flavor = flavor
        var request = try request(for: target, snapshot)
        guard request.topology == nil else { return false }
        request.capacity.diskGiB = max(request.capacity.diskGiB, claim.capacity.diskGiB)
        request.devices = []
        request.hostName = view.host.name
        view.ledger.claims.removeAll { $0.instanceID == instance.id }
        var others = fleet
        others.put(view)
        return !placer.decide(request, among: others).candidates.isEmpty
    }
}

extension HostCapacity {
    /// What both sizes need, so that there is a way back.
    fileprivate mutating func grow(to flavor: Flavor) {
        vcpus = max(vcpus, flavor.vcpus)
        memoryMiB = max(memoryMiB, flavor.memoryMiB)
        diskGiB = max(diskGiB, flavor.diskGiB)
    }
}
