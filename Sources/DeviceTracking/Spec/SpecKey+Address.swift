import ComputeModel
import JSON

/// The two forms of `address`: a text with open fields, and an object of regular expressions.
extension SpecKey {
    /// Where the entry's devices are. Nothing said, as "" or {}, means anywhere.
    func address() throws(DeviceSpecError) -> SpecPlace {
        switch value.content {
        case .text(let text):
            let glob = try glob(SpecHex.trimmed(text))
            return glob == SpecGlob() ? .anywhere : .glob(glob)
        case .object(let members):
            let expressions = try expressions(members)
            return expressions == SpecExpressions() ? .anywhere : .expressions(expressions)
        default:
            throw bad(
                "a text such as 0000:06:00.3 or 06:00.*, or an object of regular expressions for"
                    + " domain, bus, slot and function")
        }
    }

    // MARK: Text

    /// `[[domain:]bus:]slot[.function]`, aligned at the right; what is blank or `*` is open.
    private func glob(_ text: String) throws(DeviceSpecError) -> SpecGlob {
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var fields = halves[0].split(separator: ":", omittingEmptySubsequences: false)
            .map { String($0) }
        guard fields.count <= 3 else {
            throw bad("an address [[domain:]bus:]slot[.function] with at most two colons")
        }
        fields = Array(repeating: "", count: 3 - fields.count) + fields
        var glob = SpecGlob()
        glob.domain = try field(fields[0], "domain", max: UInt16.max, digits: 4)
        glob.bus = try field(fields[1], "bus", max: UInt8.max, digits: 2)
        glob.slot = try field(fields[2], "slot", max: 0x1f, digits: 2)
        if halves.count > 1 {
            glob.function = try field(String(halves[1]), "function", max: 7, digits: 1)
        }
        return glob
    }

    private func field<Number: FixedWidthInteger & UnsignedInteger>(
        _ text: String, _ name: String, max: Number, digits: Int
    ) throws(DeviceSpecError) -> Number? {
        let text = SpecHex.trimmed(text)
        if text.isEmpty || text == "*" { return nil }
        guard let number = SpecHex.number(text, digitsMax: digits), number <= Int(max) else {
            throw .badValue(
                entry: entry, at: value.position, key: self.name, found: value.shown,
                expected: "its \(name) \(SpecNode.shown(text)) to be a hex number from 0 to "
                    + String(max, radix: 16, uppercase: true)
                    + " of at most \(digits) digits, or '*' (ranges go into the object form)")
        }
        return Number(number)
    }

    // MARK: Regular expressions

    private static let fields = ["bus", "domain", "function", "slot"]

    private func expressions(
        _ members: [SpecNode.Member]
    ) throws(DeviceSpecError) -> SpecExpressions {
        var expressions = SpecExpressions()
        var seen: Set<String> = []
        for member in members {
            guard seen.insert(member.key).inserted else {
                throw .duplicateKey(
                    entry: entry, at: member.position, key: "address.\(member.key)")
            }
            switch member.key {
            case "domain": expressions.domain = try expression(member)
            case "bus": expressions.bus = try expression(member)
            case "slot": expressions.slot = try expression(member)
            case "function": expressions.function = try expression(member)
            default:
                throw .unknownKey(
                    entry: entry, at: member.position, key: "address.\(member.key)",
                    nearest: Spelling.nearest(to: member.key, among: Self.fields)
                        .map { "address.\($0)" })
            }
        }
        return expressions
    }

    private func expression(_ member: SpecNode.Member) throws(DeviceSpecError) -> SpecRegex {
        let name = "address.\(member.key)"
        guard case .text(let pattern) = member.value.content else {
            throw SpecKey(entry: entry, name: name, value: member.value)
                .bad("a regular expression in quotes")
        }
        do throws(SpecRegexError) {
            return try SpecRegex(pattern)
        } catch {
            throw .badExpression(
                entry: entry, at: member.value.position, key: name, pattern: pattern,
                error: error)
        }
    }
}
