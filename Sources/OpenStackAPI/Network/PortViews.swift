import ComputeModel
import Foundation
import JSON
import RequestPipeline

extension ResourceTable<NetworkPort> {
    static var ports: ResourceTable {
        ResourceTable(
            noun: .port, singular: "port", plural: "ports", path: "ports",
            id: { $0.id.text }, tags: { $0.tags },
            attributes: plain + security + binding + policies
                + ResourceAttribute.standard(
                    tags: { $0.tags }, created: { $0.createdAt }, updated: { $0.updatedAt },
                    revision: { $0.revisionNumber })
                + [.init("tenant_id") { .string($0.projectID.text) }])
    }

    private static var plain: [ResourceAttribute<NetworkPort>] {
        [
            .init("id") { .string($0.id.text) },
            .init("name") { .string($0.name) },
            .init("network_id") { .string($0.networkID.text) },
            .init("project_id") { .string($0.projectID.text) },
            .init("mac_address") { .string($0.macAddress) },
            .init("admin_state_up") { .bool($0.adminStateUp) },
            .init("status") { .string($0.linkUp ? "ACTIVE" : "DOWN") },
            .init("device_id") { .string($0.deviceID) },
            .init("device_owner") { .string($0.deviceOwner) },
            .init("fixed_ips") { port in
                .array(
                    port.fixedIPs.map { ip in
                        [
                            "subnet_id": .string(ip.subnetID.text),
                            "ip_address": .string(ip.address),
                        ]
                    })
            },
        ]
    }

    private static var security: [ResourceAttribute<NetworkPort>] {
        [
            .init("allowed_address_pairs", filter: false) { port in
                .array(
                    port.allowedAddressPairs.map { pair in
                        [
                            "ip_address": .string(pair.ipAddress),
                            "mac_address": .string(pair.macAddress ?? port.macAddress),
                        ]
                    })
            },
            .init("extra_dhcp_opts", filter: false) { _ in [] },
            .init("security_groups") { .strings($0.securityGroups.map(\.text)) },
            .init("description") { .string($0.description) },
        ]
    }

    private static var binding: [ResourceAttribute<NetworkPort>] {
        [
            // Neutron, too, refuses to filter by the vNIC type.
            .init("binding:vnic_type", filter: false) { .string($0.vnicType.rawValue) },
            .init("binding:profile", filter: false, adminOnly: true) { PortProfile.view($0) },
            .init("binding:host_id", adminOnly: true) { .string($0.binding?.hostName ?? "") },
            .init("binding:vif_type", filter: false, adminOnly: true) {
                $0.binding == nil ? "unbound" : "ovs"
            },
            .init("binding:vif_details", filter: false, adminOnly: true) {
                $0.binding == nil ? [:] : PortProfile.vifDetails
            },
        ]
    }

    private static var policies: [ResourceAttribute<NetworkPort>] {
        [
            .init("port_security_enabled") { .bool($0.portSecurityEnabled) },
            .init("qos_policy_id", filter: false) { _ in .null },
            .init("qos_network_policy_id", filter: false) { _ in .null },
            .init("resource_request", filter: false, adminOnly: true) { _ in .null },
            .init("numa_affinity_policy", filter: false) { .optional($0.numaAffinityPolicy) },
            .init("device_requirements", filter: false) { PortRequirements.view($0) },
            .init("dns_name") { .string($0.dnsName) },
        ]
    }
}

/// `binding:profile`: what an administrator gave, and what the binding adds.
enum PortProfile {
    /// Keys that the binding sets; written back by clients that read, change and write.
    static let bindingKeys: Set<String> = ["pci_vendor_info", "pci_slot", "physical_network"]

    /// The profile of a port.
    static func view(_ port: NetworkPort) -> JSONValue {
        var members = port.userProfile.sorted { $0.key < $1.key }.map { key, text in
            JSONValue.Member(key, stored(text))
        }
        if let binding = port.binding, binding.deviceID != nil {
            members += device(binding)
        }
        return .object(members)
    }

    /// The members that a binding adds; none for a binding that says nothing of a device.
    static func members(_ binding: PortBinding) -> [JSONValue.Member] {
        let isEmpty =
            binding.deviceID == nil && binding.pciSlot == nil && binding.pciVendorInfo == nil
            && binding.physicalNetwork == nil
        return isEmpty ? [] : device(binding)
    }

    private static func device(_ binding: PortBinding) -> [JSONValue.Member] {
        [
            .init("pci_vendor_info", .optional(binding.pciVendorInfo)),
            .init("pci_slot", .optional(binding.pciSlot)),
            .init("physical_network", .optional(binding.physicalNetwork)),
        ]
    }

    /// The same for every bound port: Millrace wires ports into Open vSwitch only.
    static var vifDetails: JSONValue {
        [
            "connectivity": "l2", "port_filter": true, "ovs_hybrid_plug": false,
            "datapath_type": "system", "bridge_name": "br-int",
            "bound_drivers": ["0": "openvswitch"],
        ]
    }

    /// Stored JSON text as a value. Written by ourselves, so anything unreadable is shown as the
    /// text it is.
    private static func stored(_ text: String) -> JSONValue {
        do {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            return .string(text)
        }
    }
}
