import ComputeModel

/// What stands between one device and one request, for `millrace explain`.
public struct DeviceVerdict: Sendable, Equatable, Codable {
    /// The possible answers.
    public enum Verdict: Sendable, Equatable, Codable {
        /// Nothing: it would do and is free.
        case free
        /// It would do and is free, but another request of the instance, named by its id, has
        /// `device`: this one, or a relative that excludes it.
        case takenBySibling(request: String, device: DeviceID)
        /// It would do, but the instance owns it.
        case owned(InstanceID)
        /// It would do, but can't be given out.
        case blocked(DeviceBlock)
        /// It would not do, whoever has it.
        case refused(DeviceRefusal)
    }

    /// The device.
    public var deviceID: DeviceID
    /// Where it is plugged.
    public var address: PCIAddress
    /// The answer.
    public var verdict: Verdict
}

extension DeviceVerdict: CustomStringConvertible {
    /// One line for operators.
    public var description: String {
        let what =
            switch verdict {
            case .free: "is free"
            case .takenBySibling(let request, let device):
                device == deviceID
                    ? "goes to the request \(request)"
                    : "would share a card or function with \(device), which goes to the request"
                        + " \(request)"
            case .owned(let instance): "is owned by instance \(instance)"
            case .blocked(let block): "can't be given out: \(block)"
            case .refused(let refusal): "\(refusal)"
            }
        return "device \(deviceID) at \(address) \(what)"
    }
}

extension DeviceChoice {
    /// What stands between each reported device, in the order of `states`, and `request`. Says
    /// first whether the device would do at all, then who has it.
    ///
    /// - Parameters:
    ///   - siblings: the other requests of the instance that come before `request`; those after it
    ///     are not why it can't be met.
    ///   - guestCells: as in ``choose(_:from:guestCells:sockets:)``.
    public static func reasons(
        for request: DeviceRequest, after siblings: [DeviceRequest] = [],
        in states: DeviceStates, guestCells: [Int]? = nil, sockets: [Int: Int] = [:]
    ) -> [DeviceVerdict] {
        let free = states.available
        let question = DevicePool.Question(
            requests: siblings, devices: free, guestCells: guestCells, sockets: sockets)
        let rivals = Siblings(question)
        return states.entries.map { entry in
            let device = entry.device
            let verdict: DeviceVerdict.Verdict =
                if let refusal = question.refusal(of: device, for: request) {
                    .refused(refusal)
                } else if let instance = entry.instanceID {
                    .owned(instance)
                } else if let block = entry.block {
                    .blocked(block)
                } else {
                    rivals.verdict(on: device) ?? .free
                }
            return DeviceVerdict(
                deviceID: device.id, address: device.address, verdict: verdict)
        }
    }
}

/// What the other requests of an instance take.
private struct Siblings {
    private var takers: [DeviceID: String] = [:]
    private var sides: [DeviceRivalry: DeviceID] = [:]
    private let parents: [PCIAddress: DeviceID]

    init(_ question: DevicePool.Question) {
        parents = Dictionary(
            question.devices.filter { $0.kind == .pf }.map { ($0.address, $0.id) }
        ) { first, _ in first }
        let chosen = DeviceChoice.choose(
            question.requests, from: question.devices, guestCells: question.guestCells,
            sockets: question.sockets)
        guard case .success(let claims) = chosen else { return }
        for (request, claim) in zip(question.requests, claims) {
            takers[claim.deviceID] = request.id
        }
        for device in question.devices where takers[device.id] != nil {
            for side in DeviceRivalry.sides(of: device, parents: parents) {
                sides[side] = sides[side] ?? device.id
            }
        }
    }

    func verdict(on device: Device) -> DeviceVerdict.Verdict? {
        if let request = takers[device.id] {
            return .takenBySibling(request: request, device: device.id)
        }
        let rival = DeviceRivalry.sides(of: device, parents: parents).lazy
            .compactMap { sides[$0.opponent] }.first
        guard let rival, let request = takers[rival] else { return nil }
        return .takenBySibling(request: request, device: rival)
    }
}
