import ComputeModel
import Conductor
import JSON
import Placement
import RequestPipeline

extension ResourceTable<HostView> {
    /// Millrace's own agents, as far as they wire ports: one on each compute host.
    static func agents(_ zones: HostZones) -> ResourceTable {
        ResourceTable(
            noun: .agent, singular: "agent", plural: "agents", path: "agents",
            id: { $0.host.id.text }, tags: { _ in [] },
            attributes: [
                .init("id") { .string($0.host.id.text) },
                .init("agent_type") { _ in "Open vSwitch agent" },
                .init("binary") { _ in "millrace-agent" },
                .init("topic") { _ in "N/A" },
                .init("host") { .string($0.host.name) },
                .init("admin_state_up") { .bool(!$0.host.disabled) },
                .init("created_at") { .string(NetworkTime.agentText($0.host.createdAt)) },
                // When the agent's process began is not known here; its host's record is.
                .init("started_at") { .string(NetworkTime.agentText($0.host.createdAt)) },
                .init("heartbeat_timestamp") {
                    .string(
                        NetworkTime.agentText($0.report?.reportedAt ?? $0.host.updatedAt))
                },
                .init("description") { _ in .null },
                .init("resources_synced") { _ in .null },
                .init("availability_zone") { .string(zones.zone(of: $0.host)) },
                .init("alive") { .bool($0.isUp) },
                .init("configurations", filter: false) { Self.configurations($0) },
            ])
    }

    private static func configurations(_ view: HostView) -> JSONValue {
        let devices = view.report?.devices ?? []
        let physical = Set(devices.compactMap(\.physicalNetwork)).sorted()
        return [
            "devices": .int(devices.count), "physical_networks": .strings(physical),
            "agent_version": .optional(view.report?.agentVersion),
        ]
    }
}

extension NetworkService {
    var agentRoutes: [Route] {
        [
            Route(.get, "/v2.0/agents", .role(.admin)) { request in
                try page(agents(), hosts.list(), request)
            },
            Route(.get, "/v2.0/agents/{id}", .role(.admin)) { request in
                let id = request.parameter("id")
                guard let found = try hosts.list().first(where: { $0.host.id.text == id }) else {
                    throw DomainError.notFound(.agent, id)
                }
                return try one(agents(), found, request)
            },
        ]
    }

    private func agents() throws -> ResourceTable<HostView> {
        .agents(try aggregates.zones())
    }
}
