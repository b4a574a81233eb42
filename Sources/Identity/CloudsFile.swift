import Foundation

/// The clients' configuration file `clouds.yaml` with one cloud, `millrace`, and the
/// administrator's password. The only place where that password is.
struct CloudsFile: Sendable {
    static let cloud = "millrace"
    /// A file longer than this is not ours.
    static let bytesMax = 64 * 1024

    let url: URL

    init(stateDirectory: URL) {
        url = stateDirectory.appendingPathComponent("clouds.yaml")
    }

    var exists: Bool { FileManager.default.fileExists(atPath: url.path) }

    /// Writes the file anew.
    func write(authURL: String, userName: String, password: String, project: String) throws {
        try replace(
            with: """
                clouds:
                  \(Self.cloud):
                    auth:
                      auth_url: \(Self.quoted(authURL))
                      username: \(Self.quoted(userName))
                      password: \(Self.quoted(password))
                      project_name: \(Self.quoted(project))
                      user_domain_name: Default
                      project_domain_name: Default
                    region_name: RegionOne
                    identity_api_version: 3
                    interface: public

                """)
    }

    /// Puts `authURL` in place of the address in the file and leaves every other line as it is.
    /// Returns whether anything changed.
    func updateAddress(_ authURL: String) throws -> Bool {
        let data = try Data(contentsOf: url)
        guard data.count <= Self.bytesMax else { throw CocoaError(.fileReadTooLarge) }
        var lines = String(decoding: data, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { String($0) }
        guard let cloud = lines.firstIndex(where: { $0 == "  \(Self.cloud):" }),
            let index = lines[cloud...].firstIndex(where: {
                $0.trimmingCharacters(in: .whitespaces).hasPrefix("auth_url:")
            })
        else { return false }
        let indent = lines[index].prefix { $0 == " " }
        let line = "\(indent)auth_url: \(Self.quoted(authURL))"
        guard lines[index] != line else { return false }
        lines[index] = line
        try replace(with: lines.joined(separator: "\n"))
        return true
    }

    /// Writes beside the file, flushes, and renames: readers see the old or the new one, and
    /// nobody but the owner ever sees either.
    private func replace(with text: String) throws {
        let temporary = url.appendingPathExtension("new")
        if FileManager.default.fileExists(atPath: temporary.path) {
            try FileManager.default.removeItem(at: temporary)
        }
        guard
            FileManager.default.createFile(
                atPath: temporary.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: temporary.path])
        }
        let handle = try FileHandle(forWritingTo: temporary)
        defer { handle.closeFile() }
        try handle.write(contentsOf: Data(text.utf8))
        try handle.synchronize()
        guard rename(temporary.path, url.path) == 0 else {
            throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: url.path])
        }
    }

    /// `text` as a YAML double-quoted scalar.
    static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
