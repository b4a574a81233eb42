import ComputeModel
import Foundation
import Persistence
import SimulatedDrivers
import Testing
import Workflow

@testable import Conductor

// What the tests of the lifecycle ask of a testbed.
extension InstanceTestbed {
    static let bigFlavor = Flavor(
        id: FlavorID("big"), name: "big", vcpus: 2, memoryMiB: 128, diskGiB: 2)

    /// vDPA devices of a host that nobody has.
    func freeDevices(_ host: String) throws -> Int {
        let id = try hostID(host)
        return try conductor.hosts.show(id).devices.available.count { $0.kind == .vdpa }
    }

    func perform(
        _ command: InstanceCommand, _ id: InstanceID, _ caller: Caller = admin
    ) async throws {
        var caller = caller
        caller.requestID = APIRequestID("req-\(UUID().uuidString.lowercased())")
        try await conductor.instances.perform(command, on: id, caller)
    }

    /// Asks, and waits until nothing is being done any more.
    @discardableResult
    func complete(
        _ command: InstanceCommand, _ id: InstanceID, expecting state: InstanceState
    ) async throws -> Instance {
        try await perform(command, id)
        let last = try await settled(id, state)
        try await idle()
        return last
    }

    /// Waits until no workflow is under way.
    func idle() async throws {
        try await telling("all workflows to be settled") {
            try await documents.wait(
                watching: [WorkflowRecord.self], timeout: Self.patience
            ) { snapshot -> Void? in
                try snapshot.list(WorkflowRecord.self).allSatisfy { $0.value.status.isSettled }
                    ? () : nil
            }
        }
    }

    /// Fails the test when anything that is stored disagrees.
    func audit(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await idle()
        let findings = try Audit(documents.snapshot()).findings()
        #expect(
            findings.isEmpty, "\(findings.map { "\($0.kind) \($0.object): \($0.detail)" })",
            sourceLocation: sourceLocation)
    }

    /// Tells the control plane that a host is dead, or that it isn't any more.
    func declareDown(_ host: String, _ isDown: Bool) async throws {
        try await conductor.hosts.update(
            try hostID(host), disabled: nil, reason: nil, forcedDown: isDown)
    }

    /// The host that the instance is on.
    func hostName(_ id: InstanceID) throws -> String? { try instance(id).hostName }

    func host(_ name: String) throws -> SimulatedHost {
        let host = fleet.hosts.first { $0.spec.name == name }
        return try #require(host)
    }

    /// The power of the guest on a host; nil when it isn't there.
    func power(_ id: InstanceID, on host: String) throws -> GuestPower? {
        try self.host(host).snapshot.guests[id]?.power
    }

    /// Ports of the guest's NICs on a host.
    func guestPorts(_ id: InstanceID, on host: String) throws -> [PortID] {
        try self.host(host).snapshot.guests[id]?.plan.interfaces.map(\.portID) ?? []
    }

    /// The name of the last event of an instance, with its result.
    func lastEvent(_ id: InstanceID) async throws -> (name: String, result: String?)? {
        try await idle()
        return try conductor.actions.list(id).first?.events.last.map { ($0.name, $0.result) }
    }
}
