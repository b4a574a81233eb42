import ComputeModel
import Conductor
import JSON
import Networking
import RequestPipeline

extension NetworkService {
    /// Neutron's extension `binding-extended`; only for administrators.
    var bindingRoutes: [Route] {
        let all = "/v2.0/ports/{id}/bindings"
        let one = all + "/{host}"
        return [
            Route(.get, all, .role(.admin)) { request in
                let found = try ports.bindings(of: id(request), request.caller)
                return .ok(["bindings": .array(found.map(BindingJSON.view))])
            },
            Route(.get, one, .role(.admin)) { request in
                let found = try ports.binding(of: id(request), on: host(request), request.caller)
                return .ok(["binding": BindingJSON.view(found)])
            },
            Route(.post, all, .role(.admin)) { request in
                let body = try BindingJSON(try await request.json())
                guard let hostName = body.hostName else { throw body.missingHost }
                let made = try await ports.addBinding(
                    to: id(request), on: hostName, vnicType: body.vnicType,
                    body.details ?? BindingDetails(), request.caller)
                return .json(.created, ["binding": BindingJSON.view(made)])
            },
            Route(.put, one, .role(.admin)) { request in
                let body = try BindingJSON(try await request.json())
                let hostName = host(request)
                guard body.hostName == nil || body.hostName == hostName else {
                    throw DomainError.invalid(
                        .port, field: "host",
                        "A binding stays on its host, \(hostName); make one on the other host.")
                }
                let changed = try await ports.updateBinding(
                    of: id(request), on: hostName, vnicType: body.vnicType, body.details,
                    request.caller)
                return .ok(["binding": BindingJSON.view(changed)])
            },
            Route(.put, one + "/activate", .role(.admin)) { request in
                let active = try await ports.activateBinding(
                    of: id(request), on: host(request), request.caller)
                return .ok(["binding": BindingJSON.view(active)])
            },
            Route(.delete, one, .role(.admin)) { request in
                try await ports.removeBinding(
                    of: id(request), on: host(request), request.caller)
                return APIResponse(.noContent)
            },
        ]
    }

    private func id(_ request: APIRequest) -> PortID { PortID(request.parameter("id")) }
    private func host(_ request: APIRequest) -> String { request.parameter("host") }
}

/// A binding in bodies and answers.
struct BindingJSON {
    let hostName: String?
    let vnicType: VNICType?
    /// What the profile says of the device; nil when there is no profile.
    let details: BindingDetails?

    /// Reads `{"binding": {...}}`.
    init(_ body: JSONValue) throws(DomainError) {
        var outer = try BodyReader(body, path: "body", noun: .port)
        guard var reader = try outer.object("binding") else { throw outer.missing("binding") }
        try outer.finish()
        hostName = try reader.string("host", length: 1...255)
        vnicType = try PortBody.vnicType(&reader, "vnic_type")
        details = try Self.details(&reader)
        try reader.finish()
    }

    var missingHost: DomainError {
        .invalid(.port, field: "host", "'host' is a required property of 'binding'.")
    }

    /// Of a profile only what describes the device is kept.
    private static func details(
        _ reader: inout BodyReader
    ) throws(DomainError) -> BindingDetails? {
        guard var profile = try reader.object("profile") else { return nil }
        var details = BindingDetails()
        details.pciVendorInfo = try profile.string("pci_vendor_info", length: 1...64)
        details.pciSlot = try profile.string("pci_slot", length: 1...64)
        details.physicalNetwork = try profile.string("physical_network", length: 1...255)
        try profile.finish()
        return details
    }

    static func view(_ view: BindingView) -> JSONValue {
        [
            "host": .string(view.binding.hostName), "vif_type": "ovs",
            "vif_details": PortProfile.vifDetails,
            "vnic_type": .string(view.port.vnicType.rawValue),
            "profile": .object(PortProfile.members(view.binding)),
            "status": view.isActive ? "ACTIVE" : "INACTIVE",
            "project_id": .string(view.port.projectID.text),
        ]
    }
}
