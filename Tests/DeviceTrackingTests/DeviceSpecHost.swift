import ComputeModel

@testable import DeviceTracking

/// The host that the worked examples are about: `DeviceSpecExampleTests`.
enum SpecHost {
    static let devices: [Device] = {
        var all = [device("0000:06:00.0", .pf, "15b3:101d")]
        all += (1...4).map { child("0000:06:00.\($0)", of: "0000:06:00.0", "15b3:101e", $0 - 1) }
        all.append(device("0000:81:00.0", .pf, "8086:1572"))
        all += (0...1).map { child("0000:81:02.\($0)", of: "0000:81:00.0", "8086:154c", $0) }
        all += ["0000:0a:00.0", "0001:0a:00.0"].map { device($0, .pci, "10de:1eb8") }
        all[0].interfaceName = "ens1"
        all[3].kind = .vdpa
        all[4].kind = .vdpa
        for index in 0...4 { all[index].cardSerial = "MT2042X00001" }
        // The last VF's card tells no serial number.
        all[4].cardSerial = nil
        return all
    }()

    /// `0000:06:00.3` for "3", and so on: addresses of the host by a short name.
    static let mellanox =
        ["0000:06:00.0", "0000:06:00.1", "0000:06:00.2"]
        + ["0000:06:00.3", "0000:06:00.4"]
    static let graphics = ["0000:0a:00.0", "0001:0a:00.0"]
    static let everything = devices.map { "\($0.address)" }

    static func device(_ at: String, _ kind: DeviceKind, _ ids: String) -> Device {
        guard let address = PCIAddress(at) else { preconditionFailure("no address: \(at)") }
        let parts = ids.split(separator: ":").map { String($0) }
        return Device(
            id: DeviceID(at), kind: kind, address: address, vendorID: parts[0],
            productID: parts[1])
    }

    private static func child(
        _ at: String, of parent: String, _ ids: String, _ index: Int
    ) -> Device {
        var device = device(at, .vf, ids)
        device.parentAddress = PCIAddress(parent)
        device.parentID = DeviceID(parent)
        device.vfIndex = index
        return device
    }

    /// Addresses that `json` offers.
    static func offered(_ json: String) throws -> [String] {
        try DeviceSpec(json: [json]).offered(devices).map { "\($0.address)" }
    }
}
