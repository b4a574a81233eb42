import ComputeModel
import Conductor
import JSON
import RequestPipeline

/// One action on a server: its name, what stands with it, and the request's version.
struct ServerAction {
    let name: String
    let value: JSONValue
    let version: Microversion

    /// The only member of a body names the action.
    init(_ body: JSONValue, _ version: Microversion) throws(DomainError) {
        guard case .object(let members) = body, let action = members.first, members.count == 1
        else {
            throw .invalid(
                .server, field: nil,
                "The body of an action is an object with one key, the action's name.")
        }
        name = action.key
        value = action.value
        self.version = version
    }

    /// Reads the action's members; `null` has none, and neither has "", as old clients write it.
    func reader() throws(DomainError) -> BodyReader {
        let isEmpty = value == .null || value == ""
        return try BodyReader(isEmpty ? [:] : value, path: name, noun: .server)
    }

    /// Fails when there are members.
    func refuseMembers() throws(DomainError) {
        try reader().finish()
    }
}

extension ComputeService {
    /// `POST /servers/{id}/action`.
    func serverAction(_ request: ComputeRequest) async throws -> APIResponse {
        let instance = try instance(request)
        let action = try ServerAction(try await request.request.json(), request.version)
        let caller = try request.caller()
        guard caller.isAdmin || !Self.administrative.contains(action.name) else {
            throw DomainError.forbidden(
                "Policy doesn't allow '\(action.name)' to be performed: it needs the role"
                    + " 'admin'.")
        }
        if let command = try ServerCommand.read(action) {
            guard caller.isAdmin || !ServerCommand.namesHost(command) else {
                throw DomainError.forbidden(
                    "Policy doesn't allow '\(action.name)' to name a host: it needs the role"
                        + " 'admin'.")
            }
            try refuseUnpinning(action, instance)
            try await conductor.instances.perform(command, on: instance.id, caller)
            return try ServerCommand.answer(action)
        }
        return try await otherAction(action, instance, request)
    }

    /// From 2.91 on a zone of null takes away the zone that was asked for when the server was
    /// made, which can't be done here.
    private func refuseUnpinning(_ action: ServerAction, _ instance: Instance) throws {
        guard action.name == "unshelve", action.value["availability_zone"] == .null,
            let zone = instance.requestedZone
        else { return }
        throw DomainError.invalid(
            .server, field: "availability_zone",
            "Server \(instance.id) was asked for in zone \(zone) and stays there; leave"
                + " availability_zone out, or name a zone.")
    }

    /// Those that are no plain command to the server.
    private func otherAction(
        _ action: ServerAction, _ instance: Instance, _ request: ComputeRequest
    ) async throws -> APIResponse {
        switch action.name {
        case "os-getConsoleOutput": return try await consoleOutput(action, instance, request)
        case "rebuild": return try await rebuild(action, instance, request)
        case "createImage": return try await createImage(action, instance, request)
        case "os-resetState": return try await resetState(action, instance, request)
        case "lock", "unlock": return try await setLock(action, instance, request)
        case "forceDelete":
            try action.refuseMembers()
            try await conductor.instances.delete(instance.id, request.caller())
            return APIResponse(.accepted)
        case let name where Self.ofAddresses.contains(name):
            guard request.version < .addressActionsGone else {
                throw DomainError.notFound(.request, name)
            }
            throw Self.unavailable(name)
        case let name where Self.unbuilt.contains(name): throw Self.unavailable(name)
        default:
            throw DomainError.invalid(
                .server, field: nil, "There is no such action: \(action.name.prefix(64))")
        }
    }

    /// What only administrators may do, as by Nova's policy.
    private static let administrative: Set<String> = [
        "migrate", "os-migrateLive", "evacuate", "os-resetState", "resetNetwork",
        "injectNetworkInfo",
    ]

    /// Actions that went with microversion 2.44.
    private static let ofAddresses: Set<String> = [
        "addFixedIp", "removeFixedIp", "addFloatingIp", "removeFloatingIp",
    ]

    /// Actions of the API that this release does not do. They say so and change nothing.
    private static let unbuilt: Set<String> = [
        "createBackup", "addSecurityGroup", "removeSecurityGroup", "changePassword", "restore",
        "trigger_crash_dump", "resetNetwork", "injectNetworkInfo",
    ]

    private static func unavailable(_ name: String) -> DomainError {
        .notImplemented("The action '\(name)' is not available in this release.")
    }

    private func consoleOutput(
        _ action: ServerAction, _ instance: Instance, _ request: ComputeRequest
    ) async throws -> APIResponse {
        var reader = try action.reader()
        let lines = try reader.integer("length", in: -1...1_000_000)
        try reader.finish()
        let text = try await conductor.instances.consoleOutput(
            instance.id, request.caller(), lines: lines == -1 ? nil : lines)
        return .ok(["output": .string(text)])
    }

    private func createImage(
        _ action: ServerAction, _ instance: Instance, _ request: ComputeRequest
    ) async throws -> APIResponse {
        var reader = try action.reader()
        let name = try reader.requiredString("name", length: 1...255)
        let properties = try ServerBody.metadata(&reader) ?? [:]
        try reader.finish()
        let image = try await conductor.instances.createImage(
            instance.id, request.caller(), name: name, properties: properties)
        guard request.version < .imageIDInBody else {
            return .json(.accepted, ["image_id": .string(image.text)])
        }
        let base = addresses.base(request.request)
        return APIResponse(.accepted).header("Location", "\(base)/image/v2/images/\(image)")
    }

    private func resetState(
        _ action: ServerAction, _ instance: Instance, _ request: ComputeRequest
    ) async throws -> APIResponse {
        var reader = try action.reader()
        let text = try reader.requiredString("state", length: 1...255)
        try reader.finish()
        guard let state = ["active": InstanceState.active, "error": .error][text] else {
            throw reader.invalid("state", "'\(text)' is not one of ['active', 'error'].")
        }
        try await conductor.instances.resetState(instance.id, request.caller(), to: state)
        return APIResponse(.accepted)
    }

    private func setLock(
        _ action: ServerAction, _ instance: Instance, _ request: ComputeRequest
    ) async throws -> APIResponse {
        let locks = action.name == "lock"
        var reader = try action.reader()
        var reason: String?
        if locks, request.version >= .lockedReason {
            reason = try reader.string("locked_reason", length: 1...255)
        }
        try reader.finish()
        try await conductor.instances.setLock(
            instance.id, request.caller(), locked: locks, reason: reason)
        return APIResponse(.accepted)
    }
}
