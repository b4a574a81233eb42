import ComputeModel
import DeviceTracking
import Testing

@Suite struct DeviceSpecComparisonTests {
    private func spec(_ json: String) throws -> DeviceSpec { try DeviceSpec(json: [json]) }

    @Test func eachChange() throws {
        let comparison = SpecComparison(
            of: SpecHost.devices,
            inForce: try spec(
                #"[{"address":"0000:06:00.1"},{"vendor_id":"15b3","product_id":"101e","#
                    + #""physical_network":"A"}]"#),
            proposed: try spec(
                #"[{"address":"0000:06:00.3","physical_network":"a"},"#
                    + #"{"address":"0000:06:00.4","physical_network":"A","trusted":"true"},"#
                    + #"{"vendor_id":"10de"},{"vendor_id":"ffff"}]"#))
        let changes = Dictionary(
            uniqueKeysWithValues: comparison.rows.map { ("\($0.device.address)", $0.change) })
        #expect(changes["0000:06:00.0"] == .unchanged)
        #expect(changes["0000:06:00.1"] == .noLongerOffered)
        #expect(changes["0000:06:00.2"] == .noLongerOffered)
        #expect(changes["0000:06:00.3"] == .unchanged)
        #expect(changes["0000:06:00.4"] == .tagsChange)
        #expect(changes["0000:0a:00.0"] == .newlyOffered)
        #expect(changes["0000:81:02.0"] == .unchanged)
        #expect(comparison.rows.map(\.device.id) == SpecHost.devices.map(\.id))
        #expect(comparison.rows.map(\.entry) == [nil, nil, nil, 0, 1, nil, nil, nil, 2, 2])
        #expect(comparison.rows[3].device.physicalNetwork == "a")
        #expect(comparison.rows[4].device.tags?.trusted == true)
        #expect(comparison.problems == [.idle(entry: 3)])
    }

    @Test("a list that tells no tags is compared by what it tells")
    func unknownTags() throws {
        var device = SpecHost.devices[1]
        device.physicalNetwork = "A"
        let proposed = try spec(#"{"physical_network":"A","trusted":"yes"}"#)
        let change = { (present: SpecComparison.Present) in
            SpecComparison(of: [(device, present)], proposed: proposed).rows[0].change
        }
        #expect(change(.offeredTagsUnknown) == .unchanged)
        #expect(change(.offered) == .tagsChange)
        #expect(change(.notOffered) == .newlyOffered)
        let other = SpecComparison(
            of: [(device, .offeredTagsUnknown)], proposed: try spec("{}"))
        #expect(other.rows[0].change == .tagsChange)
    }

    @Test("software devices are offered by their name")
    func softwareDevices() throws {
        var device = SpecHost.device("ffff:00:00.0", .vdpa, "0000:0000")
        device.vdpaName = "vdpasim0"
        let named = DeviceSpec(entries: [], softwareDevices: ["vdpasim0"])
        let none = DeviceSpec(entries: [])
        func change(_ old: DeviceSpec, _ new: DeviceSpec) -> SpecComparison.Change {
            SpecComparison(of: [device], inForce: old, proposed: new).rows[0].change
        }
        #expect(change(named, named) == .unchanged)
        #expect(change(named, none) == .noLongerOffered)
        #expect(change(none, named) == .newlyOffered)
        #expect(change(none, none) == .unchanged)
    }

    @Test("netdevs that no device knows are given by the caller")
    func netdevs() throws {
        let proposed = try spec(#"{"devname":"p0"}"#)
        let pf = SpecHost.devices[5].address
        let with = SpecComparison(
            of: SpecHost.devices, inForce: DeviceSpec(entries: []), proposed: proposed,
            interfaces: ["p0": pf])
        #expect(with.rows.filter { $0.change == .newlyOffered }.count == 3)
        #expect(with.problems.isEmpty)
        let without = SpecComparison(
            of: SpecHost.devices, inForce: DeviceSpec(entries: []), proposed: proposed)
        #expect(without.problems == [.interfaceMissing(entry: 0, name: "p0")])
    }
}
