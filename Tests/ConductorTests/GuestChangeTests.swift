import ComputeModel
import SimulatedDrivers
import TestSupport
import Testing

@testable import Conductor

/// Operations on the host where the instance is.
@Suite struct GuestChangeTests {
    @Test func powerGoesOffAndOn() async throws {
        try await InstanceTestbed.run { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            try await bed.complete(.stop, id, expecting: .stopped)
            #expect(try bed.power(id, on: "h1") == .shutdown)
            #expect(try bed.freeDevices("h1") == 1)
            #expect(try bed.instance(id).desiredPower == .stopped)
            try await bed.audit()
            try await bed.complete(.start, id, expecting: .active)
            #expect(try bed.power(id, on: "h1") == .running)
            try await bed.audit()
        }
    }

    @Test(arguments: [GuestRestart.soft, .hard])
    func rebootsBuildTheGuestAnew(_ kind: GuestRestart) async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let before = try bed.host("h1").snapshot.guests[id]?.plan.generation
            try await bed.complete(.reboot(kind), id, expecting: .active)
            let after = try bed.host("h1").snapshot.guests[id]?.plan.generation
            #expect((after ?? 0) > (before ?? 0))
            #expect(try bed.power(id, on: "h1") == .running)
            try await bed.audit()
        }
    }

    @Test func pausedAndSuspendedGuestsComeBackWithTheirNICs() async throws {
        try await InstanceTestbed.run { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            try await bed.complete(.pause, id, expecting: .paused)
            #expect(try bed.power(id, on: "h1") == .paused)
            try await bed.complete(.unpause, id, expecting: .active)
            try await bed.complete(.suspend, id, expecting: .suspended)
            #expect(try bed.power(id, on: "h1") == .suspended)
            #expect(try bed.freeDevices("h1") == 1)
            #expect(try bed.host("h1").snapshot.vifs.isEmpty)
            try await bed.audit()
            try await bed.complete(.resume, id, expecting: .active)
            #expect(try bed.power(id, on: "h1") == .running)
            #expect(try bed.guestPorts(id, on: "h1") == [port.id])
            #expect(try bed.host("h1").snapshot.vifs[port.id] != nil)
            try await bed.audit()
        }
    }

    @Test func rescueAndRebuildChangeTheDisk() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            try await bed.complete(.rescue(image: nil), id, expecting: .rescued)
            #expect(try bed.host("h1").snapshot.guests[id]?.plan.disks.count == 2)
            try await bed.complete(.unrescue, id, expecting: .active)
            #expect(try bed.host("h1").snapshot.guests[id]?.plan.disks.count == 1)
            var request = RebuildRequest(imageID: bed.image.id)
            request.name = "renamed"
            _ = try await bed.conductor.instances.rebuild(id, InstanceTestbed.member, request)
            let rebuilt = try await bed.settled(id, .active)
            #expect(rebuilt.name == "renamed")
            #expect(rebuilt.rootBuild == 1)
            try await bed.audit()
        }
    }

    @Test func snapshotsBecomeImages() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let image = try await bed.conductor.instances.createImage(
                id, InstanceTestbed.member, name: "snap", properties: ["a": "b"])
            try await bed.settled(id, .active)
            let stored = try bed.documents.require(Image.self, image.text).value
            #expect(stored.status == .active)
            #expect(stored.ownerID == InstanceTestbed.member.projectID)
            #expect(stored.properties["a"] == "b")
            try await bed.audit()
        }
    }

    @Test func wrongStatesAndLocksAreRefused() async throws {
        try await InstanceTestbed.run { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let refusal = await Refusal.of { try await bed.perform(.resume, id) }
            #expect(refusal == .conflict(.server, .state))
            try await bed.conductor.instances.setLock(
                id, InstanceTestbed.member, locked: true, reason: "mine")
            let locked = await Refusal.of {
                try await bed.perform(.stop, id, InstanceTestbed.member)
            }
            #expect(locked == .conflict(.server, .locked))
            try await bed.complete(.stop, id, expecting: .stopped)
        }
    }

    @Test func aRefusedUnplugLeavesASuspendedGuestRunningWithItsNIC() async throws {
        try await InstanceTestbed.run { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            bed.fleet.hosts[0].ignoreUnplug(id)
            try await bed.perform(.suspend, id)
            try await bed.settled(id, .active)
            #expect(try bed.power(id, on: "h1") == .running)
            #expect(try bed.guestPorts(id, on: "h1") == [port.id])
            #expect(try bed.host("h1").snapshot.vifs[port.id] != nil)
            let event = try await bed.lastEvent(id)
            #expect(event?.result == "Error")
            try await bed.audit()
        }
    }
}

/// NICs that come and go.
@Suite struct InterfaceTests {
    @Test func aPortIsAttachedAndDetached() async throws {
        try await InstanceTestbed.run { bed in
            let first = try await bed.port()
            let second = try await bed.port()
            let id = try await bed.create([first])
            try await bed.settled(id, .active)
            _ = try await bed.conductor.instances.attach(
                id, InstanceTestbed.member, AttachmentRequest(portID: second.id))
            #expect(try bed.guestPorts(id, on: "h1") == [first.id, second.id])
            #expect(try bed.freeDevices("h1") == 0)
            #expect(try bed.port(second.id).binding != nil)
            try await bed.audit()
            try await bed.conductor.instances.detach(
                id, InstanceTestbed.member, port: second.id)
            try await bed.settled(id, .active)
            #expect(try bed.guestPorts(id, on: "h1") == [first.id])
            #expect(try bed.freeDevices("h1") == 1)
            #expect(try bed.isFree(second))
            try await bed.audit()
        }
    }

    @Test func withoutADeviceNothingIsAttached() async throws {
        try await InstanceTestbed.run([.small("h1", devices: 1)]) { bed in
            let id = try await bed.create([try await bed.port()])
            try await bed.settled(id, .active)
            let second = try await bed.port()
            let refusal = await Refusal.of {
                _ = try await bed.conductor.instances.attach(
                    id, InstanceTestbed.member, AttachmentRequest(portID: second.id))
            }
            #expect(refusal == .invalid(.port, "port_id"))
            #expect(try bed.isFree(second))
            try await bed.audit()
        }
    }

    @Test func aGuestThatKeepsItsNICKeepsPortAndDevice() async throws {
        try await InstanceTestbed.run { bed in
            let port = try await bed.port()
            let id = try await bed.create([port])
            try await bed.settled(id, .active)
            bed.fleet.hosts[0].ignoreUnplug(id)
            try await bed.conductor.instances.detach(id, InstanceTestbed.member, port: port.id)
            try await bed.settled(id, .active)
            #expect(try bed.guestPorts(id, on: "h1") == [port.id])
            #expect(try bed.host("h1").snapshot.vifs[port.id] != nil)
            #expect(try bed.port(port.id).deviceID == id.text)
            #expect(try bed.freeDevices("h1") == 1)
            let event = try await bed.lastEvent(id)
            #expect(event?.name == "compute_detach_interface")
            #expect(event?.result == "Error")
            try await bed.audit()
        }
    }
}
