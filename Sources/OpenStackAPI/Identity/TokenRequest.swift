import ComputeModel
import Conductor
import Identity
import JSON
import RequestPipeline

/// The body of `POST /v3/auth/tokens`.
struct TokenRequest {
    var credential: Credential
    var scope: TokenScope

    init(_ body: JSONValue) throws(DomainError) {
        var outer = try BodyReader(body, path: "", noun: .token)
        guard var auth = try outer.object("auth") else { throw outer.missing("auth") }
        try outer.finish()
        guard var identity = try auth.object("identity") else { throw auth.missing("identity") }
        credential = try Self.credential(&identity)
        scope = try Self.scope(&auth)
        try auth.finish()
    }

    private static func credential(_ identity: inout BodyReader) throws(DomainError) -> Credential {
        guard let methods = try identity.strings("methods") else {
            throw identity.missing("methods")
        }
        switch methods {
        case ["password"]:
            guard var password = try identity.object("password"),
                var user = try password.object("user")
            else { throw identity.missing("password.user") }
            try password.finish()
            try identity.finish()
            return try self.password(&user)
        case ["token"]:
            guard var token = try identity.object("token") else {
                throw identity.missing("token")
            }
            try identity.finish()
            return .token(try token.requiredString("id"))
        default:
            throw .unauthenticated("Attempted to authenticate with an unsupported method.")
        }
    }

    private static func password(_ user: inout BodyReader) throws(DomainError) -> Credential {
        let password = try user.requiredString("password")
        let domainIsOurs = try DomainReference.isOurs(&user)
        let id = try user.string("id")
        let name = try user.string("name")
        try user.finish()
        guard id != nil || name != nil else { throw user.missing("name") }
        guard domainIsOurs else { return .password(user: nil, password) }
        if let id { return .password(user: .id(UserID(id)), password) }
        return .password(user: name.map { .name($0) }, password)
    }

    private static func scope(_ auth: inout BodyReader) throws(DomainError) -> TokenScope {
        guard let value = auth.value("scope") else { return .unspecified }
        if value == "unscoped" { return .unscoped }
        var scope = try BodyReader(value, path: "auth.scope", noun: .token)
        guard var project = try scope.object("project") else {
            // Domain and system scopes exist elsewhere; nobody has a role in them here.
            guard scope.keys.isEmpty else { return .unknown }
            return .unspecified
        }
        let domainIsOurs = try DomainReference.isOurs(&project)
        let id = try project.string("id")
        let name = try project.string("name")
        try project.finish()
        if let id { return .projectID(ProjectID(id)) }
        guard let name else { throw project.missing("name") }
        return domainIsOurs ? .projectName(name) : .unknown
    }
}

/// The one domain there is.
enum DomainReference {
    static let id = "default"
    static let name = "Default"

    static var json: JSONValue { ["id": .string(id), "name": .string(name)] }

    /// Reads `domain: {id | name}`: whether it is ours. An absent one is.
    static func isOurs(_ body: inout BodyReader) throws(DomainError) -> Bool {
        guard var domain = try body.object("domain") else { return true }
        let id = try domain.string("id")
        let name = try domain.string("name")
        try domain.finish()
        if let id { return id == Self.id }
        return name.map { $0.lowercased() == Self.name.lowercased() } ?? true
    }

    /// Whether a `domain_id` in a body or query is ours; nil is.
    static func isOurs(id: String?) -> Bool { id == nil || id == Self.id }
}
