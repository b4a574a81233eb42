import ComputeModel
import ControlPlaneState
import Persistence

/// What carries a network: one VLAN, or the untagged rest, of a physical network.
struct Segment: Sendable, Equatable {
    var type: NetworkType
    var physicalNetwork: String?
    var id: Int?

    /// VLAN ids that the standard leaves to users (IEEE 802.1Q: 0 and 4095 are reserved).
    static let vlanIDs = 1...4_094
    /// The types that Millrace's virtual switch carries.
    static let types: [NetworkType] = [.flat, .vlan, .local]

    init(_ type: NetworkType, _ physicalNetwork: String?, _ id: Int?) {
        self.type = type
        self.physicalNetwork = physicalNetwork
        self.id = id
    }

    /// The segment of a stored network.
    init(of network: Network) {
        self.init(network.networkType, network.physicalNetwork, network.segmentationID)
    }

    /// What keeps others off it; nil for networks that no physical network carries.
    func reservation(for network: NetworkID) -> Reservation? {
        physicalNetwork.map { .segment($0, id, of: network) }
    }

    /// The segment that a request names, or a free one.
    static func choose(
        _ request: NetworkRequest, for network: NetworkID, _ context: NetworkingContext,
        _ snapshot: DocumentSnapshot
    ) throws -> Segment {
        let settings = context.settings
        guard request.namesProvider else {
            for physical in settings.physicalNetworks.sorted() {
                let id = try freeVLAN(of: physical, context, snapshot)
                if let id { return Segment(.vlan, physical, id) }
            }
            throw exhausted
        }
        var segment = try checked(request, settings)
        if segment.type == .vlan, segment.id == nil, let physical = segment.physicalNetwork {
            guard let id = try freeVLAN(of: physical, context, snapshot) else { throw exhausted }
            segment.id = id
        }
        guard let reservation = segment.reservation(for: network) else { return segment }
        guard try snapshot.get(Reservation.self, reservation.documentKey) == nil else {
            throw segment.inUse
        }
        return segment
    }

    /// What a request says, as far as it is allowed; a VLAN id may be left open.
    static func checked(
        _ request: NetworkRequest, _ settings: NetworkingSettings
    ) throws(DomainError) -> Segment {
        guard let type = request.networkType else {
            throw invalid("provider:network_type", "network_type required.")
        }
        guard types.contains(type) else {
            throw invalid(
                "provider:network_type",
                "network_type value '\(type.rawValue)' not supported; use one of "
                    + types.map(\.rawValue).joined(separator: ", ") + ".")
        }
        guard type.isPhysical else {
            guard request.physicalNetwork == nil, request.segmentationID == nil else {
                throw invalid(
                    "provider:physical_network",
                    "provider:physical_network and provider:segmentation_id are prohibited for"
                        + " a \(type.rawValue) network.")
            }
            return Segment(type, nil, nil)
        }
        let known = settings.physicalNetworks.sorted()
        guard let physical = request.physicalNetwork ?? (type == .vlan ? known.first : nil) else {
            throw invalid("provider:physical_network", "physical_network required.")
        }
        guard known.contains(physical) else {
            throw invalid(
                "provider:physical_network",
                "physical_network '\(physical)' unknown; configured are: "
                    + known.joined(separator: ", ") + ".")
        }
        try checkID(request.segmentationID, type)
        return Segment(type, physical, request.segmentationID)
    }

    private static func checkID(_ id: Int?, _ type: NetworkType) throws(DomainError) {
        guard let id else { return }
        guard type == .vlan else {
            throw invalid(
                "provider:segmentation_id", "segmentation_id is prohibited for a flat network.")
        }
        guard vlanIDs.contains(id) else {
            throw invalid(
                "provider:segmentation_id",
                "segmentation_id out of range (\(vlanIDs.lowerBound) through"
                    + " \(vlanIDs.upperBound)): \(id).")
        }
    }

    private static func freeVLAN(
        of physical: String, _ context: NetworkingContext, _ snapshot: DocumentSnapshot
    ) throws -> Int? {
        let prefix = Reservation.prefix(kind: "segment", scope: physical)
        let used = Set(try snapshot.list(Reservation.self, prefix: prefix).map(\.value.value))
        let free = context.settings.vlanRange.lazy.filter { !used.contains(String($0)) }
            .prefix(NetworkLimits.choiceWindow)
        let choices = Array(free)
        guard !choices.isEmpty else { return nil }
        return choices[Int(context.chance() % UInt64(choices.count))]
    }

    private var inUse: DomainError {
        let carrier = "physical network \(physicalNetwork ?? "-")"
        return .conflict(
            .network, .segmentInUse,
            id.map {
                "Unable to create the network. The VLAN \($0) on \(carrier) is in use."
            } ?? "Unable to create the flat network. The \(carrier) is in use.")
    }

    private static var exhausted: DomainError {
        .unavailable(
            "Unable to create the network. No tenant network is available for allocation: every"
                + " configured VLAN id is in use.")
    }

    private static func invalid(_ field: String, _ why: String) -> DomainError {
        .invalid(.network, field: field, "Invalid input for operation: \(why)")
    }
}
