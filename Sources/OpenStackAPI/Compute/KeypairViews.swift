import ComputeModel
import Conductor
import Crypto
import Foundation
import JSON
import RequestPipeline

extension ComputeService {
    var keypairRoutes: [Route] {
        [
            route(.get, "/os-keypairs", .reader, listKeypairs),
            route(.post, "/os-keypairs", .member, createKeypair),
            route(.get, "/os-keypairs/{name}", .reader, showKeypair),
            route(.delete, "/os-keypairs/{name}", .member, deleteKeypair),
        ]
    }

    /// The caller, or the user that an administrator names.
    private func owner(_ request: ComputeRequest, _ named: String?) throws -> UserID {
        let caller = try request.caller()
        guard let named, request.version >= .keypairOwner, named != caller.userID.text else {
            return caller.userID
        }
        guard caller.isAdmin else {
            throw DomainError.forbidden("Only administrators may use other users' key pairs.")
        }
        return UserID(named)
    }

    private func listKeypairs(_ request: ComputeRequest) throws -> APIResponse {
        let user = try owner(request, request.request.query("user_id"))
        let keypairs = try conductor.keypairs.list(user)
        let page = try Page(keypairs, request.request, .keypair) { $0.name }
        return .ok([
            "keypairs": .array(page.items.map { ["keypair": view($0, request, full: false)] })
        ])
    }

    private func showKeypair(_ request: ComputeRequest) throws -> APIResponse {
        let user = try owner(request, request.request.query("user_id"))
        let keypair = try conductor.keypairs.show(request.parameter("name"), user)
        return .ok(["keypair": view(keypair, request, full: true)])
    }

    private func createKeypair(_ request: ComputeRequest) async throws -> APIResponse {
        var outer = try BodyReader(await request.request.json(), path: "", noun: .keypair)
        guard var body = try outer.object("keypair") else { throw outer.missing("keypair") }
        try outer.finish()
        let name = try body.requiredString("name", length: 1...255)
        let type = try body.string("type", length: 1...16) ?? "ssh"
        guard type == "ssh" else { throw body.invalid("type", "only 'ssh' keys are kept here.") }
        let user = try owner(request, body.string("user_id", length: 1...255))
        guard let key = try body.string("public_key", length: 1...16_384) else {
            throw DomainError.invalid(
                .keypair, field: "public_key",
                "'public_key' is a required property: private keys are not made here, so that"
                    + " nobody but you ever has yours.")
        }
        try body.finish()
        let keypair = Keypair(
            userID: user, name: name, publicKey: key, fingerprint: try Self.fingerprint(key),
            type: type, createdAt: conductor.context.now())
        try await conductor.keypairs.create(keypair)
        let status = request.version >= Microversion(minor: 2)
        return .json(
            status ? .created : .ok, ["keypair": view(keypair, request, full: false)])
    }

    private func deleteKeypair(_ request: ComputeRequest) async throws -> APIResponse {
        let user = try owner(request, request.request.query("user_id"))
        try await conductor.keypairs.delete(request.parameter("name"), user)
        return APIResponse(request.version >= Microversion(minor: 2) ? .noContent : .accepted)
    }

    /// MD5 of the key's blob, as `ssh-keygen -E md5` shows it.
    static func fingerprint(_ key: String) throws -> String {
        let words = key.split(whereSeparator: \.isWhitespace)
        guard words.count >= 2, let blob = Data(base64Encoded: String(words[1])),
            blob.count > 16
        else {
            throw DomainError.invalid(
                .keypair, field: "public_key",
                "Keypair data is invalid: it is not an OpenSSH public key (type and base64"
                    + " text).")
        }
        return Insecure.MD5.hash(data: blob).map { String(format: "%02x", $0) }
            .joined(separator: ":")
    }

    private func view(
        _ keypair: Keypair, _ request: ComputeRequest, full: Bool
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", .string(keypair.name)),
            .init("public_key", .string(keypair.publicKey)),
            .init("fingerprint", .string(keypair.fingerprint)),
        ]
        if request.version >= Microversion(minor: 2) {
            members.append(.init("type", .string(keypair.type)))
        }
        if full || request.version >= .keypairOwner {
            members.append(.init("user_id", .string(keypair.userID.text)))
        }
        if full {
            members.append(.init("created_at", .string(APITime.micros(keypair.createdAt))))
        }
        return .object(members)
    }
}
