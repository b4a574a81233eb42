import ComputeModel
import HostDrivers
import SimulatedDrivers
import TestSupport
import Testing

@testable import Conductor

@Suite struct InstanceLifecycleTests {
    @Test func anInstanceIsBuiltAndRuns() async throws {
        try await InstanceTestbed.run { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            let instance = try await bed.settled(id, .active)
            let host = try bed.hostID()
            #expect(instance.hostID == host)
            #expect(instance.hostName == "h1")
            #expect(instance.zone == "nova")
            #expect(instance.task == nil)
            #expect(instance.launchedAt != nil)
            #expect(instance.fault == nil)

            let claim = try #require(try bed.claims().first)
            #expect(claim.instanceID == id)
            #expect(claim.phase == .allocated)
            #expect(claim.devices.map(\.portID) == [port.id])
            let device = try #require(claim.devices.first?.deviceID)

            let bound = try bed.port(port.id)
            #expect(bound.binding?.hostID == host)
            #expect(bound.binding?.deviceID == device)
            #expect(bound.binding?.pciSlot == "0000:10:00.1")
            #expect(bound.binding?.pciVendorInfo == "15b3:101e")
            #expect(bound.binding?.physicalNetwork == "physnet1")
            #expect(bound.deviceID == id.text)
            #expect(bound.deviceOwner == "compute:nova")
            #expect(bound.macAddress == port.macAddress)

            let key = Assignment.key(host, id)
            let assignment = try bed.documents.require(Assignment.self, key).value
            #expect(assignment.goal == .running)
            let nic = try #require(assignment.guest.interfaces.first)
            #expect(nic.macAddress == port.macAddress)
            #expect(nic.vlanTag == 100)
            #expect(nic.addresses.map(\.address) == port.fixedIPs.map(\.address))
            #expect(assignment.guest.image.sizeBytes == 65_536)

            let snapshot = bed.fleet.hosts[0].snapshot
            #expect(snapshot.running == [id])
            #expect(
                snapshot.devices.first { $0.id == device }?.macAddress == port.macAddress)
        }
    }

    @Test func theWireOfAPortShows() async throws {
        try await InstanceTestbed.run { bed in
            let port = try await bed.port()
            try await bed.settled(try await bed.create([port]), .active)
            for isUp in [true, false, true] {
                bed.fleet.hosts[0].setWire(port.id, isUp: isUp)
                try await bed.documents.wait(
                    for: NetworkPort.self, port.id.text, timeout: InstanceTestbed.patience
                ) { $0?.value.linkUp == isUp ? () : nil }
            }
        }
    }

    @Test func nothingIsLeftOfADeletedInstance() async throws {
        try await InstanceTestbed.run { bed in
            let ports = [try await bed.port(), try await bed.port()]
            let id = try await bed.create(ports)
            try await bed.settled(id, .active)
            try await bed.delete(id)
            let deleted = try await bed.settled(id, .deleted)
            #expect(deleted.terminatedAt != nil)
            #expect(deleted.hostID == nil)
            #expect(try bed.remains(of: id) == [])
            for port in ports { #expect(try bed.isFree(port)) }
            #expect(throws: DomainError.self) {
                try bed.conductor.instances.show(id, InstanceTestbed.member)
            }
            let caller = InstanceTestbed.member
            #expect(try bed.conductor.instances.list(caller).isEmpty)
            #expect(try bed.conductor.instances.list(caller, deleted: true).map(\.id) == [id])
        }
    }

    @Test func whatWasDoneIsInTheEventList() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            try await bed.documents.wait(
                watching: [InstanceAction.self], timeout: InstanceTestbed.patience
            ) { snapshot in
                try snapshot.list(InstanceAction.self).allSatisfy { action in
                    action.value.events.allSatisfy { $0.result == "Success" }
                } ? () : nil
            }
            let actions = try bed.conductor.actions.list(id)
            #expect(actions.map(\.action) == ["delete", "create"])
            #expect(
                actions.map { $0.events.map(\.name) } == [
                    ["compute_terminate_instance"],
                    [
                        "conductor_schedule_and_build_instances",
                        "compute__do_build_and_run_instance",
                    ],
                ])
        }
    }

    @Test func deletingTwiceIsDeletingOnce() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            for number in 1...3 { try await bed.delete(id, request: "req-\(number)") }
            try await bed.settled(id, .deleted)
            #expect(try bed.conductor.actions.list(id).map(\.action) == ["delete", "create"])
            await #expect(throws: DomainError.self) { try await bed.delete(id) }
        }
    }

    @Test func aLockedInstanceIsDeletedByAdministratorsOnly() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            try await bed.documents.mutate(Instance.self, id.text) { $0.locked = true }
            let refusal = await Refusal.of { try await bed.delete(id) }
            #expect(refusal == .conflict(.server, .locked))
            try await bed.conductor.instances.delete(id, InstanceTestbed.admin)
            try await bed.settled(id, .deleted)
        }
    }

    @Test func aGuestThatEndsByItselfIsStopped() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            bed.fleet.hosts[0].powerOff(id)
            try await bed.documents.wait(
                for: Instance.self, id.text, timeout: InstanceTestbed.patience
            ) { $0?.value.observed == .shutdown || $0?.value.state == .stopped ? () : nil }
            #expect(try bed.claims().map(\.phase) == [.allocated])
            try await bed.delete(id)
            try await bed.settled(id, .deleted)
            #expect(try bed.remains(of: id) == [])
        }
    }
}
