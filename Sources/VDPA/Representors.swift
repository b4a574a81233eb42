/// How network interfaces belong to physical and virtual functions. Pure.
public enum Representors {
    /// The interface that is the physical function's port to the outside, which carries the
    /// function's permanent MAC address: the one of its interfaces that represents nothing else.
    /// nil if there is none or more than one.
    public static func uplink(
        of physicalFunction: PCIFunction.Address, among interfaces: [NetworkInterface]
    ) -> NetworkInterface? {
        let own = interfaces.filter { $0.pciAddress == physicalFunction }
        let uplinks = own.filter { $0.portName == .uplink }
        let candidates = uplinks.isEmpty ? own.filter { $0.portName == nil } : uplinks
        return candidates.count == 1 ? candidates[0] : nil
    }

    /// The interface that stands for a virtual function in the host's switch: it has the switch
    /// id of the physical function, and its port name is the function's index, with the PCI
    /// function number of the physical function if it names one.
    ///
    /// nil if the card offers none. Throws
    /// ``VDPAError/ambiguousRepresentor(virtualFunction:interfaces:)`` if several fit: plugging
    /// the wrong one would connect a guest to another's network.
    public static func representor(
        ofVirtualFunction index: Int, of physicalFunction: PCIFunction.Address,
        among interfaces: [NetworkInterface]
    ) throws(VDPAError) -> NetworkInterface? {
        let own = interfaces.filter { $0.pciAddress == physicalFunction }
        let switchIDs = Set(own.compactMap(\.switchID))
        let fitting = interfaces.filter { interface in
            guard let switchID = interface.switchID, switchIDs.contains(switchID),
                case .virtualFunction(index, let pf)? = interface.portName
            else { return false }
            return pf == nil || pf == Int(physicalFunction.function)
        }
        // With several cards' functions in one switch, an interface of this very function wins
        // over those that don't say whose they are.
        let ownFitting = fitting.filter { $0.pciAddress == physicalFunction }
        let chosen = ownFitting.isEmpty ? fitting : ownFitting
        guard chosen.count <= 1 else {
            throw .ambiguousRepresentor(
                virtualFunction: "VF \(index) of \(physicalFunction)",
                interfaces: chosen.map(\.name))
        }
        return chosen.first
    }
}
