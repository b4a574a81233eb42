import RequestPipeline
import Testing

@testable import ComputeModel
@testable import OpenStackAPI

/// Filters, order and pages of server lists.
@Suite struct ComputeServerListTests {
    /// s0 is the newest, s4 the oldest; `foreign` is another project's.
    private static func fleet(_ limits: RequestLimits = RequestLimits()) async throws
        -> ComputeAPITestbed
    {
        let bed = try await ComputeAPITestbed(limits: limits)
        let states: [InstanceState] = [.active, .error, .active, .stopped, .building]
        for (age, state) in states.enumerated() {
            try await bed.put("s\(age)", age: age) {
                $0.state = state
                $0.hostName = age < 2 ? "h1" : "h2"
                $0.tags = age == 2 ? ["red", "blue"] : ["blue"]
                $0.locked = age == 3
                $0.updatedAt = ComputeAPITestbed.time.addingTimeInterval(Double(-100 * age))
            }
        }
        try await bed.put("foreign", age: 5) { $0.projectID = ProjectID("somebody") }
        try await bed.put("gone", age: 6) { $0.state = .deleted }
        return bed
    }

    /// A query, whose it is, and the names it gives in their order.
    struct Query: Sendable, CustomTestStringConvertible {
        let query: String
        var token = "member"
        let names: [String]
        var testDescription: String { "\(query) as \(token)" }
    }

    static let everything = ["s0", "s1", "s2", "s3", "s4"]

    static let queries: [Query] = [
        Query(query: "", names: everything),
        Query(query: "", token: "reader", names: everything),
        Query(query: "", token: "other", names: []),
        Query(query: "", token: "admin", names: everything),
        Query(query: "?all_tenants=1", token: "admin", names: everything + ["foreign"]),
        Query(query: "?all_tenants", token: "admin", names: everything + ["foreign"]),
        Query(query: "?all_tenants=0", token: "admin", names: everything),
        Query(query: "?all_tenants=1", names: everything),
        Query(query: "?all_tenants=1&project_id=somebody", token: "admin", names: ["foreign"]),
        Query(query: "?deleted=true", token: "admin", names: ["gone"]),
        Query(query: "?name=s3", names: ["s3"]),
        Query(query: "?name=%5Es%5B12%5D$", names: ["s1", "s2"]),
        Query(query: "?name=x", names: []),
        Query(query: "?status=ACTIVE", names: ["s0", "s2"]),
        Query(query: "?status=active&status=ERROR", names: ["s0", "s1", "s2"]),
        Query(query: "?status=NONSENSE", names: []),
        Query(query: "?flavor=f1", names: everything),
        Query(query: "?flavor=f2", names: []),
        Query(query: "?image=none", names: []),
        Query(query: "?host=h2", token: "admin", names: ["s2", "s3", "s4"]),
        Query(query: "?host=h2", names: everything),
        Query(query: "?tags=red,blue", names: ["s2"]),
        Query(query: "?reservation_id=r-1", names: ["s1"]),
        Query(query: "?locked=true", names: ["s3"]),
        Query(query: "?changes-since=2026-09-21T14:11:40Z", names: ["s0", "s1"]),
        Query(query: "?ip=10.", names: []),
        Query(query: "?sort_key=name&sort_dir=asc&limit=2", names: ["s0", "s1"]),
        Query(query: "?sort_key=display_name&limit=2", names: ["s4", "s3"]),
        Query(
            query: "?sort_key=vm_state&sort_dir=asc&sort_key=name&sort_dir=desc",
            names: ["s2", "s0", "s4", "s1", "s3"]),
        Query(query: "?limit=0", names: []),
    ]

    @Test(arguments: queries)
    func listing(query: Query) async throws {
        try await Self.fleet().talk { client in
            for path in ["/servers", "/servers/detail"] {
                let answer = try await client.compute(
                    .get, path + query.query, as: query.token, version: "2.73")
                #expect(answer.status == 200)
                #expect(answer.column("servers", "name") == query.names)
            }
        }
    }

    @Test(arguments: [
        ("?limit=-1", 400), ("?limit=x", 400), ("?marker=none", 400), ("?sort_key=secret", 400),
        ("?name=%28", 400), ("?changes-since=yesterday", 400), ("?deleted=1", 403),
    ])
    func badQueriesAreRefused(query: String, status: Int) async throws {
        try await Self.fleet().talk { client in
            let answer = try await client.compute(.get, "/servers" + query)
            #expect(answer.status == status)
        }
    }

    /// A pattern that takes for ever must not take the server with it.
    @Test func longPatternsAreRefused() async throws {
        try await Self.fleet().talk { client in
            let pattern = String(repeating: "a", count: 256)
            let answer = try await client.compute(.get, "/servers?name=\(pattern)")
            #expect(answer.status == 400)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6])
    func pagesAreFollowedByTheirLinks(limit: Int) async throws {
        try await Self.fleet().talk { client in
            var names: [String] = []
            var path = "/servers/detail?status=active&status=error&status=shutoff&limit=\(limit)"
            for _ in 0..<10 {
                let answer = try await client.compute(.get, path)
                names += answer.column("servers", "name")
                guard let next = answer.text("servers_links", "0", "href") else { break }
                #expect(answer.text("servers_links", "0", "rel") == "next")
                let start = "http://cloud.example.com/compute/v2.1"
                #expect(next.hasPrefix(start + "/servers/detail?"))
                path = String(next.dropFirst(start.count))
            }
            #expect(names == ["s0", "s1", "s2", "s3"])
        }
    }

    @Test func aPageIsNoLongerThanTheLimitOfTheService() async throws {
        try await Self.fleet(RequestLimits(pageItemsMax: 2)).talk { client in
            let answer = try await client.compute(.get, "/servers?limit=100")
            #expect(answer.column("servers", "name") == ["s0", "s1"])
            #expect(answer.text("servers_links", "0", "href")?.contains("limit=2") == true)
        }
    }
}
