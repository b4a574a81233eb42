import ComputeModel
import DeviceTracking

/// The exact answer for one host: what it would give, or everything that speaks against it.
struct HostEvaluation {
    /// What the host would give.
    struct Offer {
        let devices: [DeviceClaim]
        let numa: NUMAPlacement?
    }

    let host: HostSnapshot
    let request: PlacementRequest
    let room: HostRoom
    /// The host's devices that can be given out; not asked for before the checks have passed.
    let freeDevices: () -> [Device]
    let cpuRatio: Double
    let checks: [any HostCheck]
    /// Devices named in one rejection at most.
    let verdictsMax: Int

    /// Stops at the first check that fails.
    func offer() -> Result<Offer, HostRejection> {
        if let reason = firstFailedCheck { return .failure(rejection([reason])) }
        return placed(isTold: false).mapError { rejection([$0.reason]) }
    }

    /// What speaks against the host before devices and NUMA nodes are looked at.
    var firstFailedCheck: Rejection? {
        for check in checks {
            if let reason = check.rejection(host, room, request) { return reason }
        }
        return nil
    }

    /// All checks that fail; empty when the host can take the request.
    func reasons() -> [Rejection] {
        var reasons = checks.compactMap { $0.rejection(host, room, request) }
        guard host.report != nil else { return reasons }
        if case .failure(let unplaced) = placed(isTold: true) { reasons.append(unplaced.reason) }
        return reasons
    }

    func rejection(_ reasons: [Rejection]) -> HostRejection {
        HostRejection(hostID: host.host.id, hostName: host.host.name, reasons: reasons)
    }

    private struct Unplaced: Error {
        let reason: Rejection
    }

    /// Where the guest's NUMA nodes go; nil for a guest that neither asks for nodes nor has a
    /// device whose policy binds it to one.
    private func fittedNUMA(_ free: [Device]) -> Result<NUMAPlacement?, Unplaced> {
        let binding: Set<NUMAAffinityPolicy> = [.required, .socket]
        guard
            request.topology != nil
                || request.devices.contains(where: {
                    binding.contains($0.numaPolicy)
                })
        else { return .success(nil) }
        var freeDevices: [Int: Int] = [:]
        for device in free where device.kind == .vdpa {
            if let node = device.numaNode { freeDevices[node, default: 0] += 1 }
        }
        let cells = HostNUMA(
            cells: host.report?.numaCells ?? [], ledger: host.ledger, cpuRatio: cpuRatio,
            freeDevices: freeDevices)
        let sockets = host.sockets
        let isAcceptable = { (cells: [Int]) -> Bool in
            guard !request.devices.isEmpty else { return true }
            let choice = DeviceChoice.choose(
                request.devices, from: free, guestCells: cells, sockets: sockets)
            if case .success = choice { return true }
            return false
        }
        let fitted: Result<NUMAPlacement?, NUMAShortage> =
            if let topology = request.topology {
                cells.fit(topology, near: needs(free), accepting: isAcceptable).map { $0 }
            } else {
                cells.locality(
                    near: needs(free), vcpus: request.capacity.vcpus,
                    memoryMiB: request.capacity.memoryMiB, accepting: isAcceptable)
            }
        return fitted.mapError {
            Unplaced(reason: .numa(category: $0.category, detail: "\($0)"))
        }
    }

    /// Like requests together, with the NUMA nodes of the free devices that would serve them.
    private func needs(_ free: [Device]) -> [DeviceNeed] {
        var needs: [(request: DeviceRequest, need: DeviceNeed)] = []
        for device in request.devices {
            if let index = needs.firstIndex(where: { $0.request.isInterchangeable(device) }) {
                needs[index].need.count += 1
                continue
            }
            var nodes: [Int?: Int] = [:]
            for candidate in free where device.refusal(of: candidate) == nil {
                nodes[candidate.numaNode, default: 0] += 1
            }
            needs.append((device, DeviceNeed(free: nodes, policy: device.numaPolicy)))
        }
        return needs.map(\.need)
    }

    /// First the guest's NUMA nodes near what its devices can be, then the devices near them.
    ///
    /// - Parameter isTold: whether a shortage names each device with its reason, which is dear.
    private func placed(isTold: Bool) -> Result<Offer, Unplaced> {
        let free = freeDevices()
        let numa: NUMAPlacement?
        switch fittedNUMA(free) {
        case .failure(let unplaced): return .failure(unplaced)
        case .success(let placement): numa = placement
        }
        guard !request.devices.isEmpty else { return .success(Offer(devices: [], numa: numa)) }
        let cells = numa?.hostCells
        switch DeviceChoice.choose(
            request.devices, from: free, guestCells: cells, sockets: host.sockets)
        {
        case .success(let claims): return .success(Offer(devices: claims, numa: numa))
        case .failure(let unmet):
            return .failure(
                Unplaced(
                    reason: .device(
                        isTold ? shortage(unmet.request, cells) : DeviceShortage(unmet.request))))
        }
    }

    private func shortage(
        _ unmet: DeviceRequest, _ cells: [Int]?
    ) -> DeviceShortage {
        let states = host.devices
        let before = Array(request.devices.prefix { $0.id != unmet.id })
        let verdicts = DeviceChoice.reasons(
            for: unmet, after: before, in: states, guestCells: cells, sockets: host.sockets)
        return DeviceShortage(unmet, states, verdicts, verdictsMax: verdictsMax)
    }
}

extension DeviceRequest {
    /// Whether the same devices serve both, equally near.
    fileprivate func isInterchangeable(_ other: DeviceRequest) -> Bool {
        var copy = other
        copy.id = id
        copy.portID = portID
        copy.alias = alias
        return copy == self
    }
}
