import ComputeModel
import Conductor
import Persistence
import RequestPipeline

extension ComputeService {
    /// `POST /servers/{id}/action`: the body's only key names the action.
    func serverAction(_ request: ComputeRequest) async throws -> APIResponse {
        let instance = try instance(request)
        let body = try await request.request.json()
        guard case .object(let members) = body, let action = members.first, members.count == 1
        else {
            throw DomainError.invalid(
                .server, field: nil,
                "The body of an action is an object with one key, the action's name.")
        }
        switch action.key {
        case "os-getConsoleOutput":
            var reader = try BodyReader(
                action.value == .null ? [:] : action.value, path: action.key, noun: .server)
            let lines = try reader.integer("length", in: -1...1_000_000)
            try reader.finish()
            let text = try await conductor.instances.consoleOutput(
                instance.id, request.caller(), lines: lines == -1 ? nil : lines)
            return .ok(["output": .string(text)])
        case let name where Self.unbuilt.contains(name):
            throw DomainError.notImplemented(
                "The action '\(name)' is not available in this release.")
        default:
            throw DomainError.invalid(
                .server, field: nil, "There is no such action: \(action.key.prefix(64))")
        }
    }

    /// Actions of the API that this release does not do. They say so and change nothing.
    private static let unbuilt: Set<String> = [
        "os-start", "os-stop", "reboot", "pause", "unpause", "suspend", "resume", "lock",
        "unlock", "resize", "confirmResize", "revertResize", "rebuild", "rescue", "unrescue",
        "createImage", "createBackup", "shelve", "shelveOffload", "unshelve", "migrate",
        "os-migrateLive", "evacuate", "os-resetState", "addSecurityGroup",
        "removeSecurityGroup", "changePassword", "forceDelete", "restore", "trigger_crash_dump",
    ]

    // MARK: - Interfaces

    func listInterfaces(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request)
        let views = try instance.interfaces.compactMap { try interfaceView($0, instance, request) }
        return .ok(["interfaceAttachments": .array(views)])
    }

    func showInterface(_ request: ComputeRequest) throws -> APIResponse {
        let instance = try instance(request)
        let port = request.parameter("port")
        guard let interface = instance.interfaces.first(where: { $0.portID.text == port }),
            let view = try interfaceView(interface, instance, request)
        else {
            throw DomainError.notFound(.port, port)
        }
        return .ok(["interfaceAttachment": view])
    }

    private func interfaceView(
        _ interface: InstanceInterface, _ instance: Instance, _ request: ComputeRequest
    ) throws -> JSONValue? {
        guard
            let port = try conductor.context.documents.get(
                NetworkPort.self, interface.portID.text)?.value,
            port.deviceID == instance.id.text
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
        if request.version >= Microversion(minor: 70) {
            members.append(.init("tag", .optional(interface.tag)))
        }
        return .object(members)
    }
}
