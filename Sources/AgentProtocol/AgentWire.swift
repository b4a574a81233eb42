import Foundation

/// How the contract's messages are written between agent and server: JSON with dates in ISO 8601.
/// Both ends use this, so that they can't drift apart.
public enum AgentWire {
    /// Largest piece of an image handed to a receiver.
    public static let imageChunkBytesMax = 1 << 20

    /// A message's bytes. Dates are rounded to the millisecond. Throws `garbled` for values that
    /// JSON can't hold, such as a number that is not finite.
    public static func encode(_ value: some Encodable) throws(AgentLinkError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(text(of: date))
        }
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            throw .garbled("a \(type(of: value)) can't be written as JSON: \(error)")
        }
    }

    /// Reads a message; members that this release doesn't know are passed over. Throws `garbled`
    /// when it isn't JSON or not of this type.
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(AgentLinkError) -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            guard let date = date(from: text) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "'\(text)' is no ISO 8601 date")
            }
            return date
        }
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw .garbled("expected a \(type): \(error)")
        }
    }

    /// ISO 8601 in UTC with milliseconds. Half a millisecond is added because the style truncates.
    static func text(of date: Date) -> String {
        let milliseconds = (date.timeIntervalSince1970 * 1_000).rounded()
        let shifted = Date(timeIntervalSince1970: (milliseconds + 0.5) / 1_000)
        return shifted.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Reads ISO 8601 with or without fractions of seconds; nil for anything else. Rounded to the
    /// millisecond, so that what was sent comes back as the same value each time.
    static func date(from text: String) -> Date? {
        for fractions in [true, false] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: fractions)
            do {
                let milliseconds = try style.parse(text).timeIntervalSinceReferenceDate * 1_000
                return Date(timeIntervalSinceReferenceDate: milliseconds.rounded() / 1_000)
            } catch { continue }
        }
        return nil
    }
}

/// Paths of the agent's routes on the server.
public enum AgentRoute {
    /// Every route begins with it; the number is the contract's version.
    public static let base = "/agent/v1"
    /// POST `AgentHello`, answers `AgentWelcome`.
    public static let hello = base + "/hello"
    /// POST `HostReport`.
    public static let hostReport = base + "/host-report"
    /// GET with `after` and `timeout_ms`, answers `AssignmentBatch`.
    public static let assignments = base + "/assignments"
    /// POST `[GuestReport]`.
    public static let guestReports = base + "/guest-reports"
    /// POST `HostAnswer`.
    public static let answers = base + "/answers"
    /// GET, answers the image's bytes; PUT, takes them. The id stands between this and `/data`.
    public static let images = base + "/images"
    /// GET without a client certificate, answers `AuthorityReply`.
    public static let authority = base + "/ca"
    /// POST `JoinRequest` without a client certificate, answers `JoinReply`.
    public static let join = base + "/join"
    /// POST `RenewRequest`, answers `JoinReply`.
    public static let renew = base + "/renew"
}

/// The server's CA. Worth nothing until its fingerprint is compared with a join token's.
public struct AuthorityReply: Codable, Sendable {
    /// PEM of the CA's certificate.
    public var ca: String

    /// A reply; see the field.
    public init(ca: String) {
        self.ca = ca
    }
}

/// A host without a certificate asks for one.
public struct JoinRequest: Codable, Sendable {
    /// PEM of a signing request made with the host's own key.
    public var csr: String
    /// The join token's text.
    public var token: String

    /// A request; see the fields.
    public init(csr: String, token: String) {
        self.csr = csr
        self.token = token
    }
}

/// A host asks for its next certificate before the present one ends.
public struct RenewRequest: Codable, Sendable {
    /// PEM of a signing request made with the host's own key.
    public var csr: String

    /// A request; see the field.
    public init(csr: String) {
        self.csr = csr
    }
}

/// A host's certificate.
public struct JoinReply: Codable, Sendable {
    /// PEM of the host's certificate.
    public var certificate: String
    /// PEM of the CA's certificate.
    public var ca: String

    /// A reply; see the fields.
    public init(certificate: String, ca: String) {
        self.certificate = certificate
        self.ca = ca
    }
}

/// Body of every answer that is not a success.
public struct AgentFaultBody: Codable, Sendable {
    /// The fault.
    public var error: Fault

    /// What went wrong.
    public struct Fault: Codable, Sendable {
        /// Stable word, such as `refused` or `too-large`.
        public var code: String
        /// One sentence for operators.
        public var message: String
    }

    /// A fault; see `Fault`.
    public init(code: String, message: String) {
        error = Fault(code: code, message: message)
    }
}
