import ComputeModel
import Conductor
import DeviceTracking
import JSON
import Placement
import RequestPipeline
import Scheduler
import Workflow

extension OperatorService {
    /// Ports that one question may name.
    private static let portsMax = 64

    func showPlacement(_ request: APIRequest) throws -> APIResponse {
        let operation = try operation(request)
        guard
            let record = try conductor.placements.record(of: WorkflowID(operation.id))
        else {
            throw DomainError.invalid(
                .workflow, field: nil,
                "Operation \(operation.id) (\(operation.kind)) has not chosen a host, or chose it"
                    + " before its server was upgraded.")
        }
        let instance = try conductor.readModel().instance(InstanceID(operation.subject))
        var json = PlacementJSON(record).members
        json.insert(.init("operation_id", .string(operation.id)), at: 0)
        json.insert(.init("subject", .string(operation.subject)), at: 1)
        json.insert(.init("status", .string(operation.status.rawValue)), at: 2)
        json.insert(.init("placed_on", .optional(instance?.hostName)), at: 3)
        return .ok(.object(json))
    }

    /// Where an instance would go: nothing is created or claimed.
    func tryPlacement(_ request: APIRequest) async throws -> APIResponse {
        var body = try BodyReader(try await request.json(), path: "placement", noun: .request)
        guard let flavor = try body.string("flavor", length: 1...255) else {
            throw body.missing("flavor")
        }
        var question = PlacementQuestion(flavor: flavor)
        question.image = try body.string("image", length: 1...255)
        question.ports = try body.strings("ports") ?? []
        question.zone = try body.string("availability_zone", length: 1...255)
        question.hostName = try body.string("host", length: 1...255)
        question.serverGroupID =
            try body.string("server_group", length: 1...255).map { ServerGroupID($0) }
        try body.finish()
        guard question.ports.count <= Self.portsMax else {
            throw body.invalid("ports", "at most \(Self.portsMax) may be given.")
        }
        return .ok(.object(PlacementJSON(try conductor.placements.explain(question)).members))
    }
}

/// A placement's story as this API shows it.
struct PlacementJSON {
    private let record: PlacementRecord

    init(_ record: PlacementRecord) { self.record = record }

    var members: [JSONValue.Member] {
        [
            .init("decided_at", APITime.text(record.decidedAt)),
            .init("host_count", .int(record.hostCount)),
            .init("conflicts", .int(record.conflicts)),
            .init("chosen", record.chosen.map(Self.choice) ?? .null),
            .init("alternates", .array(record.alternates.map(Self.choice))),
            .init("refused", .array(refused)),
            .init("complete", .bool(record.isComplete)),
            .init("hosts", .array(record.rejections.map(Self.rejection))),
        ]
    }

    private var refused: [JSONValue] {
        record.refusedCounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            ["category": .string($0.key), "hosts": .int($0.value)]
        }
    }

    private static func choice(_ choice: PlacementRecord.Choice) -> JSONValue {
        [
            "host": .string(choice.hostName), "host_id": .string(choice.hostID.text),
            "devices": .array(
                choice.devices.map { device in
                    [
                        "device_id": .string(device.deviceID.text),
                        "port_id": .optional(device.portID?.text),
                        "alias": .optional(device.alias),
                    ]
                }),
            "numa_cells": choice.numa.map { .array($0.cells.map(cell)) } ?? .null,
            "weights": .array(
                choice.weights.map { weight in
                    [
                        "name": .string(weight.name), "value": .int(weight.value),
                        "share": .number(weight.share),
                    ]
                }),
        ]
    }

    private static func cell(_ cell: NUMACellPlacement) -> JSONValue {
        [
            "host_cell": .int(cell.hostCell), "vcpus": .array(cell.vcpus.map { .int($0) }),
            "memory_mib": .int(cell.memoryMiB), "page_size_kib": .optional(cell.pageSizeKiB),
            "pins": .array(
                cell.pins.map { ["vcpu": .int($0.vcpu), "host_cpu": .int($0.hostCPU)] }),
        ]
    }

    private static func rejection(_ rejection: HostRejection) -> JSONValue {
        [
            "host": .string(rejection.hostName), "host_id": .string(rejection.hostID.text),
            "reasons": .strings(rejection.reasons.map(\.description)),
            "devices": .array(
                rejection.reasons.flatMap { reason -> [JSONValue] in
                    guard case .device(let shortage) = reason else { return [] }
                    return shortage.devices.map(device)
                }),
        ]
    }

    private static func device(_ verdict: DeviceVerdict) -> JSONValue {
        [
            "device_id": .string(verdict.deviceID.text),
            "address": .string("\(verdict.address)"), "reason": .string("\(verdict)"),
        ]
    }
}
