import ComputeModel
import Foundation
import RequestPipeline
import Testing

@testable import OpenStackAPI

@Suite struct NetworkQueryTests {
    /// Five ports a to e, whose ids sort as their names.
    private static let ports = ["a", "b", "c", "d", "e"].map { name in
        var port = NetworkPort(
            id: PortID("id-\(name)"), networkID: .init("net"), projectID: .init("blue"),
            name: name, macAddress: "fa:16:3e:00:00:0\(name)", macChosenByUser: false,
            vnicType: .vdpa, createdAt: Date(timeIntervalSince1970: 0))
        port.fixedIPs = [
            FixedIP(subnetID: .init("sub"), address: "10.1.0.1\(name.utf8.first ?? 0)")
        ]
        port.tags = name == "a" ? ["red", "big"] : name == "b" ? ["red"] : []
        port.adminStateUp = name != "e"
        port.deviceID = name == "c" ? "server 1" : ""
        port.revisionNumber = name == "b" ? 10 : 9
        return port
    }

    private static let admin = Caller(
        userID: .init("u"), userName: "u", projectID: .init("blue"), projectName: "blue",
        role: .admin, requestID: .init("req"))

    private static func query(
        _ query: String, role: Role = .admin, pageItemsMax: Int = 1_000
    ) throws -> CollectionQuery<NetworkPort> {
        var caller = admin
        caller.role = role
        return try CollectionQuery(
            QueryItems(path: "/v2.0/ports?" + query), .ports, caller, pageItemsMax: pageItemsMax)
    }

    @Test(arguments: [
        ("", "abcde"), ("name=b", "b"), ("name=b&name=d", "bd"), ("name=nope", ""),
        ("admin_state_up=False", "e"), ("admin_state_up=true", "abcd"),
        ("device_id=server+1", "c"), ("device_id=server%201", "c"), ("device_id=", "abde"),
        ("fixed_ips=ip_address%3D10.1.0.198", "b"), ("fixed_ips=subnet_id=sub", "abcde"),
        ("fixed_ips=ip_address_substr=0.197", "a"), ("fixed_ips=nonsense", ""),
        ("binding%3Ahost_id=", "abcde"), ("revision_number=10", "b"), ("project_id=blue", "abcde"),
        ("tags=red", "ab"), ("tags=red,big", "a"), ("tags-any=big,small", "a"),
        ("not-tags=red,big", "bcde"), ("not-tags-any=red", "cde"), ("id=id-a&id=id-e", "ae"),
        ("sort_key=name&sort_dir=desc", "edcba"), ("sort_key=revision_number", "acdeb"),
        ("sort_key=admin_state_up&sort_key=name&sort_dir=asc&sort_dir=desc", "edcba"),
        ("limit=2", "ab"), ("limit=2&marker=id-b", "cd"), ("limit=2&page_reverse=True", "de"),
        ("limit=2&marker=id-c&page_reverse=True", "ab"), ("limit=0", "abcde"),
    ])
    func findsAndSorts(query: String, names: String) throws {
        let page = try Self.query(query).page(of: Self.ports.shuffled())
        #expect(page.items.map(\.name).joined() == names)
    }

    @Test(arguments: [
        ("binding:vnic_type=vdpa", "filter"), ("colour=red", "filter"), ("limit=-1", "limit"),
        ("limit=x", "limit"), ("sort_key=colour", "sort_key"),
        ("sort_key=name&sort_dir=up", "sort_dir"),
        ("sort_key=name&sort_dir=asc&sort_dir=asc", "sort_key"),
    ])
    func refusesWhatItCanNotDo(query: String, field: String) throws {
        #expect {
            _ = try Self.query(query)
        } throws: { error in
            guard case DomainError.invalid(.port, field, _) = error else { return false }
            return true
        }
    }

    /// A filter would tell what the view hides.
    @Test func doesNotFilterByWhatTheCallerMayNotSee() throws {
        #expect(throws: DomainError.self) { try Self.query("binding:host_id=h", role: .member) }
    }

    @Test func unknownMarkersAreNotFound() throws {
        #expect {
            _ = try Self.query("marker=id-z").page(of: Self.ports)
        } throws: { error in
            guard case DomainError.notFound(.port, "id-z") = error else { return false }
            return true
        }
    }

    /// The links that a real Neutron gave.
    @Test(arguments: [
        ("limit=2", "limit=2&marker=id-b", "limit=2&marker=id-a&page_reverse=True"),
        ("limit=2&marker=id-a", "limit=2&marker=id-c", "limit=2&marker=id-b&page_reverse=True"),
        (
            "limit=2&page_reverse=True", "limit=2&marker=id-e",
            "limit=2&marker=id-d&page_reverse=True"
        ),
        (
            "fields=id&fields=name&limit=3", "fields=id&fields=name&limit=3&marker=id-c",
            "fields=id&fields=name&limit=3&marker=id-a&page_reverse=True"
        ),
    ])
    func linksToTheNeighbours(query: String, next: String, previous: String) throws {
        let page = try Self.query(query).page(of: Self.ports)
        #expect(page.links.map(\.rel) == ["next", "previous"])
        #expect(page.links.map(\.query) == [next, previous])
    }

    @Test func aShortPageHasNoNext() throws {
        let page = try Self.query("limit=2&marker=id-d").page(of: Self.ports)
        #expect(page.links.map(\.rel) == ["previous"])
        #expect(try Self.query("limit=9&name=nope").page(of: Self.ports).links.isEmpty)
    }

    @Test func longListsArePagedUnasked() throws {
        let page = try Self.query("", pageItemsMax: 3).page(of: Self.ports)
        #expect(page.items.count == 3)
        #expect(page.links.first?.query == "marker=id-c")
        #expect(try Self.query("limit=9", pageItemsMax: 3).page(of: Self.ports).items.count == 3)
    }
}
