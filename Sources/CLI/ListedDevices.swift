import ComputeModel
import DeviceTracking
import JSON

/// Devices of one host as `millrace device list --format json` prints them.
struct ListedDevices: Sendable {
    /// With how each is offered now.
    var devices: [(device: Device, present: SpecComparison.Present)] = []
    /// Owning instances by device.
    var owners: [DeviceID: String] = [:]
    /// How many were left out, as the list doesn't say where or what they are: they vanished.
    var incompleteCount = 0

    /// Takes the devices of `host` (name or id; nil: of the only one there is) out of a list.
    init(_ items: [JSONValue], host: String?) throws(CommandFailure) {
        let chosen = items.filter { item in
            host == nil || item.text("host") == host || item.text("host_id") == host
        }
        let hosts = Set(chosen.compactMap { $0.text("host") }).sorted()
        guard hosts.count <= 1 else {
            throw .usage(
                "the devices are of \(hosts.count) hosts: name one with --host:"
                    + " \(hosts.prefix(10).joined(separator: ", "))"
                    + (hosts.count > 10 ? ", ..." : ""))
        }
        if let host, chosen.isEmpty, !items.isEmpty {
            throw .usage("the inventory has no device of a host '\(host)'")
        }
        for item in chosen { add(item) }
    }

    /// A list, or an object with `devices`, as the server answers.
    init(
        json text: String, path: String, host: String?
    ) throws(CommandFailure) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw .usage(
                "\(path) is not JSON: expected what 'millrace device list --format json' prints")
        }
        if case .array(let items) = value {
            try self.init(items, host: host)
        } else if case .array(let items)? = value["devices"] {
            try self.init(items, host: host)
        } else {
            throw .usage(
                "\(path) is \(value.typeName): expected a list, as 'millrace device list --format"
                    + " json' prints it")
        }
    }

    private mutating func add(_ item: JSONValue) {
        guard let address = item.text("address").flatMap({ PCIAddress($0) }),
            let kind = item.text("kind").flatMap({ DeviceKind(rawValue: $0) }),
            let vendorID = item.text("vendor_id"), let productID = item.text("product_id")
        else {
            incompleteCount += 1
            return
        }
        var device = Device(
            id: DeviceID(item.text("id") ?? "\(address)"), kind: kind, address: address,
            vendorID: vendorID, productID: productID)
        device.parentAddress = item.text("parent_address").flatMap { PCIAddress($0) }
        device.physicalNetwork = item.text("physical_network")
        device.vdpaName = item.text("vdpa_name")
        device.interfaceName = item.text("interface_name")
        // A list that tells no serial numbers can't say that a card has none.
        device.cardSerial = item["card_serial"] == nil ? "untold" : item.text("card_serial")
        device.tags = item.at("tags").map(Self.tags)
        let tellsTags = item["tags"] != nil
        devices.append((device, tellsTags ? .offered : .offeredTagsUnknown))
        owners[device.id] = item.text("instance_id")
    }

    private static func tags(_ item: JSONValue) -> DeviceTags {
        func flag(_ key: String) -> Bool? {
            guard case .bool(let flag)? = item[key] else { return nil }
            return flag
        }
        var tags = DeviceTags()
        tags.trusted = flag("trusted")
        tags.remoteManaged = flag("remote_managed") ?? false
        tags.managed = flag("managed")
        tags.liveMigratable = flag("live_migratable")
        tags.resourceClass = item.text("resource_class")
        tags.traits = item.texts("traits")
        return tags
    }
}
