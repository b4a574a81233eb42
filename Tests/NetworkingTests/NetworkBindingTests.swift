import ComputeModel
import Foundation
import Persistence
import TestSupport
import Testing

@testable import Networking

@Suite struct NetworkBindingTests {
    typealias Bed = NetworkTestbed
    private let instance = InstanceID("0b105883-b09e-4ed1-ad9d-5fc15246bc57")
    private let binding = PortBinding(
        hostID: .init("h1"), hostName: "compute1", deviceID: .init("d1"),
        pciVendorInfo: "15b3:101e", pciSlot: "0000:06:02.0", physicalNetwork: "physnet1")

    private func bind(
        _ bed: Bed, _ port: PortID, adopted: String? = nil
    ) async throws -> NetworkPort {
        try await bed.transact {
            try bed.ports.bind(
                bed.stored(port), binding: binding, adoptedMAC: adopted, in: &$0)
        }
    }

    private func reserve(_ bed: Bed, _ port: PortID) async throws {
        _ = try await bed.transact {
            try bed.ports.reserve(
                bed.ports.attachable(port, Bed.member), for: instance, zone: "nova", in: &$0)
        }
    }

    @Test func aPortGoesThroughALife() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let port = try await bed.port(on: network) { $0.vnicType = .vdpa }
        try await reserve(bed, port.id)
        #expect(try bed.stored(port.id).value.deviceOwner == "compute:nova")
        #expect(try bed.ports.used(by: instance.text).map(\.id) == [port.id])
        let again = await Refusal.of { _ = try bed.ports.attachable(port.id, Bed.member) }
        #expect(again == .conflict(.port, .portInUse))
        let bound = try await bind(bed, port.id)
        #expect(bound.binding?.pciSlot == "0000:06:02.0" && !bound.linkUp)
        _ = try await bed.context.documents.mutate(NetworkPort.self, port.id.text) {
            $0.linkUp = true
        }
        let kept = try await bed.transact {
            try bed.ports.unbind(bed.stored(port.id), keepDevice: true, in: &$0)
        }
        #expect(kept.deviceID == instance.text && kept.binding == nil && !kept.linkUp)
        let freed = try await bed.transact {
            try bed.ports.unbind(bed.stored(port.id), keepDevice: false, in: &$0)
        }
        #expect(freed.deviceID.isEmpty && freed.deviceOwner.isEmpty)
        _ = try bed.ports.attachable(port.id, Bed.member)
    }

    @Test func aBoundPortWearsTheDevicesMACAndGetsItsOwnBack() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let port = try await bed.port(on: network)
        let bound = try await bind(bed, port.id, adopted: "52:54:00:00:00:AA")
        #expect(bound.macAddress == "52:54:00:00:00:aa")
        #expect(bound.ownMACAddress == port.macAddress)
        // Another host's device, then none that lends.
        #expect(
            try await bind(bed, port.id, adopted: "52:54:00:00:00:bb").macAddress
                == "52:54:00:00:00:bb")
        #expect(try bed.reservations("mac").count == 2)
        let freed = try await bed.transact {
            try bed.ports.unbind(bed.stored(port.id), keepDevice: false, in: &$0)
        }
        #expect(freed.macAddress == port.macAddress)
        #expect(try bed.reservations("mac").map(\.value) == [port.macAddress])
    }

    @Test func nobodyTakesTheMACThatAPortWillReturnTo() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let port = try await bed.port(on: network)
        _ = try await bind(bed, port.id, adopted: "52:54:00:00:00:aa")
        for mac in [port.macAddress, "52:54:00:00:00:aa"] {
            let refusal = await Refusal.of {
                _ = try await bed.port(on: network) { $0.macAddress = MACAddress(mac) }
            }
            #expect(refusal == .conflict(.port, .macInUse))
        }
        let other = try await bed.port(on: network)
        let refusal = await Refusal.of {
            _ = try await bind(bed, other.id, adopted: "52:54:00:00:00:aa")
        }
        #expect(refusal == .conflict(.port, .macInUse))
    }

    @Test func aMACThatAUserChoseIsNotReplaced() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let port = try await bed.port(on: network) {
            $0.macAddress = MACAddress("fa:16:3e:00:00:77")
        }
        let refusal = await Refusal.of {
            _ = try await bind(bed, port.id, adopted: "52:54:00:00:00:aa")
        }
        #expect(refusal == .conflict(.port, .state))
        #expect(try await bind(bed, port.id, adopted: "fa:16:3e:00:00:77").binding == binding)
    }

    @Test func boundPortsKeepWhatTheirGuestDependsOn() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let port = try await bed.port(on: network)
        try await reserve(bed, port.id)
        _ = try await bind(bed, port.id)
        var type = PortChange()
        type.vnicType = .vdpa
        var mac = PortChange()
        mac.macAddress = MACAddress("fa:16:3e:00:00:77")
        var profile = PortChange()
        profile.userProfile = ["trusted": "true"]
        for change in [type, mac, profile] {
            let refusal = await Refusal.of {
                _ = try await bed.ports.update(port.id, Bed.admin, change)
            }
            #expect(refusal == .conflict(.port, .portBound))
        }
        var user = PortChange()
        user.deviceID = ""
        let refusal = await Refusal.of { _ = try await bed.ports.update(port.id, Bed.member, user) }
        #expect(refusal == .conflict(.port, .portInUse))
        let deletion = await Refusal.of { try await bed.ports.delete(port.id, Bed.member) }
        #expect(deletion == .conflict(.port, .portInUse))
        var name = PortChange()
        name.name = "renamed"
        #expect(try await bed.ports.update(port.id, Bed.member, name).name == "renamed")
    }

    @Test func nobodySlipsAPortUnderAServer() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let flavor = Flavor(id: .init("f"), name: "f", vcpus: 1, memoryMiB: 64, diskGiB: 1)
        let server = Instance(
            id: instance, projectID: Bed.other.projectID, userID: .init("u"), name: "s",
            hostname: "s", flavor: flavor, imageID: .init("i"), reservationID: "r-1",
            createdAt: bed.context.now())
        try await bed.transact { try $0.insert(server) }
        let creation = await Refusal.of {
            _ = try await bed.port(on: network) { $0.deviceID = instance.text }
        }
        #expect(creation == .conflict(.port, .portInUse))
        let port = try await bed.port(on: network) { $0.deviceID = "a router of mine" }
        var change = PortChange()
        change.deviceID = instance.text
        let update = await Refusal.of {
            _ = try await bed.ports.update(port.id, Bed.member, change)
        }
        #expect(update == .conflict(.port, .portInUse))
        try await bed.ports.delete(port.id, Bed.member)
    }

    @Test func portsComeAndGoTogetherWithTheirReservations() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let requests = Array(repeating: PortRequest(networkID: network.id), count: 3)
        let made = try await bed.ports.create(requests, Bed.member)
        #expect(Set(made.flatMap(\.fixedIPs).map(\.address)).count == 3)
        #expect(made.allSatisfy { $0.vnicType == .normal })
        #expect(Set(made.flatMap(\.securityGroups)).count == 1)
        _ = try await bind(bed, made[0].id, adopted: "52:54:00:00:00:aa")
        for port in made {
            try await bed.transact { try bed.ports.remove(bed.stored(port.id), in: &$0) }
        }
        #expect(try bed.reservations("ip").isEmpty)
        #expect(try bed.reservations("mac").isEmpty)
    }

    @Test func attachablePortsNeedAnAddressAndTheRightProject() async throws {
        let bed = try await Bed()
        let (network, _) = try await bed.network()
        let bare = try await bed.port(on: network) { $0.fixedIPs = [] }
        let noAddress = await Refusal.of { _ = try bed.ports.attachable(bare.id, Bed.member) }
        #expect(noAddress == .invalid(.port, "port"))
        let stranger = await Refusal.of { _ = try bed.ports.attachable(bare.id, Bed.other) }
        #expect(stranger == .notFound(.port))
        let nonsense = await Refusal.of {
            _ = try bed.ports.attachable(PortID("a b/../c"), Bed.member)
        }
        #expect(nonsense == .notFound(.port))
    }
}
