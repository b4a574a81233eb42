import ComputeModel
import Conductor
import RequestPipeline

extension ComputeService {
    var limitRoutes: [Route] {
        [
            route(.get, "/limits", .reader, showLimits),
            route(.get, "/os-quota-sets/{project}", .reader, showQuota),
            route(.get, "/os-quota-sets/{project}/defaults", .reader, showQuota),
            route(.get, "/extensions", .reader) { _ in .ok(["extensions": []]) },
        ]
    }

    private func showLimits(_ request: ComputeRequest) throws -> APIResponse {
        let caller = try request.caller()
        var project = caller.projectID
        if let asked = request.request.query("tenant_id"), caller.isAdmin {
            project = ProjectID(asked)
        }
        let stored = conductor.readModel()
        let used = try stored.instances(of: project)
        let groups = try stored.serverGroupCount(of: project)
        let settings = conductor.context.settings
        let unlimited = -1
        return .ok([
            "limits": [
                "rate": [],
                "absolute": [
                    "maxServerMeta": 128, "maxTotalCores": .int(unlimited),
                    "maxTotalInstances": .int(settings.instancesPerProjectMax),
                    "maxTotalKeypairs": .int(unlimited), "maxTotalRAMSize": .int(unlimited),
                    "maxServerGroups": .int(settings.serverGroupsPerProjectMax),
                    "maxServerGroupMembers": .int(settings.serverGroupMembersMax),
                    "totalCoresUsed": .int(used.reduce(0) { $0 + $1.flavor.vcpus }),
                    "totalInstancesUsed": .int(used.count),
                    "totalRAMUsed": .int(used.reduce(0) { $0 + $1.flavor.memoryMiB }),
                    "totalServerGroupsUsed": .int(groups),
                ],
            ]
        ])
    }

    private func showQuota(_ request: ComputeRequest) throws -> APIResponse {
        let caller = try request.caller()
        let project = request.parameter("project")
        guard caller.isAdmin || project == caller.projectID.text else {
            throw DomainError.forbidden("Policy doesn't allow other projects' quotas to be seen.")
        }
        let settings = conductor.context.settings
        return .ok([
            "quota_set": [
                "id": .string(project), "cores": -1, "key_pairs": -1, "ram": -1,
                "instances": .int(settings.instancesPerProjectMax), "metadata_items": 128,
                "server_groups": .int(settings.serverGroupsPerProjectMax),
                "server_group_members": .int(settings.serverGroupMembersMax),
            ]
        ])
    }
}
