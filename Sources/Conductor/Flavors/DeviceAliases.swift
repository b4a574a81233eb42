import ComputeModel
import DeviceTracking

/// The aliases that operators have defined, and how flavors ask for them.
public struct DeviceAliases: Sendable, Equatable {
    /// Devices that one flavor may ask for.
    public static let countMax = 64
    /// The extra spec that asks for devices.
    public static let extraSpec = "pci_passthrough:alias"
    /// Why no alias stands for vDPA devices, and what to do.
    static let portsInstead =
        "vDPA devices are consumed through ports, which give them a network. Create a port with"
        + " vnic_type 'vdpa' and give it to the server."

    /// By name; several of one name are alternatives.
    private var definitions: [String: [DeviceAlias]]

    /// No aliases.
    public init() { definitions = [:] }

    /// These aliases. Throws `invalid` when two of one name have different types or NUMA policies.
    public init(_ aliases: [DeviceAlias]) throws(DomainError) {
        definitions = [:]
        for alias in aliases {
            if let first = definitions[alias.name]?.first {
                try Self.agree("device_type", first.deviceType, alias.deviceType, alias.name)
                try Self.agree("numa_policy", first.numaPolicy, alias.numaPolicy, alias.name)
            }
            definitions[alias.name, default: []].append(alias)
        }
    }

    /// All names, sorted.
    public var names: [String] { definitions.keys.sorted() }

    /// The devices that a flavor with these extra specs asks for, one request for each; none when
    /// it asks for none. `policy` is what flavor and image say of NUMA nodes.
    ///
    /// Throws `invalid` for what is not `name:count[,name:count]` and for an alias that nobody has
    /// defined.
    func requests(
        _ extraSpecs: [String: String], policy: NUMAAffinityPolicy?
    ) throws(DomainError) -> [DeviceRequest] {
        guard let text = extraSpecs[Self.extraSpec] else { return [] }
        var requests: [DeviceRequest] = []
        for (name, count) in try Self.counts(text) {
            guard let alternatives = definitions[name] else { throw unknown(name) }
            for number in 0..<count {
                var request = DeviceRequest(
                    alias: name, number: number, alternatives: alternatives.map(\.demand))
                request.numaPolicy = policy ?? alternatives.first?.numaPolicy ?? .legacy
                requests.append(request)
            }
        }
        return requests
    }

    /// What can be said of an extra spec without knowing which aliases there will be: its form, and
    /// whether it means vDPA devices.
    func checkForm(_ text: String) throws(DomainError) {
        for (name, _) in try Self.counts(text)
        where definitions[name] == nil && Self.meansVDPA(name) {
            throw unknown(name)
        }
    }

    private static func agree<Value: Equatable>(
        _ key: String, _ one: Value?, _ other: Value?, _ name: String
    ) throws(DomainError) {
        guard one != other else { return }
        throw .invalid(
            .configuration, field: "pci_aliases",
            "The PCI alias '\(name)' is defined several times with different values of '\(key)':"
                + " alternatives must agree on it.")
    }

    private static func meansVDPA(_ name: String) -> Bool {
        name.lowercased().contains("vdpa")
    }

    private func unknown(_ name: String) -> DomainError {
        let known =
            definitions.isEmpty
            ? "None is defined." : "Defined are: \(names.joined(separator: ", "))."
        let why = Self.meansVDPA(name) ? Self.portsInstead : known
        return .invalid(
            .flavor, field: Self.extraSpec,
            "PCI alias \(name) is not defined, and the flavor asks for it by '\(Self.extraSpec)'. "
                + why)
    }

    /// Names with how many of each, in the order of the text, each name once.
    private static func counts(
        _ text: String
    ) throws(DomainError) -> [(name: String, count: Int)] {
        var found: [(name: String, count: Int)] = []
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false)
                .map { $0.trimming(while: \.isWhitespace) }
            guard parts.count == 2, !parts[0].isEmpty, let count = number(parts[1]) else {
                throw malformed(text)
            }
            if let index = found.firstIndex(where: { $0.name == parts[0] }) {
                found[index].count += count
            } else {
                found.append((parts[0], count))
            }
        }
        guard found.reduce(0, { $0 + $1.count }) <= countMax else { throw malformed(text) }
        return found
    }

    /// Digits only: no sign.
    private static func number(_ text: String) -> Int? {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text),
            (1...countMax).contains(number)
        else { return nil }
        return number
    }

    private static func malformed(_ text: String) -> DomainError {
        .invalid(
            .flavor, field: extraSpec,
            "The extra spec '\(extraSpec)' is '\(text.prefix(64))', expected 'name:count' or"
                + " several of them between commas, with 1 to \(countMax) devices in all.")
    }
}

extension Substring {
    /// Without the characters at both ends that fulfil `isDropped`.
    fileprivate func trimming(while isDropped: (Character) -> Bool) -> String {
        String(drop(while: isDropped).reversed().drop(while: isDropped).reversed())
    }
}
