import ComputeModel
import Conductor
import Foundation
import JSON
import RequestPipeline

extension ComputeService {
    var interfaceRoutes: [Route] {
        [
            route(.get, "/servers/{id}/os-interface", .reader, listInterfaces),
            route(.post, "/servers/{id}/os-interface", .member, attachInterface),
            route(.get, "/servers/{id}/os-interface/{port}", .reader, showInterface),
            route(.delete, "/servers/{id}/os-interface/{port}", .member, detachInterface),
        ]
    }

    private func listInterfaces(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request)
        let views = try instance.interfaces.compactMap { try view($0, instance.id, request) }
        return .ok(["interfaceAttachments": .array(views)])
    }

    private func showInterface(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request)
        let port = request.parameter("port")
        guard let interface = instance.interfaces.first(where: { $0.portID.text == port }),
            let view = try view(interface, instance.id, request)
        else {
            throw DomainError.notFound(.port, port)
        }
        return .ok(["interfaceAttachment": view])
    }

    /// Answers when the NIC is in the guest.
    private func attachInterface(_ request: ComputeRequest) async throws -> APIResponse {
        let instance = try instance(request)
        let wish = try AttachmentRequest(
            try await request.request.json(), request.version)
        let interface = try await conductor.instances.attach(
            instance.id, request.caller(), wish)
        guard let view = try view(interface, instance.id, request) else {
            // It was detached, or the server deleted, before the answer was made.
            throw DomainError.notFound(.port, interface.portID.text)
        }
        return .ok(["interfaceAttachment": view])
    }

    private func detachInterface(_ request: ComputeRequest) async throws -> APIResponse {
        let instance = try instance(request)
        try await conductor.instances.detach(
            instance.id, request.caller(), port: PortID(request.parameter("port").lowercased()))
        return APIResponse(.accepted)
    }

    /// Nil for a port that is the server's no more.
    private func view(
        _ interface: InstanceInterface, _ instance: InstanceID, _ request: ComputeRequest
    ) throws -> JSONValue? {
        guard
            let port = try conductor.readModel().port(interface.portID),
            port.deviceID == instance.text
        else { return nil }
        var members: [JSONValue.Member] = [
            .init("net_id", .string(port.networkID.text)),
            .init("port_id", .string(port.id.text)),
            .init("mac_addr", .string(port.macAddress)),
            .init("port_state", .string(port.linkUp ? "ACTIVE" : "DOWN")),
            .init(
                "fixed_ips",
                .array(
                    port.fixedIPs.map {
                        [
                            "subnet_id": .string($0.subnetID.text),
                            "ip_address": .string($0.address),
                        ]
                    })),
        ]
        if request.version >= .interfaceTag {
            members.append(.init("tag", .optional(interface.tag)))
        }
        return .object(members)
    }
}

extension AttachmentRequest {
    /// Reads the body of `POST os-interface`: a port, or a network with an address of it, or
    /// nothing, which is the only network that there is.
    init(_ body: JSONValue, _ version: Microversion) throws {
        var outer = try BodyReader(body, path: "", noun: .interface)
        let attachment = try outer.object("interfaceAttachment")
        try outer.finish()
        self.init()
        guard var reader = attachment else { return }
        portID = try Self.uuid(&reader, "port_id").map { PortID($0) }
        networkID = try Self.uuid(&reader, "net_id").map { NetworkID($0) }
        fixedAddress = try Self.address(&reader)
        if version >= .attachmentTag { tag = try Self.tag(&reader) }
        try reader.finish()
        guard portID == nil || networkID == nil else {
            throw DomainError.invalid(
                .interface, field: "net_id", "Must not input both network_id and port_id")
        }
        guard fixedAddress == nil || networkID != nil else {
            throw DomainError.invalid(
                .interface, field: "fixed_ips",
                "Must input network_id when request IP address")
        }
    }

    private static func uuid(
        _ reader: inout BodyReader, _ key: String
    ) throws(DomainError) -> String? {
        guard let text = try reader.string(key, length: 1...64) else { return nil }
        guard UUID(uuidString: text) != nil else {
            throw reader.invalid(key, "'\(text)' is not a UUID.")
        }
        return text.lowercased()
    }

    private static func address(_ reader: inout BodyReader) throws(DomainError) -> String? {
        guard let entries = try reader.array("fixed_ips", countMax: 1) else { return nil }
        guard let entry = entries.first else {
            throw reader.invalid("fixed_ips", "it is empty; leave it out for any address.")
        }
        var fixed = try BodyReader(entry, path: "fixed_ips", noun: .interface)
        let address = try fixed.requiredString("ip_address", length: 2...45)
        try fixed.finish()
        return address
    }

    private static func tag(_ reader: inout BodyReader) throws(DomainError) -> String? {
        guard let tag = try reader.string("tag", length: 1...60) else { return nil }
        guard !tag.contains(where: { $0 == "/" || $0 == "," }) else {
            throw reader.invalid("tag", "'\(tag)' has a '/' or ',', which tags can't have.")
        }
        return tag
    }
}
