import ComputeModel
import Conductor
import JSON
import Networking
import RequestPipeline

extension NetworkService {
    /// Quotas are the same for every project and come from the configuration.
    var quotaRoutes: [Route] {
        [
            Route(.get, "/v2.0/quotas", .role(.admin)) { _ in .ok(["quotas": []]) },
            Route(.get, "/v2.0/quotas/{project}", .role(.reader)) { request in
                _ = try project(request)
                return .ok(["quota": .object(limits.map { .init($0.0, .int($0.1)) })])
            },
            Route(.get, "/v2.0/quotas/{project}/default", .role(.reader)) { request in
                _ = try project(request)
                return .ok(["quota": .object(limits.map { .init($0.0, .int($0.1)) })])
            },
            Route(.get, "/v2.0/quotas/{project}/details.json", .role(.reader)) { request in
                try await .ok(["quota": usage(of: project(request), request.caller)])
            },
            Route(.get, "/v2.0/quotas/{project}/details", .role(.reader)) { request in
                try await .ok(["quota": usage(of: project(request), request.caller)])
            },
            Route(.put, "/v2.0/quotas/{project}", .role(.admin)) { _ in
                throw DomainError.notImplemented(
                    "Network quotas are the same for every project and are set in the server's"
                        + " configuration.")
            },
            Route(.delete, "/v2.0/quotas/{project}", .role(.admin)) { _ in
                APIResponse(.noContent)
            },
        ]
    }

    /// -1 is unlimited; 0 is what Millrace has not.
    private var limits: [(String, Int)] {
        [
            ("network", settings.networksPerProjectMax), ("subnet", -1), ("subnetpool", 0),
            ("port", settings.portsPerProjectMax),
            ("vdpa_port", settings.vdpaPortsPerProjectMax), ("router", 0), ("floatingip", 0),
            ("rbac_policy", 0), ("security_group", NetworkLimits.groupsPerProjectMax),
            ("security_group_rule", -1), ("trunk", 0),
        ]
    }

    private func project(_ request: APIRequest) throws -> ProjectID {
        let project = ProjectID(request.parameter("project"))
        guard try request.caller.maySee(project) else {
            throw DomainError.forbidden(
                "Only administrators may see the quotas of another project.")
        }
        return project
    }

    private func usage(of project: ProjectID, _ caller: Caller) async throws -> JSONValue {
        let own = try await groups.list(caller).filter { $0.projectID == project }
        let ports = try ports.list(caller).filter { $0.projectID == project }
        let used = [
            "network": try networks.list(caller).count { $0.projectID == project },
            "subnet": try subnets.list(caller).count { $0.projectID == project },
            "port": ports.count, "vdpa_port": ports.count { $0.vnicType == .vdpa },
            "security_group": own.count,
            "security_group_rule": own.reduce(0) { $0 + $1.rules.count },
        ]
        return .object(
            limits.map { name, limit in
                .init(
                    name,
                    ["limit": .int(limit), "used": .int(used[name] ?? 0), "reserved": 0])
            })
    }
}
