import ComputeModel
import Foundation

/// A device as its host's agent saw it last: enough to tell later what became of it.
public struct DeviceSighting: Codable, Sendable, Equatable {
    /// The device.
    public var id: DeviceID
    /// What it was.
    public var kind: DeviceKind
    /// Where it was.
    public var address: PCIAddress
    /// Its PF, for VFs and vDPA devices.
    public var parentID: DeviceID?
    /// Its number among the PF's VFs.
    public var vfIndex: Int?
    /// Four lower-case hex digits.
    public var vendorID: String
    /// Four lower-case hex digits.
    public var productID: String
    /// Since when it isn't seen any more; nil while it is.
    public var absentSince: Date?

    /// `device` as it is now.
    public init(_ device: Device) {
        id = device.id
        kind = device.kind
        address = device.address
        parentID = device.parentID
        vfIndex = device.vfIndex
        vendorID = device.vendorID
        productID = device.productID
    }

    /// The virtual function that it is, or is on.
    var function: VirtualFunctionKey? {
        guard let parentID, let vfIndex else { return nil }
        return VirtualFunctionKey(parentID: parentID, vfIndex: vfIndex)
    }

    /// What can be plugged in elsewhere: neither a VF nor what is on one.
    var isCard: Bool { kind == .pf || kind == .pci }

    /// The hardware that it is.
    var mark: CardMark { CardMark(id: id, vendorID: vendorID, productID: productID) }

    /// Orders sightings of the same place by how new they are.
    var lastSeen: Date { absentSince ?? .distantFuture }
}

/// A virtual function by its place on its card, whatever it is used for.
struct VirtualFunctionKey: Hashable {
    let parentID: DeviceID
    let vfIndex: Int
}

/// A card as told from another at the same address. Its ids are part of it because a card without
/// serial number and permanent MAC has an identity that any card at its address would have.
public struct CardMark: Codable, Sendable, Equatable {
    /// The identity.
    public var id: DeviceID
    /// Four lower-case hex digits.
    public var vendorID: String
    /// Four lower-case hex digits.
    public var productID: String
}

extension CardMark {
    /// Whether it may be one card that says otherwise who it is: its serial number or permanent
    /// MAC came or went between two looks. A card of the same model put in its place keeps the
    /// form of identity.
    func mayBeSame(as other: CardMark) -> Bool {
        vendorID == other.vendorID && productID == other.productID && form != other.form
    }

    private enum Form {
        case address, mac, serial
    }

    /// What the identity is made of.
    private var form: Form {
        if id.text.hasPrefix("pci-") { return .address }
        let bytes = id.text.split(separator: ":", omittingEmptySubsequences: false)
        let isMAC = bytes.allSatisfy { $0.count == 2 && UInt8($0, radix: 16) != nil }
        return isMAC && bytes.count == 6 ? .mac : .serial
    }
}

/// A change that an operator should know of, for some time.
public struct DeviceNote: Codable, Sendable, Equatable {
    /// What changed, seen from how it was before the first of several changes.
    public enum Change: Codable, Sendable, Equatable {
        /// A device is at another address.
        case moved(DeviceID, from: PCIAddress, to: PCIAddress)
        /// A VF carries a vDPA device and did not before, or the other way round.
        case retyped(card: DeviceID, vfIndex: Int, from: DeviceKind, to: DeviceKind)
        /// An address has another card.
        case swapped(at: PCIAddress, from: CardMark, to: CardMark)
    }

    /// What changed.
    public var change: Change
    /// The card that it is about.
    public var card: DeviceID
    /// When it was seen, the last time that it changed.
    public var noticedAt: Date
}

extension DeviceNote.Change {
    /// Whether both are about the same thing.
    func isAboutSame(as other: DeviceNote.Change) -> Bool {
        switch (self, other) {
        case (.moved(let one, _, _), .moved(let two, _, _)): one == two
        case (.retyped(let card, let index, _, _), .retyped(let other, let second, _, _)):
            card == other && index == second
        case (.swapped(let one, _, _), .swapped(let two, _, _)): one == two
        default: false
        }
    }

    /// Both changes in one, this one first; nil when they cancel each other.
    func followed(by next: DeviceNote.Change) -> DeviceNote.Change? {
        switch (self, next) {
        case (.moved(let id, let from, _), .moved(_, _, let to)):
            from == to ? nil : .moved(id, from: from, to: to)
        case (.retyped(let card, let index, let from, _), .retyped(_, _, _, let to)):
            from == to ? nil : .retyped(card: card, vfIndex: index, from: from, to: to)
        case (.swapped(let address, let from, _), .swapped(_, _, let to)):
            from == to ? nil : .swapped(at: address, from: from, to: to)
        default: next
        }
    }
}
