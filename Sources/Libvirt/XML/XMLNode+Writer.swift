extension XMLNode {
    /// The element as text, two spaces a level, without an XML declaration.
    ///
    /// Characters that XML 1.0 can't carry even escaped (most control characters) become U+FFFD.
    public func xml() -> String {
        var out = ""
        write(into: &out, level: 0)
        return out
    }

    private func write(into out: inout String, level: Int) {
        out += "<\(name)"
        for attribute in attributes {
            out += " \(attribute.name)='"
            attribute.value.appendEscaped(to: &out, inAttribute: true)
            out += "'"
        }
        guard !content.isEmpty else {
            out += "/>"
            return
        }
        out += ">"
        // White space may be added only where there is no text that it would change.
        let isIndented = !content.contains { if case .text = $0 { true } else { false } }
        for item in content {
            if isIndented { out.appendLine(level: level + 1) }
            switch item {
            case .element(let node): node.write(into: &out, level: level + 1)
            case .text(let text): text.appendEscaped(to: &out, inAttribute: false)
            }
        }
        if isIndented { out.appendLine(level: level) }
        out += "</\(name)>"
    }
}

extension String {
    fileprivate mutating func appendLine(level: Int) {
        self += "\n" + String(repeating: "  ", count: level)
    }

    fileprivate func appendEscaped(to out: inout String, inAttribute: Bool) {
        for scalar in unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "'": out += "&apos;"
            case "\"": out += "&quot;"
            // Parsers turn a bare carriage return into a newline everywhere.
            case "\r": out += "&#13;"
            // Parsers turn these into blanks in attributes.
            case "\n" where inAttribute: out += "&#10;"
            case "\t" where inAttribute: out += "&#9;"
            default: out.unicodeScalars.append(scalar.isXMLCharacter ? scalar : "\u{FFFD}")
            }
        }
    }
}

extension Unicode.Scalar {
    /// The production `Char` of XML 1.0, section 2.2 (surrogates can't be scalars).
    fileprivate var isXMLCharacter: Bool {
        switch value {
        case 0x9, 0xA, 0xD, 0x20...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}
