import ComputeModel
import Conductor
import Crypto
import Foundation
import JSON
import RequestPipeline

/// Instances as the compute API shows them, in the form of one microversion. Made once per
/// request from one view of the state.
struct ServerViews {
    let version: Microversion
    let caller: Caller
    let base: String
    let stored: ReadModel
    /// Whether a host is alive.
    let isUp: (HostID) throws -> Bool

    /// The short form of lists.
    func brief(_ instance: Instance) -> JSONValue {
        [
            "id": .string(instance.id.text), "name": .string(instance.name),
            "links": links(instance),
        ]
    }

    /// The long form. `isShow` adds what only the call for one server has.
    func full(_ instance: Instance, isShow: Bool) throws -> JSONValue {
        var members: [JSONValue.Member] = try basics(instance)
        members += extended(instance)
        if caller.isAdmin { members += try administrative(instance) }
        members += try versioned(instance, isShow: isShow)
        members += fault(instance)
        return .object(members)
    }

    /// The answer to a rebuild: before 2.75 it lacked most of what `show` has.
    func rebuilt(_ instance: Instance, password: String) throws -> JSONValue {
        let userData = "OS-EXT-SRV-ATTR:user_data"
        var members: [JSONValue.Member] = try basics(instance)
        if version >= .rebuildShowsAll {
            members += extended(instance)
            if caller.isAdmin { members += try administrative(instance) }
            members += try versioned(instance, isShow: true)
            members.removeAll { $0.key == userData }
        } else {
            if version >= .rebuildKey {
                members.append(.init("key_name", .optional(instance.keyName)))
            }
            members += try versioned(instance, isShow: false)
        }
        members += fault(instance)
        members.append(.init("adminPass", .string(password)))
        if version >= .rebuildUserData {
            members.append(.init("user_data", .optional(instance.userData)))
        }
        return .object(members)
    }

    func links(_ instance: Instance) -> JSONValue {
        [
            ["rel": "self", "href": .string("\(base)/v2.1/servers/\(instance.id)")],
            ["rel": "bookmark", "href": .string("\(base)/servers/\(instance.id)")],
        ]
    }

    private func basics(_ instance: Instance) throws -> [JSONValue.Member] {
        let status = ServerStatus.of(instance)
        var members: [JSONValue.Member] = [
            .init("accessIPv4", ""), .init("accessIPv6", ""),
            .init("addresses", try addresses(instance)),
            .init("created", .string(APITime.seconds(instance.createdAt))),
            .init("flavor", flavorView(instance.shownFlavor)),
            .init("hostId", .string(hostID(instance))), .init("id", .string(instance.id.text)),
            .init("image", try imageView(instance)), .init("links", links(instance)),
            .init("metadata", .map(instance.metadata)), .init("name", .string(instance.name)),
            .init("status", .string(status)),
            .init("tenant_id", .string(instance.projectID.text)),
            .init("user_id", .string(instance.userID.text)),
            .init("updated", .string(APITime.seconds(instance.updatedAt))),
            .init("OS-DCF:diskConfig", "MANUAL"),
        ]
        if ServerStatus.withProgress.contains(status) {
            members.append(.init("progress", .int(try progress(instance))))
        }
        return members
    }

    /// How much of a live migration's memory and disks has arrived, in percent; 0 for all else.
    private func progress(_ instance: Instance) throws -> Int {
        guard instance.task == .migrating, let id = instance.migrationID,
            let report = try stored.migration(id)?.progress
        else { return 0 }
        let total = Double(report.memoryTotalBytes) + Double(report.diskTotalBytes)
        let remaining = Double(report.memoryRemainingBytes) + Double(report.diskRemainingBytes)
        guard total > 0 else { return 0 }
        return Int(min(100, max(0, 100 * (1 - remaining / total))).rounded(.down))
    }

    private func extended(_ instance: Instance) -> [JSONValue.Member] {
        let groups = instance.securityGroups.isEmpty ? ["default"] : instance.securityGroups
        return [
            .init("OS-EXT-AZ:availability_zone", .string(instance.zone ?? "")),
            .init("config_drive", .string(instance.configDrive ? "True" : "")),
            .init("key_name", .optional(instance.keyName)),
            .init(
                "OS-SRV-USG:launched_at", .optional(instance.launchedAt.map(APITime.micros))),
            .init(
                "OS-SRV-USG:terminated_at",
                .optional(instance.terminatedAt.map(APITime.micros))),
            .init("security_groups", .array(groups.map { ["name": .string($0)] })),
            .init("OS-EXT-STS:task_state", .optional(instance.task?.rawValue)),
            .init("OS-EXT-STS:vm_state", .string(instance.state.rawValue)),
            .init("OS-EXT-STS:power_state", .int(instance.shownPower)),
            .init("os-extended-volumes:volumes_attached", []),
        ]
    }

    private func administrative(_ instance: Instance) throws -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("OS-EXT-SRV-ATTR:host", .optional(instance.hostName)),
            .init(
                "OS-EXT-SRV-ATTR:instance_name",
                .string(instance.hostID == nil ? "" : "instance-\(instance.id)")),
            .init("OS-EXT-SRV-ATTR:hypervisor_hostname", .optional(instance.hostName)),
        ]
        if version >= .attributesForAdmins {
            members += [
                .init("OS-EXT-SRV-ATTR:hostname", .string(instance.hostname)),
                .init("OS-EXT-SRV-ATTR:kernel_id", ""),
                .init("OS-EXT-SRV-ATTR:launch_index", .int(instance.launchIndex)),
                .init("OS-EXT-SRV-ATTR:ramdisk_id", ""),
                .init("OS-EXT-SRV-ATTR:reservation_id", .string(instance.reservationID)),
                .init(
                    "OS-EXT-SRV-ATTR:root_device_name",
                    instance.hostID == nil ? .null : "/dev/vda"),
                .init("OS-EXT-SRV-ATTR:user_data", .optional(instance.userData)),
            ]
        }
        if version >= .hostStatus {
            let status = try instance.hostID.map { try isUp($0) ? "UP" : "DOWN" } ?? ""
            members.append(.init("host_status", .string(status)))
        }
        return members
    }

    private func versioned(_ instance: Instance, isShow: Bool) throws -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        if version >= .hostname, !caller.isAdmin {
            members.append(.init("OS-EXT-SRV-ATTR:hostname", .string(instance.hostname)))
        }
        if version >= .locked { members.append(.init("locked", .bool(instance.locked))) }
        if version >= .serverDescription {
            members.append(.init("description", .optional(instance.description)))
        }
        if version >= .tags { members.append(.init("tags", .strings(instance.tags))) }
        if version >= .trustedCertificates {
            members.append(.init("trusted_image_certificates", .null))
        }
        if version >= .serverGroups, isShow {
            members.append(.init("server_groups", .strings(try groups(instance))))
        }
        if version >= .lockedReason {
            members.append(.init("locked_reason", .optional(instance.lockedReason)))
        }
        if version >= .pinnedZone {
            members.append(
                .init("pinned_availability_zone", .optional(instance.requestedZone)))
        }
        if version >= .schedulerHints {
            members.append(.init("scheduler_hints", hints(instance)))
        }
        return members
    }

    /// The server's group, unless it was deleted.
    private func groups(_ instance: Instance) throws -> [String] {
        guard let id = instance.serverGroupID,
            try stored.serverGroup(id) != nil
        else { return [] }
        return [id.text]
    }

    /// One value stands for itself, several in a list.
    private func hints(_ instance: Instance) -> JSONValue {
        .object(
            (instance.schedulerHints ?? [:]).sorted { $0.key < $1.key }.map { key, values in
                .init(key, values.count == 1 ? .string(values[0]) : .strings(values))
            })
    }

    private func addresses(_ instance: Instance) throws -> JSONValue {
        var byNetwork: [(String, [JSONValue])] = []
        for interface in instance.interfaces {
            guard
                let port = try stored.port(interface.portID),
                port.deviceID == instance.id.text, port.binding != nil,
                let network = try stored.network(port.networkID)
            else { continue }
            let views = port.fixedIPs.map { fixed -> JSONValue in
                [
                    "version": fixed.address.contains(":") ? 6 : 4,
                    "addr": .string(fixed.address), "OS-EXT-IPS:type": "fixed",
                    "OS-EXT-IPS-MAC:mac_addr": .string(port.macAddress),
                ]
            }
            if let index = byNetwork.firstIndex(where: { $0.0 == network.name }) {
                byNetwork[index].1 += views
            } else {
                byNetwork.append((network.name, views))
            }
        }
        return .object(byNetwork.map { .init($0.0, .array($0.1)) })
    }

    private func flavorView(_ flavor: Flavor) -> JSONValue {
        guard version >= .flavorInServer else {
            return [
                "id": .string(flavor.id.text),
                "links": [
                    ["rel": "bookmark", "href": .string("\(base)/flavors/\(flavor.id)")]
                ],
            ]
        }
        return [
            "vcpus": .int(flavor.vcpus), "ram": .int(flavor.memoryMiB),
            "disk": .int(flavor.diskGiB), "ephemeral": .int(flavor.ephemeralGiB),
            "swap": .int(flavor.swapMiB), "original_name": .string(flavor.name),
            "extra_specs": .map(flavor.extraSpecs),
        ]
    }

    private func imageView(_ instance: Instance) throws -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(instance.imageID.text)),
            .init(
                "links",
                [
                    ["rel": "bookmark", "href": .string("\(base)/images/\(instance.imageID)")]
                ]),
        ]
        if version >= .imageProperties {
            let image = try stored.image(instance.imageID)
            members.append(.init("properties", .map(image?.properties ?? [:])))
        }
        return .object(members)
    }

    /// Why it failed; servers in other states than these have none, whatever happened before.
    private func fault(_ instance: Instance) -> [JSONValue.Member] {
        let status = ServerStatus.of(instance)
        guard let fault = instance.fault, status == "ERROR" || status == "DELETED" else {
            return []
        }
        return [.init("fault", faultView(fault))]
    }

    private func faultView(_ fault: InstanceFault) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("code", .int(fault.code)),
            .init("created", .string(APITime.seconds(fault.created))),
            .init("message", .string(fault.message)),
        ]
        if let details = fault.details, caller.isAdmin || fault.code != 500 {
            members.append(.init("details", .string(details)))
        }
        return .object(members)
    }

    /// Same for servers of one project on one host, and says nothing about the host.
    private func hostID(_ instance: Instance) -> String {
        Self.hostID(project: instance.projectID, hostName: instance.hostName)
    }

    static func hostID(project: ProjectID, hostName: String?) -> String {
        guard let hostName else { return "" }
        // SHA-224, which the client expects the length of, is SHA-256 cut with another start; a
        // cut SHA-256 serves the same purpose.
        return SHA256.hash(data: Data((project.text + hostName).utf8)).prefix(28)
            .map { String(format: "%02x", $0) }.joined()
    }
}
