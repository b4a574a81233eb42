import ComputeModel

/// Why a device that nobody owns can't be given out.
public enum DeviceBlock: Sendable, Equatable, Codable {
    /// Its host says so; a whole sentence or half of one, as the host put it.
    case problem(String)
    /// Its PF is owned, and all that is behind it with it.
    case parentOwned(DeviceID, InstanceID)
    /// One of its VFs or vDPA devices is owned, and would go away with the PF.
    case childOwned(PCIAddress, InstanceID)
    /// The same, but the host doesn't report the child any more.
    case missingChildOwned(DeviceID, InstanceID)
    /// The PCI function is owned under another identity: as the VF that now carries a vDPA device,
    /// or as the vDPA device on what is a VF again. Its owner may still hold it.
    case sameFunctionOwned(DeviceID, InstanceID)
    /// The host reports this many devices by this identity, or at this address: no claim would say
    /// which. A VF with the vDPA device on it is none of these.
    case ambiguous(count: Int)
}

extension DeviceBlock: CustomStringConvertible {
    /// Half a sentence for operators.
    public var description: String {
        switch self {
        case .problem(let text): text
        case .parentOwned(let parent, let owner): "its PF \(parent) is owned by instance \(owner)"
        case .childOwned(let address, let owner):
            "its child \(address) is owned by instance \(owner)"
        case .missingChildOwned(let child, let owner):
            "its child \(child), not reported any more, is owned by instance \(owner)"
        case .sameFunctionOwned(let device, let owner):
            "the same PCI function is owned as \(device) by instance \(owner)"
        case .ambiguous(let count):
            "its host reports \(count) devices on this PCI function or by this identity, where one"
                + " can be claimed: 'vdpa dev show' and 'lspci' on the host list them; leave one"
                + " ('vdpa dev del NAME' deletes a vDPA device)"
        }
    }
}
