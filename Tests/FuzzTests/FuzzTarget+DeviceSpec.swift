import ComputeModel
import DeviceTracking
import Foundation

extension FuzzTarget {
    /// A value of `device_spec` as JSON text, held against a few devices.
    static let deviceSpec = FuzzTarget(
        name: "device-spec",
        words: [
            "\"vendor_id\":", "\"product_id\":", "\"address\":", "\"devname\":", "\"domain\":",
            "\"bus\":", "\"slot\":", "\"function\":", "\"physical_network\":", "\"trusted\":",
            "\"remote_managed\":", "\"managed\":", "\"live_migratable\":", "\"one_time_use\":",
            "\"resource_class\":", "\"traits\":", "null", "true", "false", "\"*\"", "\"15b3\"",
            "\"0000:06:00.0\"", ":06:", "\\u0041", "\\ud83d\\ude00", "{}", "[]", ",", "\"yes\"",
            "1e5", "-0", "[0-9]", "101e", "ens1",
        ]
    ) { bytes in
        let text = fuzzText(bytes)
        let spec: DeviceSpec
        do throws(DeviceSpecError) {
            spec = try DeviceSpec(json: [text])
        } catch {
            return error.description.isEmpty ? "an error without a word" : nil
        }
        guard (try? DeviceSpec(json: [text])) == spec else { return "read twice, it differs" }
        let json = try? JSONSerialization.jsonObject(
            with: Data(text.utf8), options: .fragmentsAllowed)
        if json == nil { return "accepts what is no JSON" }
        return fault(of: spec)
    }

    private static func fault(of spec: DeviceSpec) -> String? {
        let devices = sampleDevices
        let offered = spec.offered(devices)
        for device in devices {
            let number = spec.matchIndex(device, interfaces: DeviceSpec.interfaces(of: devices))
            let tagged = offered.first { $0.id == device.id }
            guard (number == nil) == (tagged == nil) else { return "\(device.id): two answers" }
            guard let number, let tagged else { continue }
            let entry = spec.entries[number]
            if tagged.tags != entry.tags || tagged.physicalNetwork != entry.physicalNetwork {
                return "\(device.id) has another entry's tags"
            }
            if device.kind == .pf, tagged.tags?.remoteManaged ?? false {
                return "a PF is remote-managed"
            }
            if tagged.tags?.traits ?? [] != Set(tagged.tags?.traits ?? []).sorted() {
                return "traits are not sorted"
            }
        }
        return nil
    }

    private static let sampleDevices: [Device] = {
        let rows: [(String, DeviceKind, String, String)] = [
            ("pf", .pf, "0000:06:00.0", "101d"), ("vf", .vf, "0000:06:00.1", "101e"),
            ("vdpa", .vdpa, "0000:06:00.3", "101e"), ("gpu", .pci, "0001:0a:00.0", "1eb8"),
        ]
        return rows.compactMap { id, kind, text, product in
            guard let address = PCIAddress(text) else { return nil }
            var device = Device(
                id: DeviceID(id), kind: kind, address: address,
                vendorID: kind == .pci ? "10de" : "15b3", productID: product)
            if kind == .pf { device.interfaceName = "ens1" }
            if kind == .vf || kind == .vdpa {
                device.parentID = DeviceID("pf")
                device.parentAddress = PCIAddress("0000:06:00.0")
                device.vfIndex = kind == .vf ? 0 : 2
            }
            device.cardSerial = kind == .pci ? nil : "MT2113X00000"
            return device
        }
    }()

    /// A regular expression for a field of an address. Where it has only what all dialects have,
    /// it must match what ICU's matches.
    static let specRegex = FuzzTarget(
        name: "spec-regex",
        words: [
            "[0-9]", "[^a-f]", "(?:", "(", ")", "|", "{1,2}", "{2}", "{,3}", "\\d", "\\w", ".*",
        ]
    ) { bytes in
        let pattern = fuzzText(bytes)
        guard let regex = try? SpecRegex(pattern) else { return nil }
        let fields = ["", "0", "7", "06", "0a", "1f", "0000", "000a", "ffff"]
        let isPlain = pattern.utf8.allSatisfy { "0123456789abcdef.|()*+?".utf8.contains($0) }
        let other =
            isPlain
            ? try? NSRegularExpression(
                pattern: "^(?:\(pattern))$", options: .caseInsensitive) : nil
        if isPlain, other == nil { return "accepts '\(pattern)', ICU doesn't" }
        for field in fields {
            let fits = regex.matches(field)
            guard let other else { continue }
            let range = NSRange(location: 0, length: field.utf16.count)
            let fitsOther = other.firstMatch(in: field, range: range) != nil
            if fits != fitsOther { return "'\(pattern)' on '\(field)': ICU says \(fitsOther)" }
        }
        return nil
    }
}
