import ComputeModel
import DeviceTracking

/// One question about one host; the answer is a reason when it is no.
protocol HostCheck: Sendable {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection?
}

/// Is the host alive and open for new guests?
struct ServiceCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        if host.host.forcedDown { return .forcedDown }
        if !host.isUp { return .down }
        if host.host.disabled { return .disabled(reason: host.host.disabledReason) }
        return host.report == nil ? .neverReported : nil
    }
}

/// Is it where the request wants to be?
struct PlaceCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        if let name = request.hostName, name != host.host.name { return .otherHostWanted(name) }
        if request.excludedHosts.contains(host.host.id) { return .excluded }
        if let only = request.onlyHosts, !only.contains(host.host.id) { return .excluded }
        if let zone = request.zone, zone != host.zone {
            return .zone(found: host.zone, wanted: zone)
        }
        return nil
    }
}

/// Does it match what the flavor asks of aggregates? Each key must be satisfied by the metadata of
/// at least one of the host's aggregates, as in Nova's AggregateInstanceExtraSpecsFilter.
struct AggregateCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        for (key, wanted) in request.aggregateSpecs.sorted(by: { $0.key < $1.key }) {
            let found = host.aggregates.compactMap { $0[key] }
            let expression = ExtraSpecExpression(wanted)
            guard !found.contains(where: expression.matches) else { continue }
            return .aggregate(key: key, found: found.sorted(), wanted: wanted)
        }
        return nil
    }
}

/// Is it the machine that the image wants?
struct ImageCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        guard let facts = host.report?.hypervisor else { return nil }
        let image = request.image
        if let wanted = image.architecture, wanted.lowercased() != facts.architecture {
            return .image(property: "architecture", found: facts.architecture, wanted: wanted)
        }
        if let wanted = image.hypervisorType?.lowercased(),
            !Self.types(facts.type).contains(wanted)
        {
            return .image(property: "hypervisor type", found: facts.type, wanted: wanted)
        }
        if let wanted = image.vmMode, wanted.lowercased() != "hvm" {
            return .image(property: "VM mode", found: "hvm", wanted: wanted)
        }
        return nil
    }

    /// Names that stand for a hypervisor; simulated hosts pass for what they simulate.
    private static func types(_ type: String) -> Set<String> {
        switch type.lowercased() {
        case "qemu", "kvm", "simulated": ["qemu", "kvm", type.lowercased()]
        case let other: [other]
        }
    }
}

/// Does the server group allow it?
struct GroupCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        guard let group = request.group else { return nil }
        let here = group.members[host.host.id] ?? 0
        switch group.policy {
        case .affinity where !group.members.isEmpty && here == 0: return .groupElsewhere
        case .antiAffinity where here >= group.maxPerHost:
            return .groupHere(members: here, limit: group.maxPerHost)
        case .affinity, .antiAffinity, .softAffinity, .softAntiAffinity: return nil
        }
    }
}

/// Are enough CPUs left, shared or dedicated as the request wants them?
struct CPUCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        guard host.report != nil else { return nil }
        let wanted = request.capacity.vcpus
        if request.topology?.cpuPolicy == .dedicated {
            let free = room.dedicatedCPUs
            return free < wanted ? .dedicatedCPUs(free: max(0, free), wanted: wanted) : nil
        }
        let free = room.sharedVCPUs
        return free < wanted ? .vcpus(free: max(0, free), wanted: wanted) : nil
    }
}

/// Is enough memory left? Huge pages are counted where the guest's NUMA nodes are fitted.
struct MemoryCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        guard host.report != nil, request.topology?.pageSize ?? .small == .small else { return nil }
        let free = room.memoryMiB
        let wanted = request.capacity.memoryMiB
        return free < wanted ? .memory(freeMiB: max(0, free), wantedMiB: wanted) : nil
    }
}

/// Is enough disk left?
struct DiskCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        guard host.report != nil else { return nil }
        let free = room.diskGiB
        let wanted = request.capacity.diskGiB
        return free < wanted ? .disk(freeGiB: max(0, free), wantedGiB: wanted) : nil
    }
}

/// Can it run vDPA guests, and give guests NICs of these kinds at all?
struct DriverCheck: HostCheck {
    func rejection(
        _ host: HostSnapshot, _ room: HostRoom, _ request: PlacementRequest
    ) -> Rejection? {
        guard let report = host.report else { return nil }
        let missing = request.vnicTypes.subtracting(host.bootableVNICs)
        if !missing.isEmpty { return .vnicTypes(missing.map(\.rawValue).sorted()) }
        let alias = request.devices.lazy.compactMap(\.alias).first
        if let alias, report.passesDevicesThrough != true { return .passthrough(alias: alias) }
        guard request.needsVDPA, let condition = report.conditions.first(where: \.blocksVDPA)
        else { return nil }
        return .vdpaBlocked(condition.message)
    }
}
