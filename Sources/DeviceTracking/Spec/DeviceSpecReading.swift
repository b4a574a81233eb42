import ComputeModel
import JSON

extension DeviceSpec {
    /// Reads the values of a `device_spec`: each an object (one entry), a list of objects, or a
    /// text that holds either as JSON, as in nova.conf. Entries are counted over all values.
    public init(
        reading values: [JSONValue], softwareDevices: Set<String> = []
    ) throws(DeviceSpecError) {
        var entries: [DeviceSpecEntry] = []
        for value in values {
            let first = entries.count
            var node = SpecNode(decoded: value)
            if case .string(let text) = value {
                node = try SpecJSONReader.read(text, entry: first)
            }
            let nodes: [SpecNode]
            if case .list(let items) = node.content { nodes = items } else { nodes = [node] }
            for node in nodes {
                guard entries.count < SpecLimits.entriesMax else {
                    throw .overLimit(
                        entry: entries.count, at: node.position, what: "there are more entries",
                        limit: SpecLimits.entriesMax)
                }
                entries.append(try DeviceSpecEntry(reading: node, entry: entries.count))
            }
        }
        self.init(entries: entries, softwareDevices: softwareDevices)
    }

    /// Reads values that are JSON texts, as nova.conf has them.
    public init(json texts: [String]) throws(DeviceSpecError) {
        try self.init(reading: texts.map { .string($0) })
    }
}

extension DeviceSpecEntry {
    /// Reads one entry from its members; `entry` is its number, for messages.
    public init(
        _ members: [JSONValue.Member], entry: Int = 0
    ) throws(DeviceSpecError) {
        try self.init(reading: SpecNode(decoded: .object(members)), entry: entry)
    }

    init(reading node: SpecNode, entry: Int) throws(DeviceSpecError) {
        guard case .object(let members) = node.content else {
            throw .notAnEntry(entry: entry, at: node.position, found: node.shown)
        }
        self.init()
        var seen: Set<String> = []
        var tags = DeviceTags()
        for member in members {
            let key = SpecKey(entry: entry, name: member.key, value: member.value)
            guard seen.insert(member.key).inserted else {
                throw .duplicateKey(entry: entry, at: member.position, key: member.key)
            }
            try exclude(member, seen, entry)
            guard try !read(key), try !Self.read(key, into: &tags) else { continue }
            throw Self.unknown(member, entry)
        }
        self.tags = tags == DeviceTags() ? nil : tags
    }

    /// Reads keys that say which devices are meant and what they are wired to; false for others.
    private mutating func read(_ key: SpecKey) throws(DeviceSpecError) -> Bool {
        switch key.name {
        case "vendor_id": vendorID = try key.hexID()
        case "product_id": productID = try key.hexID()
        case "address": place = try key.address()
        case "devname": place = .interface(try key.interfaceName())
        case "physical_network": physicalNetwork = try key.networkName()
        default: return false
        }
        return true
    }

    private static func read(
        _ key: SpecKey, into tags: inout DeviceTags
    ) throws(DeviceSpecError) -> Bool {
        switch key.name {
        case "trusted": tags.trusted = try key.flag()
        case "remote_managed": tags.remoteManaged = try key.flag()
        case "managed": tags.managed = try key.flag()
        case "live_migratable": tags.liveMigratable = try key.flag()
        case "resource_class": tags.resourceClass = try key.resourceClass()
        case "traits": tags.traits = try key.traits()
        default: return false
        }
        return true
    }

    private func exclude(
        _ member: SpecNode.Member, _ seen: Set<String>, _ entry: Int
    ) throws(DeviceSpecError) {
        guard seen.isSuperset(of: ["address", "devname"]),
            ["address", "devname"].contains(member.key)
        else { return }
        throw .conflictingKeys(
            entry: entry, at: member.position, key: member.key,
            other: member.key == "address" ? "devname" : "address")
    }

    private static func unknown(_ member: SpecNode.Member, _ entry: Int) -> DeviceSpecError {
        if member.key == "one_time_use" {
            return .unsupportedKey(
                entry: entry, at: member.position, key: member.key,
                reason: "it reserves devices in Nova's Placement service, which Millrace doesn't"
                    + " have. Remove it, and close the host to new servers while its devices are"
                    + " cleaned")
        }
        return .unknownKey(
            entry: entry, at: member.position, key: member.key,
            nearest: Spelling.nearest(to: member.key, among: keys))
    }
}
