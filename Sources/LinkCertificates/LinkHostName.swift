/// The form a host's name must have to stand in a certificate (RFC 1123, in lower or upper case).
public enum LinkHostName {
    /// Longest name; what a certificate's common name may hold (RFC 5280, appendix A.1).
    public static let lengthMax = 64
    /// Longest part between dots.
    static let labelLengthMax = 63

    /// Throws `unsuitable` unless `name` is a host name.
    public static func check(_ name: String) throws(LinkCertificateError) {
        guard isValid(name) else {
            throw .unsuitable(
                "'\(name.prefix(lengthMax))' is no host name: 1 to \(lengthMax) letters, digits,"
                    + " '-' and '.' are allowed, and no part may be empty or begin or end with '-'")
        }
    }

    static func isValid(_ name: String) -> Bool {
        guard (1...lengthMax).contains(name.utf8.count) else { return false }
        return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        guard (1...labelLengthMax).contains(label.utf8.count) else { return false }
        guard label.first != "-", label.last != "-" else { return false }
        return label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    }
}
