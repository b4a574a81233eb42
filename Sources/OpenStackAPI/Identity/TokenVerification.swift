import ComputeModel
import Conductor
import Identity
import RequestPipeline

extension Tokens: TokenVerifier {
    /// Who the token is for. Throws `unauthenticated` for a token that doesn't hold and
    /// `forbidden` for one that is for no project.
    public func caller(
        token: String, requestID: APIRequestID
    ) async throws(DomainError) -> Caller {
        do {
            return try await check(token).caller(requestID)
        } catch let error as DomainError {
            throw error
        } catch {
            throw .internalFailure("Checking a token failed: \(error)")
        }
    }
}
