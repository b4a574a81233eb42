import ComputeModel
import Conductor
import JSON
import RequestPipeline

extension ServerConfiguration {
    /// Aliases that one file may define.
    private static let aliasesMax = 256
    /// Traits of one alias.
    private static let traitsMax = 64

    /// `pci_aliases`: which devices flavors may ask for by name. Nil when the key is absent.
    func readAliases(_ reader: inout BodyReader) throws -> DeviceAliases? {
        guard let entries = try reader.array("pci_aliases", countMax: Self.aliasesMax) else {
            return nil
        }
        return try DeviceAliases(try entries.map(Self.alias))
    }

    private static func alias(_ entry: JSONValue) throws -> DeviceAlias {
        var reader = try BodyReader(entry, path: "pci_aliases", noun: .configuration)
        let alias = try DeviceAlias(
            name: try reader.requiredString("name"),
            capabilityType: try reader.string("capability_type"),
            vendorID: try hex(&reader, "vendor_id"), productID: try hex(&reader, "product_id"),
            deviceType: try reader.string("device_type"),
            numaPolicy: try reader.string("numa_policy"),
            resourceClass: try reader.string("resource_class"), traits: try traits(&reader),
            liveMigratable: try reader.bool("live_migratable").map { $0 ? "true" : "false" })
        try reader.finish()
        return alias
    }

    /// YAML takes `1016` without quotes for a number and `15e3` for another one, so that the digits
    /// are lost.
    private static func hex(_ reader: inout BodyReader, _ key: String) throws -> String? {
        switch reader.value(key) {
        case .integer?, .number?:
            throw reader.invalid(key, "write the four hex digits in quotes, such as \"15b3\".")
        default: return try reader.string(key)
        }
    }

    /// A list, or as in Nova one text with commas.
    private static func traits(_ reader: inout BodyReader) throws -> [String] {
        guard case .string(let text)? = reader.value("traits") else {
            return try reader.strings("traits", countMax: traitsMax) ?? []
        }
        return text.split { $0 == "," || $0 == " " }.map(String.init)
    }
}
