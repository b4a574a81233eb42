import Foundation

/// A cloud to talk to: one entry of a clouds.yaml file.
struct Cloud: Sendable, Equatable {
    /// The identity service, without `/v3` at its end.
    var identityURL: String
    /// The address all services are below.
    var baseURL: String
    var userName: String
    var password: String
    /// The project to work in; nil for the user's own.
    var project: CloudProject?
    var userDomain: CloudDomain
    /// Whether the server's certificate is checked.
    var verifiesCertificates = true
    /// A file with certificates to trust instead of the system's.
    var certificateFile: String?
    /// Name and file, for messages.
    var source: String
}

/// How a project is named.
enum CloudProject: Sendable, Equatable {
    case id(String)
    case name(String, domain: CloudDomain)
}

/// How a domain is named.
enum CloudDomain: Sendable, Equatable {
    case id(String)
    case name(String)
}

/// Finds and reads clouds.yaml, the file that OpenStack's clients share.
enum CloudsFile {
    static let fileName = "clouds.yaml"
    static let defaultCloud = "millrace"
    /// A longer file is not a list of clouds.
    static let bytesMax = 1 << 20

    /// The cloud that the options and the environment mean.
    static func cloud(
        _ options: ConnectionOptions, _ context: CommandContext
    ) throws(CommandFailure) -> Cloud {
        let file = try find(stateDirectory: options.stateDir, context)
        let wished = options.osCloud ?? context.variables["OS_CLOUD"].flatMap { $0.nonEmpty }
        return try CloudsDocument.cloud(wished ?? defaultCloud, in: try read(file), file: file)
    }

    /// The first that is there of: the state directory's, the one that OS_CLIENT_CONFIG_FILE
    /// names, then those of the working directory, the user and the machine. A file that was
    /// named must be there.
    static func find(
        stateDirectory: String?, _ context: CommandContext
    ) throws(CommandFailure) -> URL {
        if let stateDirectory {
            let directory = url(stateDirectory, context)
            return try named(directory.appendingPathComponent(fileName), by: "--state-dir")
        }
        if let path = context.variables["OS_CLIENT_CONFIG_FILE"]?.nonEmpty {
            return try named(url(path, context), by: "OS_CLIENT_CONFIG_FILE")
        }
        var places = [context.workingDirectory]
        if let home = context.variables["HOME"]?.nonEmpty {
            places.append(
                URL(fileURLWithPath: home).appendingPathComponent(".config/openstack"))
        }
        places.append(context.systemDirectory)
        let files = places.map { $0.appendingPathComponent(fileName) }
        if let found = files.first(where: { exists($0) }) { return found }
        throw .usage(
            "no \(fileName) found (looked for "
                + files.map(\.path).joined(separator: ", ")
                + "): say where the server keeps its state with --state-dir DIR")
    }

    private static func named(_ file: URL, by origin: String) throws(CommandFailure) -> URL {
        guard exists(file) else {
            throw .usage("\(file.path), named by \(origin), does not exist: check the path")
        }
        return file
    }

    private static func read(_ file: URL) throws(CommandFailure) -> String {
        let data: Data
        do {
            let handle = try FileHandle(forReadingFrom: file)
            defer { handle.closeFile() }
            data = try handle.read(upToCount: bytesMax + 1) ?? Data()
        } catch {
            throw .usage("\(file.path) can't be read: check who may read it")
        }
        guard data.count <= bytesMax else {
            throw .usage("\(file.path) is longer than \(bytesMax) bytes: it is no list of clouds")
        }
        return String(decoding: data, as: UTF8.self)
    }

    private static func exists(_ file: URL) -> Bool {
        FileManager.default.fileExists(atPath: file.path)
    }

    private static func url(_ path: String, _ context: CommandContext) -> URL {
        path.hasPrefix("/")
            ? URL(fileURLWithPath: path) : context.workingDirectory.appendingPathComponent(path)
    }
}

extension String {
    /// Nil for "": a variable that is set to nothing is not set.
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
