import ComputeModel

/// What happens to the devices of a real host between two looks, or over a reboot.
extension SimulatedHost {
    /// A vDPA device becomes the plain VF that it was on, or a VF gets a vDPA device; the other's
    /// identity is new. Nothing happens to a PF, or to a device that isn't there.
    ///
    /// Returns the identity that the function has now. A vDPA device gets the lowest free number,
    /// so that one that was made a VF last is itself again.
    @discardableResult
    public func retype(device id: DeviceID) -> DeviceID? {
        var now: DeviceID?
        change { state in
            guard let index = state.visible.devices.firstIndex(where: { $0.id == id }) else {
                return
            }
            let parent = state.visible.devices[index].parentID?.text
            let card = spec.pfs.enumerated().first { "sim-\(spec.name)-pf\($0.offset)" == parent }
            state.visible.devices[index].retype(
                number: state.lowestFreeNumber, on: card?.element)
            now = state.visible.devices[index].id
        }
        deviceEvents.send(())
        return now
    }

    /// A device is at another address, as after a reboot with other numbers; its identity stays.
    /// A PF takes its VFs and vDPA devices along, which keep slot and function.
    public func move(device id: DeviceID, to address: PCIAddress) {
        change { $0.move(id, to: address) }
        deviceEvents.send(())
    }

    /// Two PFs, with all that is on them, change places.
    public func swapCards(_ one: DeviceID, _ other: DeviceID) {
        change { state in
            guard let first = state.device(one)?.address, let second = state.device(other)?.address
            else { return }
            state.move(one, to: second)
            state.move(other, to: first)
        }
        deviceEvents.send(())
    }
}

extension SimulatedState {
    fileprivate var lowestFreeNumber: Int {
        let all = visible.devices + vanished.values
        let taken = Set(all.compactMap(\.vdpaName))
        return (0...taken.count).first { !taken.contains("vdpa\($0)") } ?? taken.count
    }

    /// Children that are not there now move, too: they come back at their card.
    fileprivate mutating func move(_ id: DeviceID, to address: PCIAddress) {
        for index in visible.devices.indices {
            visible.devices[index].follow(id, to: address)
        }
        for key in vanished.keys { vanished[key]?.follow(id, to: address) }
        visible.devices.sort { $0.address < $1.address }
    }
}

extension Device {
    fileprivate mutating func follow(_ moving: DeviceID, to address: PCIAddress) {
        if id == moving {
            self.address = address
        } else if parentID == moving {
            parentAddress = address
            self.address =
                PCIAddress(
                    domain: address.domain, bus: address.bus, slot: self.address.slot,
                    function: self.address.function) ?? self.address
        }
    }

    fileprivate mutating func retype(number: Int, on card: SimulatedPFSpec?) {
        switch kind {
        case .vf:
            kind = .vdpa
            vdpaName = "vdpa\(number)"
            id = DeviceID("\(id)/vdpa\(number)")
            if let card { capabilities = SimulatedCapabilities.of(card, .vdpa) }
        case .vdpa:
            kind = .vf
            if let vdpaName, id.text.hasSuffix("/\(vdpaName)") {
                id = DeviceID(String(id.text.dropLast(vdpaName.count + 1)))
            }
            vdpaName = nil
            if let card { capabilities = SimulatedCapabilities.of(card, .vf) }
        case .pf, .pci: break
        }
    }
}
