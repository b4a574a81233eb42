import ComputeModel
import RequestPipeline

/// A version of the compute API, `2.<minor>`. One list holds what each changes here; the numbers
/// are Nova's, from the history of its REST API's versions.
struct Microversion: Sendable, Comparable {
    let minor: Int

    /// The oldest that is served, and the default of requests that name none.
    static let minimum = Microversion(minor: 1)
    /// The newest that is served.
    static let maximum = Microversion(minor: 100)

    static func < (left: Self, right: Self) -> Bool { left.minor < right.minor }

    var text: String { "2.\(minor)" }

    static let attributesForAdmins = Microversion(minor: 3)
    static let locked = Microversion(minor: 9)
    static let keypairOwner = Microversion(minor: 10)
    static let forcedDown = Microversion(minor: 11)
    static let serverGroupOwner = Microversion(minor: 13)
    static let evacuationFindsDisks = Microversion(minor: 14)
    static let softGroupPolicies = Microversion(minor: 15)
    static let hostStatus = Microversion(minor: 16)
    static let serverDescription = Microversion(minor: 19)
    static let forceComplete = Microversion(minor: 22)
    static let migrationKind = Microversion(minor: 23)
    static let abortMigration = Microversion(minor: 24)
    static let automaticBlockMigration = Microversion(minor: 25)
    static let tags = Microversion(minor: 26)
    static let hypervisorCPUInfoObject = Microversion(minor: 28)
    static let evacuationForce = Microversion(minor: 29)
    static let liveMigrationForce = Microversion(minor: 30)
    static let networksRequired = Microversion(minor: 37)
    static let aggregateUUID = Microversion(minor: 41)
    static let addressActionsGone = Microversion(minor: 44)
    static let imageIDInBody = Microversion(minor: 45)
    static let flavorInServer = Microversion(minor: 47)
    static let attachmentTag = Microversion(minor: 49)
    static let eventsForOwners = Microversion(minor: 51)
    static let uuidsOfServices = Microversion(minor: 53)
    static let rebuildKey = Microversion(minor: 54)
    static let flavorDescription = Microversion(minor: 55)
    static let migrationHost = Microversion(minor: 56)
    static let rebuildUserData = Microversion(minor: 57)
    static let actionsUpdatedAt = Microversion(minor: 58)
    static let migrationUUID = Microversion(minor: 59)
    static let flavorExtraSpecs = Microversion(minor: 61)
    static let eventHost = Microversion(minor: 62)
    static let trustedCertificates = Microversion(minor: 63)
    static let serverGroupRules = Microversion(minor: 64)
    static let abortQueuedMigration = Microversion(minor: 65)
    static let changesBefore = Microversion(minor: 66)
    static let forceGone = Microversion(minor: 68)
    static let interfaceTag = Microversion(minor: 70)
    static let serverGroups = Microversion(minor: 71)
    static let lockedReason = Microversion(minor: 73)
    static let requestedHost = Microversion(minor: 74)
    static let swapNumber = Microversion(minor: 75)
    static let rebuildShowsAll = Microversion(minor: 75)
    static let unshelveZone = Microversion(minor: 77)
    static let migrationOwner = Microversion(minor: 80)
    static let aggregateImages = Microversion(minor: 81)
    static let filtersForOwners = Microversion(minor: 83)
    static let eventDetails = Microversion(minor: 84)
    static let hypervisorSlim = Microversion(minor: 88)
    static let hostname = Microversion(minor: 90)
    static let unshelveHost = Microversion(minor: 91)
    static let evacuationEndsStopped = Microversion(minor: 95)
    static let pinnedZone = Microversion(minor: 96)
    static let imageProperties = Microversion(minor: 98)
    static let schedulerHints = Microversion(minor: 100)

    /// The version a request asks for. Throws `invalid` for what is no version and
    /// `MicroversionNotAcceptable` for one that is not served.
    static func requested(by request: APIRequest) throws -> Microversion {
        if let field = request.header("OpenStack-API-Version") {
            for entry in field.split(separator: ",") {
                let words = entry.split(separator: " ")
                guard words.count == 2, words[0].lowercased() == "compute" else { continue }
                return try parse(String(words[1]))
            }
        }
        return try request.header("X-OpenStack-Nova-API-Version").map(parse) ?? minimum
    }

    static func parse(_ text: String) throws -> Microversion {
        if text == "latest" { return maximum }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1]), major >= 0,
            minor >= 0, "\(major).\(minor)" == text
        else {
            throw DomainError.invalid(
                .request, field: nil,
                "API Version String \(text) is of invalid format. Must be of format"
                    + " MajorNum.MinorNum.")
        }
        let version = Microversion(minor: minor)
        guard major == 2, version >= minimum, version <= maximum else {
            throw MicroversionNotAcceptable(text: text)
        }
        return version
    }
}

/// A version that is not served: 406.
struct MicroversionNotAcceptable: Error {
    let text: String

    var message: String {
        "Version \(text) is not supported by the API. Minimum is \(Microversion.minimum.text)"
            + " and maximum is \(Microversion.maximum.text)."
    }
}

/// A request with the version that its answer must have.
struct ComputeRequest: Sendable {
    let request: APIRequest
    let version: Microversion

    func caller() throws(DomainError) -> Caller { try request.caller }
    func parameter(_ name: String) -> String { request.parameter(name) }
}
