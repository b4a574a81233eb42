import ComputeModel
import DeviceTracking
import Networking

/// A kind of device that flavors ask for by name (`pci_passthrough:alias`), as an operator defines
/// it: `pci_aliases` in docs/operator/configuration.md, in the form of Nova's `[pci] alias`.
public struct DeviceAlias: Sendable, Equatable {
    /// What flavors call it, 1 to 255 characters without `:` and `,`.
    public let name: String
    /// Four lower-case hex digits; nil: any vendor.
    public let vendorID: String?
    /// Four lower-case hex digits; nil: any product.
    public let productID: String?
    /// Which sort of function; nil: a VF, or a function that is neither PF nor VF.
    public let deviceType: DeviceAliasType?
    /// How near it must be, unless flavor or image say so; nil: `legacy`.
    public let numaPolicy: NUMAAffinityPolicy?
    /// Resource class that the device's tag must have.
    public let resourceClass: String?
    /// Traits that the device's tag must have.
    public let traits: Set<String>
    /// What the device's tag must say of migration.
    public let liveMigratable: Bool?

    /// An alias of values as they are written down. Throws `invalid`, naming alias and value.
    ///
    /// - Parameters:
    ///   - capabilityType: only `pci`.
    ///   - traits: names in OpenStack's form.
    ///   - liveMigratable: a truth value as text.
    public init(
        name: String, capabilityType: String? = nil, vendorID: String? = nil,
        productID: String? = nil, deviceType: String? = nil, numaPolicy: String? = nil,
        resourceClass: String? = nil, traits: [String] = [], liveMigratable: String? = nil
    ) throws(DomainError) {
        let check = AliasCheck(name: name)
        try check.checkName()
        guard capabilityType ?? "pci" == "pci" else {
            throw check.wrong("capability_type", capabilityType, "'pci'")
        }
        self.name = name
        self.vendorID = try check.hex("vendor_id", vendorID)
        self.productID = try check.hex("product_id", productID)
        self.deviceType = try check.deviceType(deviceType)
        self.numaPolicy = try check.numaPolicy(numaPolicy)
        self.resourceClass = try check.placementName("resource_class", resourceClass)
        var names: Set<String> = []
        for trait in traits {
            if let trait = try check.placementName("traits", trait) { names.insert(trait) }
        }
        self.traits = names
        self.liveMigratable = try check.truth("live_migratable", liveMigratable)
        guard vendorID != nil && productID != nil || resourceClass != nil else {
            throw .invalid(
                .configuration, field: "pci_aliases",
                "The PCI alias '\(name)' needs 'vendor_id' and 'product_id', or a"
                    + " 'resource_class'.")
        }
    }

    /// The form of device that it asks for.
    var demand: DeviceDemand {
        var demand = DeviceDemand(kinds: deviceType?.kinds ?? [.vf, .pci])
        demand.vendorID = vendorID
        demand.productID = productID
        demand.resourceClass = resourceClass
        demand.traits = traits
        demand.liveMigratable = liveMigratable
        return demand
    }
}

/// `device_type` of an alias. There is none for vDPA devices: they are consumed through ports.
public enum DeviceAliasType: String, Sendable, CaseIterable {
    case pci = "type-PCI"
    case pf = "type-PF"
    case vf = "type-VF"

    /// The kinds of device that it stands for.
    var kinds: Set<DeviceKind> {
        switch self {
        case .pci: [.pci]
        case .pf: [.pf]
        case .vf: [.vf]
        }
    }
}

/// Checks the values of one alias.
private struct AliasCheck {
    private static let nameLengthMax = 255
    let name: String

    func checkName() throws(DomainError) {
        guard (1...Self.nameLengthMax).contains(name.count),
            !name.contains(where: { $0 == ":" || $0 == "," }),
            name.first?.isWhitespace == false, name.last?.isWhitespace == false
        else {
            throw .invalid(
                .configuration, field: "pci_aliases",
                "The name '\(name.prefix(64))' of a PCI alias must have 1 to"
                    + " \(Self.nameLengthMax) characters, no ':' or ',', and no blanks around it.")
        }
    }

    func wrong(_ key: String, _ found: String?, _ expected: String) -> DomainError {
        .invalid(
            .configuration, field: "pci_aliases",
            "'\(key)' of the PCI alias '\(name)' is '\(found?.prefix(64) ?? "")', expected"
                + " \(expected).")
    }

    func hex(_ key: String, _ text: String?) throws(DomainError) -> String? {
        guard let text else { return nil }
        let digits = text.lowercased()
        guard digits.count == 4, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw wrong(key, text, "exactly four hex digits")
        }
        return digits
    }

    func deviceType(_ text: String?) throws(DomainError) -> DeviceAliasType? {
        guard let text else { return nil }
        guard text.lowercased() != "vdpa" else {
            throw .invalid(
                .configuration, field: "pci_aliases",
                "The PCI alias '\(name)' has the device_type '\(text)', which no alias can have:"
                    + " " + DeviceAliases.portsInstead)
        }
        guard let type = DeviceAliasType(rawValue: text) else {
            throw wrong(
                "device_type", text,
                "one of \(DeviceAliasType.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return type
    }

    func numaPolicy(_ text: String?) throws(DomainError) -> NUMAAffinityPolicy? {
        guard let text else { return nil }
        guard let policy = NUMAAffinityPolicy(rawValue: text) else {
            throw wrong(
                "numa_policy", text,
                "one of \(NUMAAffinityPolicy.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return policy
    }

    /// The tags of devices are kept in this form, and compared as they are.
    func placementName(_ key: String, _ text: String?) throws(DomainError) -> String? {
        guard let text else { return nil }
        let isPlain = text.allSatisfy {
            $0.isASCII && ($0.isUppercase || $0.isNumber || $0 == "_")
        }
        guard isPlain, (1...Self.nameLengthMax).contains(text.count) else {
            throw wrong(key, text, "a name of OpenStack's form, such as CUSTOM_FAST_NIC")
        }
        return text
    }

    func truth(_ key: String, _ text: String?) throws(DomainError) -> Bool? {
        guard let text else { return nil }
        guard let value = DeviceRequirementRules.truth(text) else {
            throw wrong(key, text, "'true' or 'false'")
        }
        return value
    }
}
