import ComputeModel
import Conductor
import Foundation
import JSON
import Placement
import RequestPipeline

/// Hypervisors, services and zones: the three ways in which the compute API shows hosts.
extension ComputeService {
    var hypervisorRoutes: [Route] {
        [
            route(.get, "/os-hypervisors", .admin) { try listHypervisors($0, detail: false) },
            route(.get, "/os-hypervisors/detail", .admin) {
                try listHypervisors($0, detail: true)
            },
            route(.get, "/os-hypervisors/statistics", .admin, hypervisorStatistics),
            route(.get, "/os-hypervisors/{id}", .admin, showHypervisor),
        ]
    }

    var serviceRoutes: [Route] {
        [
            route(.get, "/os-services", .admin, listServices),
            route(.put, "/os-services/{id}", .admin, updateService),
        ]
    }

    var zoneRoutes: [Route] {
        [
            route(.get, "/os-availability-zone", .reader) { try listZones($0, detail: false) },
            route(.get, "/os-availability-zone/detail", .admin) {
                try listZones($0, detail: true)
            },
        ]
    }

    private func listHypervisors(
        _ request: ComputeRequest, detail: Bool
    ) throws -> APIResponse {
        var hosts = try conductor.hosts.list()
        if let pattern = request.request.query("hypervisor_hostname_pattern") {
            hosts = hosts.filter { $0.host.name.contains(pattern) }
            guard !hosts.isEmpty else {
                throw DomainError.notFound(.hypervisor, "matching '\(pattern)'")
            }
        }
        let page = try Page(hosts, request.request, .hypervisor) { $0.host.id.text }
        return .ok([
            "hypervisors": .array(
                page.items.map { hypervisor($0, request.version, detail: detail) })
        ])
    }

    private func showHypervisor(_ request: ComputeRequest) throws -> APIResponse {
        let id = request.parameter("id")
        guard UUID(uuidString: id) != nil else {
            throw DomainError.invalid(.hypervisor, field: "id", "Invalid uuid \(id)")
        }
        let host = try conductor.hosts.show(HostID(id), as: .hypervisor)
        return .ok(["hypervisor": hypervisor(host, request.version, detail: true)])
    }

    private func hypervisor(
        _ view: HostView, _ version: Microversion, detail: Bool
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(view.host.id.text)),
            .init("hypervisor_hostname", .string(view.host.name)),
            .init("state", view.isUp ? "up" : "down"),
            .init("status", view.host.disabled ? "disabled" : "enabled"),
        ]
        guard detail else { return .object(members) }
        members += [
            .init("hypervisor_type", .string(view.report?.hypervisor.type ?? "")),
            .init("hypervisor_version", .int(view.report?.hypervisor.version ?? 0)),
            .init("host_ip", .string(view.report?.address ?? "")),
            .init(
                "service",
                [
                    "id": .string(view.host.id.text), "host": .string(view.host.name),
                    "disabled_reason": .optional(view.host.disabledReason),
                ]),
        ]
        members +=
            version >= .hypervisorSlim ? [.init("uptime", .null)] : amounts(view, version)
        return .object(members)
    }

    /// The numbers that old microversions show and 2.88 dropped.
    private func amounts(_ view: HostView, _ version: Microversion) -> [JSONValue.Member] {
        let taken = view.ledger.taken
        let memory = view.report?.memoryMiB ?? 0
        let disk = view.report?.diskGiB ?? 0
        let cpuInfo: JSONValue = [
            "arch": .string(view.report?.hypervisor.architecture ?? ""),
            "model": .string(view.report?.hypervisor.cpuModel ?? ""),
        ]
        let isObject = version >= .hypervisorCPUInfoObject
        return [
            .init("vcpus", .int(view.report?.cpus ?? 0)), .init("vcpus_used", .int(taken.vcpus)),
            .init("memory_mb", .int(memory)), .init("memory_mb_used", .int(taken.memoryMiB)),
            .init("free_ram_mb", .int(memory - taken.memoryMiB)),
            .init("local_gb", .int(disk)), .init("local_gb_used", .int(taken.diskGiB)),
            .init("free_disk_gb", .int(disk - taken.diskGiB)),
            .init("disk_available_least", .int(disk - taken.diskGiB)),
            .init("running_vms", .int(view.ledger.claims.count)),
            .init("current_workload", 0),
            .init(
                "cpu_info",
                isObject
                    ? cpuInfo
                    : .string(String(decoding: JSONWriter.encode(cpuInfo), as: UTF8.self))),
        ]
    }

    private func hypervisorStatistics(_ request: ComputeRequest) throws -> APIResponse {
        guard request.version < .hypervisorSlim else {
            throw DomainError.notFound(.hypervisor, "statistics")
        }
        let hosts = try conductor.hosts.list()
        var members: [JSONValue.Member] = [.init("count", .int(hosts.count))]
        for (index, member) in (hosts.first.map { amounts($0, request.version) } ?? [])
            .enumerated() where member.key != "cpu_info"
        {
            let sum = hosts.reduce(Int64(0)) { sum, host in
                guard case .integer(let value) = amounts(host, request.version)[index].value
                else { return sum }
                return sum + value
            }
            members.append(.init(member.key, .integer(sum)))
        }
        return .ok(["hypervisor_statistics": .object(members)])
    }
}

// MARK: - Services

extension ComputeService {
    /// What the API has always called the program on a compute host.
    private static let binary = "nova-compute"

    private func listServices(_ request: ComputeRequest) throws -> APIResponse {
        let host = request.request.query("host")
        let binary = request.request.query("binary")
        let views = try conductor.hosts.list().filter {
            (host == nil || $0.host.name == host) && (binary == nil || binary == Self.binary)
        }
        let zones = try conductor.aggregates.zones()
        return .ok(["services": .array(views.map { service($0, zones, request.version) })])
    }

    private func updateService(_ request: ComputeRequest) async throws -> APIResponse {
        guard request.version >= .uuidsOfServices else {
            throw DomainError.notFound(.request, request.request.path)
        }
        var body = try BodyReader(await request.request.json(), path: "service", noun: .service)
        let status = try body.string("status")
        let reason = try body.string("disabled_reason", length: 1...255)
        let forcedDown = try body.bool("forced_down")
        try body.finish()
        guard status == nil || status == "enabled" || status == "disabled" else {
            throw body.invalid("status", "it is 'enabled' or 'disabled'.")
        }
        guard reason == nil || status == "disabled" else {
            throw body.invalid("disabled_reason", "it goes with status 'disabled' only.")
        }
        guard status != nil || forcedDown != nil else {
            throw body.invalid("status", "give 'status' or 'forced_down'.")
        }
        let view = try await conductor.hosts.update(
            HostID(request.parameter("id")), disabled: status.map { $0 == "disabled" },
            reason: reason, forcedDown: forcedDown)
        return .ok(["service": service(view, try conductor.aggregates.zones(), request.version)])
    }

    private func service(
        _ view: HostView, _ zones: HostZones, _ version: Microversion
    ) -> JSONValue {
        let heard = conductor.context.now() - (view.silence?.seconds ?? 0)
        var members: [JSONValue.Member] = [
            .init("binary", .string(Self.binary)), .init("host", .string(view.host.name)),
            .init("id", .string(view.host.id.text)),
            .init("zone", .string(zones.zone(of: view.host))),
            .init("status", view.host.disabled ? "disabled" : "enabled"),
            .init("state", view.isUp ? "up" : "down"),
            .init(
                "updated_at", view.silence == nil ? .null : .string(APITime.micros(heard))),
            .init("disabled_reason", .optional(view.host.disabledReason)),
        ]
        if version >= .forcedDown {
            members.append(.init("forced_down", .bool(view.host.forcedDown)))
        }
        return .object(members)
    }

    private func listZones(_ request: ComputeRequest, detail: Bool) throws -> APIResponse {
        let places = try conductor.aggregates.zones()
        let zones = Dictionary(grouping: try conductor.hosts.list()) { places.zone(of: $0.host) }
        let views = zones.sorted { $0.key < $1.key }.map { zone, hosts -> JSONValue in
            let available = hosts.contains { $0.isUp && !$0.host.disabled }
            return [
                "zoneName": .string(zone), "zoneState": ["available": .bool(available)],
                "hosts": detail ? zoneHosts(hosts) : .null,
            ]
        }
        return .ok(["availabilityZoneInfo": .array(views)])
    }

    private func zoneHosts(_ hosts: [HostView]) -> JSONValue {
        .object(
            hosts.map { view in
                let heard = conductor.context.now() - (view.silence?.seconds ?? 0)
                return .init(
                    view.host.name,
                    [
                        "nova-compute": [
                            "available": .bool(view.isUp), "active": .bool(!view.host.disabled),
                            "updated_at": .string(APITime.micros(heard)),
                        ]
                    ])
            })
    }
}

extension Duration {
    /// Seconds, for dates.
    fileprivate var seconds: TimeInterval {
        TimeInterval(components.seconds) + TimeInterval(components.attoseconds) / 1e18
    }
}
