import ComputeModel
import DeviceTracking

/// One question about one host; the answer is a reason when it is no.
protocol HostCheck {
    func rejection(_ host: HostSnapshot, _ request: PlacementRequest) -> Rejection?
}

/// Is the host alive and open for new guests?
struct ServiceCheck: HostCheck {
    func rejection(_ host: HostSnapshot, _ request: PlacementRequest) -> Rejection? {
        if host.host.forcedDown { return .forcedDown }
        if !host.isUp { return .down }
        if host.host.disabled { return .disabled(reason: host.host.disabledReason) }
        return host.report == nil ? .neverReported : nil
    }
}

/// Is it where the request wants to be?
struct PlaceCheck: HostCheck {
    func rejection(_ host: HostSnapshot, _ request: PlacementRequest) -> Rejection? {
        if let name = request.hostName, name != host.host.name { return .otherHostWanted(name) }
        if let zone = request.zone, zone != host.host.zone {
            return .zone(found: host.host.zone, wanted: zone)
        }
        return nil
    }
}

/// Are enough CPU threads left?
struct CPUCheck: HostCheck {
    let ratio: Double

    func rejection(_ host: HostSnapshot, _ request: PlacementRequest) -> Rejection? {
        guard let report = host.report else { return nil }
        let total = Int((Double(report.cpus) * ratio).rounded(.down))
        let free = total - host.ledger.taken.vcpus
        let wanted = request.capacity.vcpus
        return free < wanted ? .vcpus(free: max(0, free), wanted: wanted) : nil
    }
}

/// Is enough memory left?
struct MemoryCheck: HostCheck {
    func rejection(_ host: HostSnapshot, _ request: PlacementRequest) -> Rejection? {
        guard let report = host.report else { return nil }
        let free = report.memoryMiB - host.ledger.taken.memoryMiB
        let wanted = request.capacity.memoryMiB
        return free < wanted ? .memory(freeMiB: max(0, free), wantedMiB: wanted) : nil
    }
}

/// Is enough disk left?
struct DiskCheck: HostCheck {
    func rejection(_ host: HostSnapshot, _ request: PlacementRequest) -> Rejection? {
        guard let report = host.report else { return nil }
        let free = report.diskGiB - host.ledger.taken.diskGiB
        let wanted = request.capacity.diskGiB
        return free < wanted ? .disk(freeGiB: max(0, free), wantedGiB: wanted) : nil
    }
}

/// Can it run vDPA guests at all?
struct VDPACheck: HostCheck {
    func rejection(_ host: HostSnapshot, _ request: PlacementRequest) -> Rejection? {
        guard request.needsVDPA,
            let condition = host.report?.conditions.first(where: \.blocksVDPA)
        else { return nil }
        return .vdpaBlocked(condition.message)
    }
}
