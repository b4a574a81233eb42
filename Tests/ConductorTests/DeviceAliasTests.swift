import ComputeModel
import DeviceTracking
import TestSupport
import Testing

@testable import Conductor

/// Aliases that operators define and flavors name.
@Suite struct DeviceAliasTests {
    private static func gpus() throws -> DeviceAliases {
        try DeviceAliases([
            DeviceAlias(name: "gpu", vendorID: "10DE", productID: "1db4", deviceType: "type-PCI"),
            DeviceAlias(
                name: "gpu", vendorID: "10de", productID: "20b0", deviceType: "type-PCI",
                traits: ["CUSTOM_BIG"], liveMigratable: "no"),
            DeviceAlias(name: "vf", resourceClass: "CUSTOM_NIC", traits: ["HW_NIC_SRIOV"]),
        ])
    }

    private func refusal(_ text: String) throws -> String {
        let aliases = try Self.gpus()
        let error = #expect(throws: DomainError.self) {
            try aliases.requests([DeviceAliases.extraSpec: text], policy: nil)
        }
        #expect(error.map { Refusal($0) } == .invalid(.flavor, DeviceAliases.extraSpec))
        return error?.description ?? ""
    }

    @Test func eachDeviceIsARequestOfItsOwn() throws {
        let found = try Self.gpus().requests(
            [DeviceAliases.extraSpec: "gpu:2, vf:1,gpu:1"], policy: nil)
        #expect(found.map(\.id) == ["gpu#0", "gpu#1", "gpu#2", "vf#0"])
        #expect(found.allSatisfy { $0.portID == nil && $0.network == .any })
        #expect(found[0].alternatives.map(\.productID) == ["1db4", "20b0"])
        #expect(found[0].alternatives.map(\.vendorID) == ["10de", "10de"])
        #expect(found[0].alternatives.map(\.kinds) == [[.pci], [.pci]])
        #expect(found[0].alternatives.map(\.liveMigratable) == [nil, false])
        #expect(found[0].alternatives.last?.traits == ["CUSTOM_BIG"])
        #expect(found[3].kinds == [.vf, .pci])
        #expect(found[3].alternatives.map(\.resourceClass) == ["CUSTOM_NIC"])
    }

    @Test(arguments: [
        "", "gpu", "gpu:", "gpu:0", "gpu:-1", "gpu:+1", "gpu:x", ":1", "gpu:1,", ",gpu:1",
        "gpu:1:1", "gpu:1;vf:1", "gpu:65", "gpu:40,vf:40", "gpu:99999999999999999999",
    ])
    func theFormIsStrict(text: String) throws {
        #expect(try refusal(text).contains("expected 'name:count'"))
    }

    @Test func anUnknownAliasIsNamedWithThoseThereAre() throws {
        let message = try refusal("gpu:1,fpga:1")
        #expect(message.contains("PCI alias fpga is not defined"))
        #expect(message.contains("gpu, vf"))
        let error = #expect(throws: DomainError.self) {
            try DeviceAliases().requests([DeviceAliases.extraSpec: "a:1"], policy: nil)
        }
        #expect(error?.description.contains("None is defined.") == true)
    }

    @Test func vDPADevicesComeThroughPorts() throws {
        #expect(try refusal("my-vDPA-nic:1").contains("vnic_type 'vdpa'"))
        #expect(throws: DomainError.self) { try DeviceAliases().checkForm("vdpa:1") }
        try DeviceAliases().checkForm("later:1")
        let error = #expect(throws: DomainError.self) {
            try DeviceAlias(
                name: "nic", vendorID: "15b3", productID: "101e", deviceType: "vdpa")
        }
        #expect(error?.description.contains("consumed through ports") == true)
    }

    /// Values of one alias, and what is said of them.
    struct Bad: Sendable {
        var name = "a"
        var capability: String?
        var vendor: String? = "15b3"
        var product: String? = "101e"
        var type: String?
        var policy: String?
        var resourceClass: String?
        var traits: [String] = []
        let message: String
    }

    static let bad: [Bad] = [
        Bad(name: "", message: "1 to 255 characters"), Bad(name: "a:b", message: "no ':'"),
        Bad(name: " a", message: "blanks"), Bad(capability: "usb", message: "expected 'pci'"),
        Bad(vendor: "15b", message: "four hex digits"),
        Bad(vendor: "0x15b3", message: "four hex digits"),
        Bad(product: "zzzz", message: "four hex digits"),
        Bad(product: "*", message: "four hex digits"),
        Bad(product: nil, message: "needs 'vendor_id' and 'product_id'"),
        Bad(type: "VF", message: "one of type-PCI, type-PF, type-VF"),
        Bad(policy: "near", message: "required, legacy, preferred, socket"),
        Bad(resourceClass: "fast nic", message: "CUSTOM_FAST_NIC"),
        Bad(traits: ["big"], message: "CUSTOM_FAST_NIC"),
    ]

    @Test(arguments: bad.indices)
    func badDefinitionsAreRefused(index: Int) throws {
        let bad = Self.bad[index]
        let error = #expect(throws: DomainError.self) {
            try DeviceAlias(
                name: bad.name, capabilityType: bad.capability, vendorID: bad.vendor,
                productID: bad.product, deviceType: bad.type, numaPolicy: bad.policy,
                resourceClass: bad.resourceClass, traits: bad.traits)
        }
        #expect(error?.description.contains(bad.message) == true, "\(String(describing: error))")
    }

    @Test func alternativesMustAgree() throws {
        let one = try DeviceAlias(name: "a", vendorID: "15b3", productID: "101e")
        let typed = try DeviceAlias(
            name: "a", vendorID: "15b3", productID: "101d", deviceType: "type-PF")
        let near = try DeviceAlias(
            name: "a", vendorID: "15b3", productID: "101d", numaPolicy: "required")
        for (other, key) in [(typed, "device_type"), (near, "numa_policy")] {
            let error = #expect(throws: DomainError.self) { try DeviceAliases([one, other]) }
            #expect(error?.description.contains("'\(key)'") == true)
        }
    }
}
