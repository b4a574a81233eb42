import ComputeModel
import Conductor
import DeviceTracking
import JSON
import RequestPipeline

/// A host as this API shows it. What only the host can know is null until it has reported.
struct HostJSON {
    let view: HostView
    /// vCPUs given out per CPU thread.
    let cpuRatio: Double

    /// Longer silences are no measurement but the mark of a host whose link was closed.
    private static let silenceMax: Duration = .seconds(100 * 365 * 86_400)

    var value: JSONValue {
        let host = view.host
        let report = view.report
        return [
            "id": .string(host.id.text), "name": .string(host.name), "zone": .string(view.zone),
            "state": view.isUp ? "up" : "down", "disabled": .bool(host.disabled),
            "disabled_reason": .optional(host.disabledReason),
            "forced_down": .bool(host.forcedDown), "last_heard_ms": lastHeard,
            "hypervisor": report.map { Self.hypervisor($0.hypervisor) } ?? .null,
            "agent_version": .optional(report?.agentVersion),
            "address": .optional(report?.address),
            "numa_nodes": .optional(report?.numaCells.count),
            "capacity": ["total": total, "taken": Self.capacity(view.ledger.taken)],
            "conditions": .array((report?.conditions ?? []).map(Self.condition)),
            "devices": devices, "created_at": APITime.text(host.createdAt),
            "updated_at": APITime.text(host.updatedAt),
            "reported_at": APITime.optional(report?.reportedAt),
        ]
    }

    private var lastHeard: JSONValue {
        guard let silence = view.silence, silence < Self.silenceMax else { return .null }
        return .int(Int(silence / .milliseconds(1)))
    }

    private var total: JSONValue {
        guard let report = view.report else { return .null }
        let dedicated = report.numaCells.reduce(0) { $0 + ($1.dedicatedCPUs?.count ?? 0) }
        let shared = Double(max(0, report.cpus - dedicated)) * cpuRatio
        return Self.capacity(
            HostCapacity(
                vcpus: Int(shared.rounded(.down)) + dedicated, memoryMiB: report.memoryMiB,
                diskGiB: report.diskGiB))
    }

    /// For each kind of device on the host how many are in each state; kinds that it has none of
    /// are left out.
    private var devices: JSONValue {
        let entries = view.devices.entries
        return .object(
            DeviceKind.allCases.compactMap { kind in
                let ofKind = entries.filter { $0.device.kind == kind }
                guard !ofKind.isEmpty else { return nil }
                let counts = DeviceState.inOrder.map { state in
                    JSONValue.Member(
                        state.rawValue, .int(ofKind.count { $0.state == state }))
                }
                return .init(kind.rawValue, .object(counts))
            })
    }

    private static func capacity(_ capacity: HostCapacity) -> JSONValue {
        [
            "vcpus": .int(capacity.vcpus), "memory_mib": .int(capacity.memoryMiB),
            "disk_gib": .int(capacity.diskGiB),
        ]
    }

    private static func hypervisor(_ facts: HypervisorFacts) -> JSONValue {
        [
            "type": .string(facts.type), "version": version(facts.version),
            "libvirt_version": version(facts.libvirtVersion),
            "kernel_release": facts.kernelRelease.isEmpty ? .null : .string(facts.kernelRelease),
            "architecture": .string(facts.architecture), "cpu_model": .string(facts.cpuModel),
        ]
    }

    /// libvirt's way of counting, taken apart: major * 1,000,000 + minor * 1,000 + micro.
    private static func version(_ number: Int) -> JSONValue {
        guard number > 0 else { return .null }
        return .string("\(number / 1_000_000).\(number / 1_000 % 1_000).\(number % 1_000)")
    }

    private static func condition(_ condition: HostCondition) -> JSONValue {
        [
            "code": .string(condition.code), "message": .string(condition.message),
            "blocks_vdpa": .bool(condition.blocksVDPA),
        ]
    }
}

extension DeviceState {
    /// From free to useless, as lists show them.
    static let inOrder: [DeviceState] = [.available, .claimed, .allocated, .unavailable]
}
