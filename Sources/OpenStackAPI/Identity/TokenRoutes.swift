import ComputeModel
import Conductor
import HTTPTypes
import Identity
import JSON
import RequestPipeline

extension IdentityService {
    /// Tokens, and what a token itself may be asked. They check tokens on their own: a token for
    /// no project is good enough here, and nowhere else.
    var tokenRoutes: [Route] {
        [
            Route(.post, "/v3/auth/tokens", .anyone) { try await issue($0) },
            Route(.get, "/v3/auth/tokens", .anyone) { request in
                let subject = try await subject(request)
                return answer(.ok, subject.text, subject.grant, request)
            },
            Route(.head, "/v3/auth/tokens", .anyone) { request in
                let subject = try await subject(request)
                return APIResponse(.ok).header("X-Subject-Token", subject.text)
            },
            Route(.delete, "/v3/auth/tokens", .anyone) { request in
                try await tokens.revoke(try await subject(request).text)
                return APIResponse(.noContent).header("Vary", "X-Auth-Token")
            },
            Route(.get, "/v3/auth/catalog", .anyone) { request in
                _ = try await grant(request).caller(request.context.requestID)
                return list("catalog", catalogEntries(request), request)
            },
            Route(.get, "/v3/auth/projects", .anyone) { request in
                let user = try await grant(request).user
                let found = try projects.list(with: user)
                return list("projects", found.map { views(request).project($0) }, request)
            },
            Route(.get, "/v3/auth/domains", .anyone) { request in
                _ = try await grant(request)
                return list("domains", [], request)
            },
            Route(.get, "/v3/auth/system", .anyone) { request in
                _ = try await grant(request)
                return list("system", [], request)
            },
        ]
    }

    private func issue(_ request: APIRequest) async throws -> APIResponse {
        let body = try TokenRequest(try await request.json())
        let issued = try await tokens.issue(body.credential, scope: body.scope)
        return answer(.created, issued.text, issued.grant, request)
    }

    private func answer(
        _ status: HTTPResponse.Status, _ text: String, _ grant: TokenGrant, _ request: APIRequest
    ) -> APIResponse {
        // An explicit type: a bare nil beside a JSON value would mean JSON's null.
        let shown: JSONValue? =
            Self.wantsCatalog(request) ? .some(catalog(request).json) : Optional.none
        let body = views(request).token(grant, catalog: shown)
        return APIResponse.json(status, body).header("X-Subject-Token", text)
            .header("Vary", "X-Auth-Token")
    }

    /// Not with `?nocatalog`, a key without a value, which the query's parser passes over.
    private static func wantsCatalog(_ request: APIRequest) -> Bool {
        let path = request.head.path ?? ""
        guard let mark = path.firstIndex(of: "?") else { return true }
        let items = path[path.index(after: mark)...].split(separator: "&")
        return !items.contains { $0 == "nocatalog" || $0.hasPrefix("nocatalog=") }
    }

    private func catalogEntries(_ request: APIRequest) -> [JSONValue] {
        guard case .array(let entries) = catalog(request).json else { return [] }
        return entries
    }

    /// What the caller's own token grants.
    private func grant(_ request: APIRequest) async throws -> TokenGrant {
        guard let token = request.header("X-Auth-Token"), !token.isEmpty else {
            throw DomainError.unauthenticated(
                "The request you have made requires authentication.")
        }
        return try await tokens.check(token)
    }

    /// The token the request is about: one's own, or anybody's for administrators.
    private func subject(
        _ request: APIRequest
    ) async throws -> (text: String, grant: TokenGrant) {
        let caller = try await grant(request)
        guard let text = request.header("X-Subject-Token"), !text.isEmpty else {
            throw DomainError.invalid(
                .token, field: "X-Subject-Token", "The header X-Subject-Token is missing.")
        }
        let found: TokenGrant
        do {
            found = try await tokens.check(text)
        } catch DomainError.unauthenticated {
            throw DomainError.notFound(.token, "that of the header X-Subject-Token")
        }
        guard found.user.id == caller.user.id || caller.roles.last == .admin else {
            throw DomainError.forbidden("Only administrators may ask about others' tokens.")
        }
        return (text, found)
    }
}
