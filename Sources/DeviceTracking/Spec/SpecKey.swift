import ComputeModel

/// One key of an entry with its value: what each kind of value may look like.
struct SpecKey {
    let entry: Int
    let name: String
    let value: SpecNode

    /// An error about the value.
    func bad(_ expected: String) -> DeviceSpecError {
        .badValue(
            entry: entry, at: value.position, key: name, found: value.shown, expected: expected)
    }

    /// A text; `expected` says what it should hold.
    func text(_ expected: String) throws(DeviceSpecError) -> String {
        guard case .text(let text) = value.content else { throw bad(expected) }
        return text
    }

    /// Four lower-case hex digits; nil for `*`.
    func hexID() throws(DeviceSpecError) -> String? {
        let expected = "a text of up to four hex digits, or '*'"
        let text = SpecHex.trimmed(try text(expected))
        if text == "*" { return nil }
        guard let number = SpecHex.number(text, digitsMax: 4) else { throw bad(expected) }
        return SpecHex.padded(number, width: 4)
    }

    func interfaceName() throws(DeviceSpecError) -> String {
        let expected =
            "a netdev's name: 1 to \(SpecLimits.interfaceNameLengthMax) characters, no blanks"
            + " and no '/'"
        let text = try text(expected)
        let isSound = text.unicodeScalars.allSatisfy {
            $0.value > 0x20 && $0.value != 0x7f && $0 != "/" && $0 != ":"
        }
        guard isSound, (1...SpecLimits.interfaceNameLengthMax).contains(text.utf8.count),
            text != ".", text != ".."
        else { throw bad(expected) }
        return text
    }

    /// Nil for null: tunnelled networks.
    func networkName() throws(DeviceSpecError) -> String? {
        if case .null = value.content { return nil }
        let expected =
            "null, or the network's name of 1 to \(SpecLimits.networkNameLengthMax) characters"
        let text = try text(expected)
        guard (1...SpecLimits.networkNameLengthMax).contains(text.count) else {
            throw bad(expected)
        }
        return text
    }

    /// A truth value, as a text in any of OpenStack's forms, as JSON's own, or as 1 or 0.
    func flag() throws(DeviceSpecError) -> Bool {
        switch value.content {
        case .bool(let flag): return flag
        case .integer(1): return true
        case .integer(0): return false
        case .text(let text):
            switch SpecHex.trimmed(text).lowercased() {
            case "true", "t", "1", "on", "yes", "y": return true
            case "false", "f", "0", "off", "no", "n": return false
            default: break
            }
        default: break
        }
        throw bad("one of true, false, t, f, yes, no, y, n, on, off, 1, 0")
    }

    /// In Placement's form.
    func resourceClass() throws(DeviceSpecError) -> String {
        let expected = "the name of one resource class, such as CUSTOM_FAST_NIC"
        let text = SpecHex.trimmed(try text(expected))
        guard let name = SpecNames.resourceClass(text) else { throw bad(expected) }
        return name
    }

    /// In Placement's form, sorted, each once. Nothing between commas counts as nothing.
    func traits() throws(DeviceSpecError) -> [String] {
        let expected = "a text with trait names between commas"
        var names: Set<String> = []
        for part in try text(expected).split(separator: ",") {
            let part = SpecHex.trimmed(String(part))
            if part.isEmpty { continue }
            guard let name = SpecNames.trait(part) else { throw bad(expected) }
            names.insert(name)
        }
        guard names.count <= SpecLimits.traitsMax else {
            throw .overLimit(
                entry: entry, at: value.position, what: "there are more traits",
                limit: SpecLimits.traitsMax)
        }
        return names.sorted()
    }
}
