import ComputeModel
import Conductor
import JSON
import RequestPipeline

extension OperatorService {
    /// Longest reason for disabling a host, in characters.
    private static let reasonLengthMax = 255

    func listHosts(_ request: APIRequest) throws -> APIResponse {
        _ = try QueryCheck(request, known: [], noun: .host)
        return .ok(["hosts": .array(try conductor.hosts.list().map(json))])
    }

    func showHost(_ request: APIRequest) throws -> APIResponse {
        .ok(json(try host(request)))
    }

    func updateHost(_ request: APIRequest) async throws -> APIResponse {
        let host = try host(request).host
        var body = try BodyReader(try await request.json(), path: "host", noun: .host)
        let disabled = try body.bool("disabled")
        let reason = try body.string("reason", length: 1...Self.reasonLengthMax)
        let forcedDown = try body.bool("forced_down")
        try body.finish()
        guard disabled != nil || forcedDown != nil else {
            throw DomainError.invalid(
                .host, field: nil,
                "Nothing is to be changed: give 'disabled', 'forced_down', or both.")
        }
        guard reason == nil || disabled == true else {
            throw body.invalid("reason", "it belongs to \"disabled\": true.")
        }
        let view = try await conductor.hosts.update(
            host.id, disabled: disabled, reason: reason, forcedDown: forcedDown)
        return .ok(json(view))
    }

    func issueJoinToken(_ request: APIRequest) async throws -> APIResponse {
        guard let joinTokens else {
            throw DomainError.notImplemented(
                "This server has no listener for agents, so no host can join it: configure one.")
        }
        let issued = try await joinTokens.issue(hostName: request.parameter("host"))
        return .json(
            .created,
            ["token": .string(issued.token), "expires_at": APITime.text(issued.expiresAt)]
        ).header("Cache-Control", "no-store")
    }

    private func host(_ request: APIRequest) throws -> HostView {
        try find(host: request.parameter("host"))
    }

    /// The host of that name, else the one of that id.
    func find(host text: String) throws -> HostView {
        let hosts = try conductor.hosts.list()
        guard
            let view = hosts.first(where: { $0.host.name == text })
                ?? hosts.first(where: { $0.host.id.text == text })
        else { throw DomainError.notFound(.host, String(text.prefix(64))) }
        return view
    }

    private func json(_ view: HostView) -> JSONValue {
        HostJSON(view: view, cpuRatio: conductor.context.settings.cpuRatio).value
    }
}
