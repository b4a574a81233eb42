public import ComputeModel
public import Foundation
public import JSON
public import Persistence
public import Scheduler

/// Why an instance went where it went, or nowhere: kept for operators as long as the workflow that
/// asked. Bounded: see ``PlacementSettings``.
public struct PlacementRecord: Codable, Sendable, Equatable, StoredValue {
    /// `placements/<workflow>`.
    public static var collection: String { "placements" }
    /// The workflow.
    public var documentKey: String { workflowID.text }

    /// Written at each claim. Records that name hosts which refused are rare and left to the
    /// encoder.
    public func write(to json: inout JSONWriter) -> Bool {
        guard rejections.isEmpty else { return false }
        json.object { json in
            json.key("alternates")
            json.array(alternates) { $1.write(to: &$0) }
            if let chosen {
                json.key("chosen")
                chosen.write(to: &json)
            }
            json.key("conflicts")
            json.number(conflicts)
            json.key("decidedAt")
            json.number(decidedAt.timeIntervalSinceReferenceDate)
            json.key("hostCount")
            json.number(hostCount)
            json.key("instanceID")
            json.string(instanceID.text)
            json.key("isComplete")
            json.bool(isComplete)
            json.key("refusedCounts")
            json.object { json in
                let sorted = refusedCounts.sorted {
                    $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
                }
                for (category, count) in sorted {
                    json.key(category)
                    json.number(count)
                }
            }
            json.key("rejections")
            json.array([])
            json.key("workflowID")
            json.string(workflowID.text)
        }
        return true
    }

    /// The workflow that asked.
    public var workflowID: WorkflowID
    /// The instance.
    public var instanceID: InstanceID
    /// When it was decided.
    public var decidedAt: Date
    /// The host that was chosen; nil when there was none.
    public var chosen: Choice?
    /// Hosts that would have been tried next, best first; in large fleets nobody looked for them
    /// unless a claim conflicted.
    public var alternates: [Choice]
    /// Times that another request was faster before this one got its claim.
    public var conflicts: Int
    /// Hosts that there were.
    public var hostCount: Int
    /// Whether `rejections` tells every host that refused.
    public var isComplete: Bool
    /// Hosts refused, by category; a host counts under its first reason. When a host was chosen
    /// in a large fleet, only hosts are counted that passed by their numbers.
    public var refusedCounts: [String: Int]
    /// Refused hosts with all their reasons, as far as the limits go.
    public var rejections: [HostRejection]

    /// A host with what it was ranked by.
    public struct Choice: Codable, Sendable, Equatable {
        /// The host.
        public var hostID: HostID
        /// Its name.
        public var hostName: String
        /// Devices that were, or would have been, claimed.
        public var devices: [DeviceClaim]
        /// Where the guest's NUMA nodes go.
        public var numa: NUMAPlacement?
        /// The shares of its rank.
        public var weights: [WeightShare]

        init(_ candidate: Candidate) {
            hostID = candidate.hostID
            hostName = candidate.hostName
            devices = candidate.devices
            numa = candidate.numa
            weights = candidate.weights
        }
    }
}

// As `Codable` writes it: keys in the order of their bytes, nothing for nil. A new property has to
// be added here; the tests compare the two.
extension PlacementRecord.Choice {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("devices")
            json.array(devices) { $1.write(to: &$0) }
            json.key("hostID")
            json.string(hostID.text)
            json.key("hostName")
            json.string(hostName)
            if let numa {
                json.key("numa")
                numa.write(to: &json)
            }
            json.key("weights")
            json.array(weights) { json, weight in
                json.object { json in
                    json.key("name")
                    json.string(weight.name)
                    json.key("share")
                    json.number(weight.share)
                    json.key("value")
                    json.number(weight.value)
                }
            }
        }
    }
}

/// Bounds of placement.
public struct PlacementSettings: Sendable, Equatable {
    /// What may be given out of what a host has.
    public var ratios: OvercommitRatios
    /// What hosts are ranked by.
    public var weights = PlacementWeights()
    /// Decisions made anew for one request because other claims were faster.
    public var attemptsMax = 256
    /// The chosen host and the alternates that are tried when its claim conflicts.
    public var candidatesMax = Scheduler.candidatesDefault
    /// Hosts whose rejections are kept with all their reasons.
    public var detailHostsMax = 200
    /// In fleets of so many hosts all reasons are kept also when a host was found.
    public var detailHostsWhenPlaced = 32
    /// Devices named in all rejections of one record.
    public var detailDevicesMax = 1_024
    /// The same for the record of a server that was placed.
    public var detailDevicesWhenPlaced = 64
    /// So long hosts may be taken for alive or dead before all are looked at again; the host that
    /// is chosen is looked at each time.
    public var vitalsAge: Duration = .milliseconds(250)

    /// The defaults.
    public init(ratios: OvercommitRatios) { self.ratios = ratios }
}

/// No host could take a request.
public struct PlacementFailure: Error, Sendable {
    /// The whole story.
    public let record: PlacementRecord

    /// A failure with its story.
    public init(record: PlacementRecord) { self.record = record }

    /// For the tenant: categories and counts.
    public var summary: String { PlacementDecision.text(record.refusedCounts) }
}
