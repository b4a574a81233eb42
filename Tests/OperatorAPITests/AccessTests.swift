import RequestPipeline
import Testing

@testable import OperatorAPI

@Suite struct AccessTests {
    /// Walks the route table, so that a new route can't be forgotten.
    @Test func everyRouteIsForAdministratorsOnly() async throws {
        let bed = try await OperatorTestbed(
            joinTokens: FakeTokenIssuer(), simulation: FakeSimulation(["compute-1": true]))
        let routes = bed.service.service.routes
        #expect(routes.count == 16)
        try await bed.talk { client in
            for route in routes {
                let path = "/v1" + route.path.replacing(/\{[a-z]+\}/, with: "compute-1")
                let nobody = try await client.send(route.method, path, token: nil)
                #expect(nobody.status == 401, "\(route.method) \(path)")
                let member = try await client.send(route.method, path, token: "member")
                #expect(member.status == 403, "\(route.method) \(path)")
                #expect(member.at("error.code") == 403)
            }
        }
    }

    @Test func unknownPathsAreRefusedInTheServicesOwnForm() async throws {
        try await OperatorTestbed().talk { client in
            let answer = try await client.send(.get, "/v1/nothing")
            #expect(answer.status == 404)
            #expect(answer.message == "The resource /v1/nothing is no address of this API.")
            guard case .string(let id)? = answer.at("error.request_id") else {
                Issue.record("no request id in \(answer.json)")
                return
            }
            #expect(id.hasPrefix("req-"))
        }
    }

    @Test(arguments: [
        ("/v1/devices?hosts=x", "'hosts'"), ("/v1/devices?kind=NIC", "PCI, PF, VF, vdpa"),
        ("/v1/devices?state=free", "available, claimed, allocated, unavailable"),
        ("/v1/operations?limit=0", "from 1 to 1000"),
        ("/v1/operations?limit=ten", "from 1 to 1000"),
        ("/v1/operations?status=done", "running, unwinding, succeeded, failed, stuck"),
        ("/v1/operations?running=yes", "true, false"),
        ("/v1/migrations?kind=live", "migration, resize, evacuation, live-migration"),
        ("/v1/migrations?status=moving", "accepted, queued"),
        ("/v1/migrations?limit=0", "from 1 to 1000"), ("/v1/migrations?hots=x", "'hots'"),
        ("/v1/hosts?zone=nova", "'zone'"),
    ])
    func wrongQueriesAreRefused(path: String, told: String) async throws {
        try await OperatorTestbed().talk { client in
            let answer = try await client.send(.get, path)
            #expect(answer.status == 400)
            #expect(answer.message.contains(told), "\(answer.message)")
        }
    }
}
