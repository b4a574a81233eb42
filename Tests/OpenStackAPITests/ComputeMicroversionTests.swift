import RequestPipeline
import Testing

@testable import OpenStackAPI

@Suite struct ComputeMicroversionTests {
    @Test(arguments: [
        ("2.1", 1), ("2.9", 9), ("2.10", 10), ("2.90", 90), ("2.100", 100), ("latest", 100),
    ])
    func versionsAreRead(text: String, minor: Int) throws {
        let version = try Microversion.parse(text)
        #expect(version.minor == minor)
        #expect(version.text == "2.\(minor)")
    }

    @Test(arguments: ["", "2", "2.", ".1", "2.1.1", "2.x", "2.-1", "2.+1", "02.1", "2.01", " 2.1"])
    func whatIsNoVersionIsAnError(text: String) {
        let error = #expect(throws: (any Error).self) { try Microversion.parse(text) }
        #expect(!(error is MicroversionNotAcceptable))
    }

    @Test(arguments: ["2.0", "2.101", "2.9999", "1.1", "3.0", "0.0"])
    func versionsThatAreNotServedAreNotAcceptable(text: String) {
        #expect(throws: MicroversionNotAcceptable.self) { try Microversion.parse(text) }
    }

    @Test func versionsAreOrderedByNumber() throws {
        let texts = ["2.1", "2.2", "2.9", "2.10", "2.79", "2.100"]
        let versions = try texts.map(Microversion.parse)
        #expect(versions.shuffled().sorted() == versions)
    }

    /// Headers of a request and what its answer is in, as Nova was recorded.
    struct Negotiation: Sendable {
        let headers: [String: String]
        let status: Int
        let version: String?
    }

    private static let modern = "OpenStack-API-Version"
    private static let old = "X-OpenStack-Nova-API-Version"

    static let negotiations: [Negotiation] = [
        Negotiation(headers: [:], status: 200, version: "2.1"),
        Negotiation(headers: [modern: "compute 2.90"], status: 200, version: "2.90"),
        Negotiation(headers: [old: "2.20"], status: 200, version: "2.20"),
        Negotiation(headers: [modern: "compute latest"], status: 200, version: "2.100"),
        Negotiation(headers: [modern: "network 2.0"], status: 200, version: "2.1"),
        Negotiation(
            headers: [modern: "compute 2.90, placement 1.1"], status: 200, version: "2.90"),
        Negotiation(
            headers: [modern: "placement 1.1,compute 2.30"], status: 200, version: "2.30"),
        Negotiation(
            headers: [modern: "compute 2.50", old: "2.20"], status: 200, version: "2.50"),
        Negotiation(headers: [modern: "network 2.0", old: "2.20"], status: 200, version: "2.20"),
        Negotiation(headers: [modern: "compute 2.500"], status: 406, version: nil),
        Negotiation(headers: [old: "1.0"], status: 406, version: nil),
        Negotiation(headers: [modern: "compute nonsense"], status: 400, version: nil),
    ]

    @Test(arguments: negotiations)
    func negotiating(negotiation: Negotiation) async throws {
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.send(
                .get, "/compute/v2.1/servers", token: "member", headers: negotiation.headers)
            #expect(answer.status == negotiation.status)
            if let version = negotiation.version {
                #expect(answer.header(Self.modern) == "compute \(version)")
                #expect(answer.header(Self.old) == version)
                #expect(answer.header("Vary")?.contains(Self.old) == true)
            }
            let id = try #require(answer.header("x-openstack-request-id"))
            #expect(id.hasPrefix("req-"))
            if negotiation.status == 200 {
                #expect(answer.header("x-compute-request-id") == id)
            }
        }
    }

    @Test func notAcceptableNamesWhatIsServed() async throws {
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.compute(.get, "/servers", version: "2.500")
            #expect(answer.json["computeFault"]?["code"] == 406)
            #expect(
                answer.fault("computeFault")
                    == "Version 2.500 is not supported by the API. Minimum is 2.1 and maximum is"
                    + " 2.100.")
        }
    }

    @Test func faultsAreInTheVersionThatWasAskedFor() async throws {
        try await ComputeAPITestbed().talk { client in
            let answer = try await client.compute(.get, "/servers/none", version: "2.30")
            #expect(answer.status == 404)
            #expect(answer.header(Self.modern) == "compute 2.30")
            #expect(answer.fault("itemNotFound") == "Instance none could not be found.")
        }
    }

    @Test func theVersionDocumentsNeedNoToken() async throws {
        try await ComputeAPITestbed().talk { client in
            let all = try await client.send(.get, "/compute")
            #expect(all.status == 200)
            #expect(all.text("versions", "0", "version") == "2.100")
            let one = try await client.send(.get, "/compute/v2.1/")
            #expect(one.text("version", "min_version") == "2.1")
            #expect(one.text("version", "id") == "v2.1")
            #expect(
                one.text("version", "links", "0", "href")
                    == "http://cloud.example.com/compute/v2.1/")
        }
    }
}
