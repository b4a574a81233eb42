import Foundation
import Yams

/// The part of a clouds.yaml file that is read; other keys belong to other clients.
struct CloudsDocument: Decodable {
    struct Entry: Decodable {
        var auth: Auth?
        var verify: Bool?
        var cacert: String?
    }

    struct Auth: Decodable {
        var authURL: String?
        var userName: String?
        var password: String?
        var projectID: String?
        var projectName: String?
        var projectDomainID: String?
        var projectDomainName: String?
        var userDomainID: String?
        var userDomainName: String?

        enum CodingKeys: String, CodingKey {
            case password
            case authURL = "auth_url"
            case userName = "username"
            case projectID = "project_id"
            case projectName = "project_name"
            case projectDomainID = "project_domain_id"
            case projectDomainName = "project_domain_name"
            case userDomainID = "user_domain_id"
            case userDomainName = "user_domain_name"
        }
    }

    private var clouds: [String: Entry]?

    /// The cloud called `name` in the text of `file`.
    static func cloud(
        _ name: String, in text: String, file: URL
    ) throws(CommandFailure) -> Cloud {
        let clouds: [String: Entry]
        do {
            clouds = try YAMLDecoder().decode(Self.self, from: text).clouds ?? [:]
        } catch {
            throw .usage(
                "\(file.path) can't be read as a list of clouds: see that it is YAML with"
                    + " 'clouds:' at its top and text, not lists, as values")
        }
        guard let entry = clouds[name] else {
            let names = clouds.keys.sorted().joined(separator: ", ")
            throw .usage(
                "\(file.path) has no cloud '\(name)'"
                    + (names.isEmpty ? "" : "; it has \(names)")
                    + ": name one with --os-cloud or OS_CLOUD")
        }
        return try entry.cloud(source: "cloud '\(name)' in \(file.path)", file: file)
    }
}

extension CloudsDocument.Entry {
    fileprivate func cloud(source: String, file: URL) throws(CommandFailure) -> Cloud {
        let auth = auth
        func needed(_ key: String, _ value: String?) throws(CommandFailure) -> String {
            guard let value, !value.isEmpty else {
                throw .usage("\(source) has no '\(key)' under 'auth': add it")
            }
            return value
        }
        let identity = Self.identity(try needed("auth_url", auth?.authURL))
        guard identity.hasPrefix("http://") || identity.hasPrefix("https://") else {
            throw .usage("\(source) has an 'auth_url' that is no http or https address")
        }
        return Cloud(
            identityURL: identity, baseURL: Self.without("/identity", identity),
            userName: try needed("username", auth?.userName),
            password: try needed("password", auth?.password), project: auth?.project,
            userDomain: CloudDomain(id: auth?.userDomainID, name: auth?.userDomainName),
            verifiesCertificates: verify ?? true,
            certificateFile: cacert.map {
                URL(fileURLWithPath: $0, relativeTo: file.deletingLastPathComponent()).path
            },
            source: source)
    }

    private static func identity(_ authURL: String) -> String {
        var url = authURL
        while url.hasSuffix("/") { url.removeLast() }
        return without("/v3", url)
    }

    private static func without(_ suffix: String, _ url: String) -> String {
        url.hasSuffix(suffix) ? String(url.dropLast(suffix.count)) : url
    }
}

extension CloudsDocument.Auth {
    fileprivate var project: CloudProject? {
        if let projectID { return .id(projectID) }
        let domain = CloudDomain(id: projectDomainID, name: projectDomainName)
        return projectName.map { .name($0, domain: domain) }
    }
}

extension CloudDomain {
    /// Without either it is the one that every installation has.
    fileprivate init(id: String?, name: String?) {
        self = id.map { .id($0) } ?? .name(name ?? "Default")
    }
}
