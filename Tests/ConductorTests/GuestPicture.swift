import ComputeModel
import Foundation
import HostDrivers
import Persistence
import SimulatedDrivers

@testable import Conductor
@testable import ImageStore

/// All that there is of an instance, stored and on the hosts, fact by fact, with names in place of
/// ids where that is possible: two pictures can be compared, and say what differs.
struct GuestPicture: Equatable, Sendable {
    var facts: [String: String] = [:]

    /// What differs from `other`: `key: this, not that`.
    func difference(from other: GuestPicture) -> [String] {
        Set(facts.keys).union(other.facts.keys).sorted().compactMap { key in
            let (own, its) = (facts[key] ?? "-", other.facts[key] ?? "-")
            // What a test can't know is not compared.
            guard own != its, own != Self.any, its != Self.any else { return nil }
            return "\(key): \(own), not \(its)"
        }
    }

    /// The value of a fact that may be anything.
    static let any = "*"

    /// The picture with other values; nil: there is no such fact.
    func with(_ changes: [String: String?]) -> GuestPicture {
        var copy = self
        for (key, value) in changes { copy.facts[key] = value }
        return copy
    }
}

extension GuestPicture {
    /// The present picture. Hosts are called `here` and `there`; `ports` are named by position.
    init(
        of id: InstanceID, in bed: InstanceTestbed, here: String, ports: [PortID]
    ) throws {
        let snapshot = try bed.documents.snapshot()
        let names = Names(here: here, ports: ports, hosts: try snapshot.list(ComputeHost.self))
        let instance = try snapshot.require(Instance.self, id.text).value
        describe(instance, names)
        for port in try ports.compactMap({ try snapshot.get(NetworkPort.self, $0.text)?.value }) {
            describe(port, instance, names)
        }
        for ledger in try snapshot.list(HostLedger.self).map(\.value) {
            let host = names.host(ledger.hostID)
            for claim in ledger.claims where claim.instanceID == id {
                facts["claim \(host)"] =
                    "\(claim.phase) \(claim.capacity.vcpus) vCPU"
                    + " \(claim.capacity.memoryMiB) MiB \(claim.capacity.diskGiB) GiB"
                    + " \(names.ports(claim.devices.compactMap(\.portID)))"
                facts["devices \(host)"] = claim.devices.map(\.deviceID.text).description
            }
        }
        for assignment in try snapshot.list(Assignment.self).map(\.value)
        where assignment.instanceID == id {
            describe(assignment, names)
        }
        for host in bed.fleet.hosts {
            describe(host.snapshot, of: id, names.name(host.spec.name), names)
        }
        facts["open events"] = try snapshot.list(
            InstanceAction.self, prefix: InstanceAction.keys(of: id)
        )
        .flatMap { $0.value.events.filter { $0.finishedAt == nil }.map(\.name) }.description
        let images = try snapshot.list(Image.self).map(\.value)
        facts["images"] = images.map { image in
            let kind = image.ownerID == .millrace ? "internal" : "visible"
            return "\(kind) \(image.status)"
        }.sorted().joined(separator: ", ")
        facts["image ids"] = images.map(\.id.text).sorted().joined(separator: ", ")
        let files = try FileManager.default.contentsOfDirectory(
            atPath: bed.server.imageDirectory.path)
        facts["image files"] = "\(files.filter { ImageFiles.isUUID($0) }.count)"
    }

    private mutating func describe(_ instance: Instance, _ names: Names) {
        facts["state"] = "\(instance.state)"
        facts["under way"] =
            "\(instance.task?.rawValue ?? "nothing")"
            + (instance.workflowID == nil ? "" : ", a workflow")
            + (instance.migrationID == nil ? "" : ", a migration")
            + (instance.moveDestination == nil ? "" : ", a destination")
        facts["wanted power"] = "\(instance.desiredPower)"
        facts["observed power"] = "\(instance.observed)"
        facts["fault"] = instance.fault.map { _ in "yes" } ?? "no"
        facts["host"] = instance.hostID.map(names.host) ?? "none"
        facts["flavor"] = instance.flavor.name
        facts["name"] = instance.name
        facts["hostname"] = instance.hostname
        facts["interfaces"] = names.ports(instance.interfaces.map(\.portID))
        facts["root"] = "\(instance.rootBuild ?? 0) of \(instance.rootImageID?.text ?? "image")"
        facts["shelved image"] = instance.shelvedImageID == nil ? "no" : "yes"
        facts["rescue image"] = instance.rescueImageID == nil ? "no" : "yes"
        facts["resize"] = instance.resize.map { "to \(names.host($0.newHostID))" } ?? "no"
    }

    private mutating func describe(
        _ port: NetworkPort, _ instance: Instance, _ names: Names
    ) {
        let name = names.port(port.id)
        facts["\(name) bound"] = port.binding.map { names.host($0.hostID) } ?? "no"
        facts["\(name) device"] = port.binding?.deviceID?.text ?? "none"
        facts["\(name) inactive"] = port.inactiveBinding.map { names.host($0.hostID) } ?? "no"
        facts["\(name) link"] = port.linkUp ? "up" : "down"
        facts["\(name) owned"] = port.deviceID == instance.id.text ? "yes" : port.deviceID
        facts["\(name) MAC"] = port.macAddress
    }

    private mutating func describe(_ assignment: Assignment, _ names: Names) {
        let host = names.host(assignment.hostID)
        facts["assigned \(host)"] =
            "\(assignment.goal.rawValue)"
            + " \(names.ports(assignment.guest.interfaces.map(\.portID)))"
            + (assignment.arrival == nil ? "" : " arriving")
            + (assignment.departure == nil ? "" : " leaving")
            + (assignment.export == nil ? "" : " copied")
            + (assignment.guest.rescue == nil ? "" : " rescued")
        facts["definition \(host)"] = "\(assignment.guest)"
    }

    private mutating func describe(
        _ found: SimulatedSnapshot, of id: InstanceID, _ host: String, _ names: Names
    ) {
        if let guest = found.guests[id] {
            facts["guest \(host)"] =
                "\(guest.power) \(names.ports(guest.plan.interfaces.map(\.portID)))"
                + (guest.transit == nil ? "" : " on its way")
            facts["guest disks \(host)"] = guest.plan.disks.map(\.path).description
        }
        if let disks = found.disks[id] {
            facts["files \(host)"] =
                "\(disks.disks.count) disks" + (disks.configDrive == nil ? "" : ", config drive")
                + (disks.copy == nil ? "" : ", a copy")
            facts["disks \(host)"] = disks.disks.keys.sorted().description
        }
        let plugged = names.ports(Array(found.vifs.keys))
        if !plugged.isEmpty { facts["switch \(host)"] = plugged }
    }

    /// What the hosts and ports of a picture are called.
    private struct Names {
        let here: String
        let ports: [PortID]
        let hosts: [Versioned<ComputeHost>]

        func name(_ host: String) -> String { host == here ? "here" : "there" }

        func host(_ id: HostID) -> String {
            hosts.first { $0.value.id == id }.map { name($0.value.name) } ?? id.text
        }

        func port(_ id: PortID) -> String {
            ports.firstIndex(of: id).map { "p\($0 + 1)" } ?? "another port"
        }

        func ports(_ ids: [PortID]) -> String { ids.map(port).sorted().joined(separator: " ") }
    }
}
