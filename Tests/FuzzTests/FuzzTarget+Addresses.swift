import ComputeModel
import VDPA

extension FuzzTarget {
    /// PCI addresses, in the model's form and in the kernel's, which has wider domains.
    static let pciAddress = FuzzTarget(
        name: "pci-address", words: ["0000", ":", ".", "1f", "7", "ffff", "8", "10000"]
    ) { bytes in
        let text = fuzzText(bytes)
        let model = ComputeModel.PCIAddress(text)
        let kernel = PCIFunction.Address(text)
        if let model {
            guard isAddress(Array(text.utf8)) else { return "'\(text)' is no address" }
            guard model.description == text.lowercased() else { return "\(text) reads \(model)" }
            guard kernel?.description == model.description else { return "\(text): two readings" }
        } else if isAddress(Array(text.utf8)) {
            return "'\(text)' is an address"
        }
        guard let kernel else { return nil }
        guard PCIFunction.Address(kernel.description) == kernel else {
            return "\(kernel) reads as another address"
        }
        let isModel = ComputeModel.PCIAddress(kernel.description) != nil
        return isModel == (kernel.domain <= 0xFFFF) ? nil : "\(kernel): the model disagrees"
    }

    /// The form `dddd:bb:ss.f`, checked digit by digit.
    private static func isAddress(_ bytes: [UInt8]) -> Bool {
        let form = Array("hhhh:hh:hh.h".utf8)
        guard bytes.count == form.count else { return false }
        for (byte, wanted) in zip(bytes, form) {
            let isHex = "0123456789abcdefABCDEF".utf8.contains(byte)
            guard wanted == UInt8(ascii: "h") ? isHex : byte == wanted else { return false }
        }
        // Slots end at 1f, functions at 7.
        return "01".utf8.contains(bytes[8]) && "01234567".utf8.contains(bytes[11])
    }

    /// The name of a port of a card's switch; any text has a meaning, and few name a VF.
    static let portName = FuzzTarget(
        name: "port-name", words: ["pf0", "vf", "p0", "s1", "c1", "sf", "18446744073709551616"]
    ) { bytes in
        let text = fuzzText(bytes)
        switch PortName(text) {
        case .virtualFunction(let index, let pf):
            let ending = text.drop { !$0.isNumber }
            guard index >= 0, pf ?? 0 >= 0, !ending.isEmpty else { return "'\(text)' names a VF" }
            let isPlain = text.utf8.allSatisfy { "0123456789pfv".utf8.contains($0) }
            return isPlain ? nil : "'\(text)' names a VF"
        case .uplink: return text.hasPrefix("p") ? nil : "'\(text)' is an uplink"
        case .other: return nil
        }
    }
}
