/// A primary (8.4) or, for Joliet, supplementary (8.5) volume descriptor.
struct ISO9660VolumeDescriptor {
    let style: ISO9660NameStyle
    let volumeID: String
    let totalSectors: Int
    let pathTable: (little: Int, big: Int, lengthBytes: Int)
    let rootRecord: [UInt8]
    let timestamp: ISO9660Timestamp

    /// The volume descriptor set terminator (8.3).
    static var terminator: [UInt8] { [255] + Array("CD001".utf8) + [1] }

    var bytes: [UInt8] {
        let isJoliet = style == .joliet
        var bytes: [UInt8] = [isJoliet ? 2 : 1] + Array("CD001".utf8) + [1, 0]
        bytes += text("", 32)
        bytes += text(volumeID, 32)
        bytes += [UInt8](repeating: 0, count: 8)
        bytes += ISO9660Bytes.both(totalSectors, width: 4)
        // Escape sequence for UCS-2 level 3 (Joliet specification).
        bytes += ISO9660Bytes.padded(isJoliet ? Array("%/E".utf8) : [], to: 32, with: [0])
        bytes += ISO9660Bytes.both(1, width: 2)
        bytes += ISO9660Bytes.both(1, width: 2)
        bytes += ISO9660Bytes.both(ISO9660Hierarchy.sectorBytes, width: 2)
        bytes += ISO9660Bytes.both(pathTable.lengthBytes, width: 4)
        bytes += ISO9660Bytes.little(pathTable.little, width: 4) + [0, 0, 0, 0]
        bytes += ISO9660Bytes.big(pathTable.big, width: 4) + [0, 0, 0, 0]
        bytes += rootRecord
        bytes += text("", 128) + text("", 128) + text("", 128) + text("MILLRACE", 128)
        bytes += text("", 37) + text("", 37) + text("", 37)
        bytes += timestamp.descriptorBytes + timestamp.descriptorBytes
        let unset = [UInt8](repeating: UInt8(ascii: "0"), count: 16) + [0]
        bytes += unset + unset + [1, 0]
        return bytes
    }

    private func text(_ text: String, _ length: Int) -> [UInt8] {
        switch style {
        case .rockRidge: ISO9660Bytes.padded(Array(text.utf8), to: length)
        case .joliet:
            ISO9660Bytes.padded(ISO9660NameStyle.ucs2(text), to: length, with: [0, 0x20])
        }
    }
}
