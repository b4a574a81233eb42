import ComputeModel
import Conductor
import Foundation
import RequestPipeline

extension RebuildRequest {
    /// Reads the body of a rebuild, in the form of the action's microversion.
    init(_ action: ServerAction) throws(DomainError) {
        var reader = try action.reader()
        guard let image = try ServerBody.imageID(&reader, "imageRef") else {
            throw reader.missing("imageRef")
        }
        self.init(imageID: image)
        if let text = try reader.string("name", length: 1...255) {
            let trimmed = text.trimmingCharacters(in: .whitespaces)
            guard !trimmed.isEmpty else { throw reader.invalid("name", "it is blank.") }
            name = trimmed
        }
        metadata = try ServerBody.metadata(&reader)
        if action.version >= .serverDescription, reader.has("description") {
            description = .some(try reader.string("description", length: 0...255))
        }
        if action.version >= .rebuildKey, reader.has("key_name") {
            keyName = .some(try reader.string("key_name", length: 1...255))
        }
        if action.version >= .rebuildUserData, reader.has("user_data") {
            userData = .some(try ServerBody.userData(&reader))
        }
        hostname = try ServerBody.hostname(&reader, action.version)
        try Self.readRest(&reader, action.version)
        try reader.finish()
    }

    /// What is taken without effect, and what is refused because it would have one.
    private static func readRest(
        _ reader: inout BodyReader, _ version: Microversion
    ) throws(DomainError) {
        try ServerBody.ignorePassword(&reader)
        try ServerBody.readDiskConfig(&reader)
        reader.ignore("accessIPv4", "accessIPv6")
        if try reader.bool("preserve_ephemeral") == true {
            throw reader.invalid(
                "preserve_ephemeral", "servers have no ephemeral disks here; leave it out.")
        }
        if version < .rebuildUserData, let files = reader.value("personality"), files != [] {
            throw reader.invalid(
                "personality",
                "files are not put into guests here; give user_data from 2.57 on.")
        }
        if version >= .trustedCertificates { try ServerBody.refuseCertificates(&reader) }
    }
}

extension ComputeService {
    /// A rebuild that was accepted answers with the server as it is then.
    func rebuild(
        _ action: ServerAction, _ instance: Instance, _ request: ComputeRequest
    ) async throws -> APIResponse {
        let rebuilt = try await conductor.instances.rebuild(
            instance.id, request.caller(), RebuildRequest(action))
        let view = try views(request).rebuilt(
            rebuilt, password: try ServerBody.password(action))
        let location = base(request.request) + "/v2.1/servers/\(instance.id)"
        return .json(.accepted, ["server": view]).header("Location", location)
    }
}
