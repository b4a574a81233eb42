import ComputeModel
import Conductor
import JSON
import RequestPipeline
import Testing

@testable import OpenStackAPI

/// `os-interface`: bodies and refusals.
@Suite struct InterfaceAPITests {
    private static let port = "f18b01dd-eff2-466c-8130-accdd723261b"
    private static let network = "fc1d7873-caf0-4d16-98b0-4b6e7007335a"

    private static func read(_ value: JSONValue, _ minor: Int) throws -> AttachmentRequest {
        try AttachmentRequest(value, Microversion(minor: minor))
    }

    @Test func aPortANetworkOrNothingIsAskedFor() throws {
        let port = try Self.read(
            ["interfaceAttachment": ["port_id": .string(Self.port.uppercased())]], 1)
        #expect(port == AttachmentRequest(portID: PortID(Self.port)))
        let network = try Self.read(
            [
                "interfaceAttachment": [
                    "net_id": .string(Self.network), "tag": "nic1",
                    "fixed_ips": [["ip_address": "10.1.0.7"]],
                ]
            ], 49)
        #expect(
            network
                == AttachmentRequest(
                    networkID: NetworkID(Self.network), fixedAddress: "10.1.0.7", tag: "nic1"))
        for body: JSONValue in [[:], ["interfaceAttachment": [:]], ["interfaceAttachment": nil]] {
            #expect(try Self.read(body, 70) == AttachmentRequest())
        }
    }

    static let wrong: [(JSONValue, Int)] = [
        (["port_id": "p1"], 1), (["net_id": "n1"], 1), (["port": .string(port)], 1),
        (["port_id": .string(port), "net_id": .string(network)], 1),
        (["port_id": .string(port), "fixed_ips": [["ip_address": "10.1.0.7"]]], 1),
        (["fixed_ips": [["ip_address": "10.1.0.7"]]], 1),
        (["net_id": .string(network), "fixed_ips": []], 1),
        (["net_id": .string(network), "fixed_ips": [[:]]], 1),
        (
            [
                "net_id": .string(network),
                "fixed_ips": [["ip_address": "10.1.0.7"], ["ip_address": "10.1.0.8"]],
            ], 1
        ),
        (
            [
                "net_id": .string(network),
                "fixed_ips": [["ip_address": "10.1.0.7", "subnet_id": "s"]],
            ], 1
        ),
        (["port_id": .string(port), "tag": "t"], 48), (["port_id": .string(port), "tag": ""], 49),
        (["port_id": .string(port), "tag": "a,b"], 49),
        (["port_id": .string(port), "tag": "a/b"], 49),
    ]

    @Test(arguments: wrong)
    func wrongBodiesAreRefused(value: JSONValue, minor: Int) async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.talk { client in
            let answer = try await client.compute(
                .post, "/servers/\(server.id)/os-interface", ["interfaceAttachment": value],
                version: "2.\(minor)")
            #expect(answer.status == 400)
        }
    }

    @Test func othersServersAreNotThereAndReadersMayNot() async throws {
        let bed = try await ComputeAPITestbed()
        let server = try await bed.put("s1")
        try await bed.talk { client in
            let path = "/servers/\(server.id)/os-interface"
            let body: JSONValue = ["interfaceAttachment": ["port_id": .string(Self.port)]]
            for (token, status) in [("other", 404), ("reader", 403)] {
                let attach = try await client.compute(.post, path, body, as: token)
                #expect(attach.status == status)
                let detach = try await client.compute(.delete, "\(path)/\(Self.port)", as: token)
                #expect(detach.status == status)
            }
            let shown = try await client.compute(.get, "\(path)/\(Self.port)")
            #expect(shown.status == 404)
        }
    }
}
