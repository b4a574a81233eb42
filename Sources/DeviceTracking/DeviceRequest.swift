import ComputeModel

/// What a port needs of a host's devices.
public struct DeviceRequest: Sendable, Equatable, Codable {
    /// The port that will use the device.
    public var portID: PortID
    /// Kind of device; vDPA devices are only ever given to requests that name them.
    public var kind: DeviceKind
    /// Physical network that the device must be wired to; nil for tunnelled networks, which fits
    /// only devices without one.
    public var physicalNetwork: String?
    /// The MAC that the port's user asked for; nil when the port may take the device's.
    public var requiredMAC: String?

    /// A request; see the fields.
    public init(
        portID: PortID, kind: DeviceKind, physicalNetwork: String?, requiredMAC: String?
    ) {
        self.portID = portID
        self.kind = kind
        self.physicalNetwork = physicalNetwork
        self.requiredMAC = requiredMAC
    }

    /// Why `device` can't serve this request; nil when it can.
    public func refusal(of device: Device) -> DeviceRefusal? {
        guard device.kind == kind else { return .kind(found: device.kind, wanted: kind) }
        guard device.physicalNetwork?.lowercased() == physicalNetwork?.lowercased() else {
            return .physicalNetwork(found: device.physicalNetwork, wanted: physicalNetwork)
        }
        if let requiredMAC, !device.macSettable, device.macAddress != requiredMAC {
            return .fixedMAC(found: device.macAddress ?? "unknown", wanted: requiredMAC)
        }
        return nil
    }
}

/// Why a device can't serve a request.
public enum DeviceRefusal: Sendable, Equatable {
    /// Another kind of device.
    case kind(found: DeviceKind, wanted: DeviceKind)
    /// Wired to another physical network.
    case physicalNetwork(found: String?, wanted: String?)
    /// Its MAC can't be changed, and the port's user wants another.
    case fixedMAC(found: String, wanted: String)
}

/// Chooses devices for all requests of one instance on one host. Cost is linear in devices for
/// each request: like devices are interchangeable, so no combinations are tried.
public enum DeviceChoice {
    /// Gives each request a device from `free`, or the first request that nothing is left for.
    ///
    /// Requests for a certain MAC choose first, since any other device would do for the rest.
    public static func choose(
        _ requests: [DeviceRequest], from free: [Device]
    ) -> Result<[DeviceClaim], UnmetDeviceRequest> {
        var rest = free
        var claims: [PortID: DeviceClaim] = [:]
        let ordered =
            requests.filter { $0.requiredMAC != nil } + requests.filter { $0.requiredMAC == nil }
        for request in ordered {
            guard let index = rest.firstIndex(where: { request.refusal(of: $0) == nil }) else {
                return .failure(UnmetDeviceRequest(request: request))
            }
            claims[request.portID] = DeviceClaim(
                deviceID: rest.remove(at: index).id, portID: request.portID)
        }
        return .success(requests.compactMap { claims[$0.portID] })
    }
}

/// The request that no free device could serve.
public struct UnmetDeviceRequest: Error, Sendable, Equatable {
    /// The request.
    public var request: DeviceRequest
}
