import ComputeModel
import Persistence

extension Instances {
    /// Hints whose values are instances that the new one shall be with, or away from.
    private static let neighbourHints = ["same_host", "different_host"]

    /// Refuses a request that names a server group or other instances that the caller may not see:
    /// nobody learns by it where the instances of other projects are.
    func checkNeighbours(_ request: InstanceRequest, _ caller: Caller) throws {
        try ServerGroups(context).checkMembership(request, caller)
        for hint in Self.neighbourHints {
            for id in request.schedulerHints[hint] ?? [] {
                do {
                    _ = try find(InstanceID(id), caller)
                } catch DomainError.notFound {
                    throw DomainError.invalid(
                        .server, field: hint,
                        "The scheduler hint '\(hint)' names server \(id), which could not be"
                            + " found.")
                }
            }
        }
    }
}
