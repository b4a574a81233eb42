public import ComputeModel

/// The kind of a domain error, without its words.
public enum Refusal: Equatable, Sendable {
    case notFound(Noun)
    case invalid(Noun, String?)
    case conflict(Noun, Conflict)
    case forbidden
    case overQuota(String)
    case unavailable
    case another

    /// The kind of `error`; `another` for what is no domain error.
    public init(_ error: any Error) {
        guard let error = error as? DomainError else {
            self = .another
            return
        }
        switch error {
        case .notFound(let noun, _): self = .notFound(noun)
        case .invalid(let noun, let field, _): self = .invalid(noun, field)
        case .conflict(let noun, let conflict, _): self = .conflict(noun, conflict)
        case .forbidden: self = .forbidden
        case .overQuota(let resource, _, _, _): self = .overQuota(resource)
        case .unavailable: self = .unavailable
        default: self = .another
        }
    }

    /// What `body` was refused with; nil when it went through.
    public static func of(_ body: () async throws -> Void) async -> Refusal? {
        do {
            try await body()
            return nil
        } catch {
            return Refusal(error)
        }
    }
}
