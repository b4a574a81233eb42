/// A place in a text, as editors count.
public struct TextPosition: Sendable, Equatable {
    /// From 1.
    public private(set) var line: Int
    /// From 1, in Unicode scalars: where an editor's cursor stands.
    public private(set) var column: Int

    /// A place; both numbers from 1.
    public init(line: Int = 1, column: Int = 1) {
        self.line = line
        self.column = column
    }

    /// The place of the byte at `offset`, from 0, of a text in UTF-8; its end for greater offsets.
    public init(of offset: Int, in bytes: some Collection<UInt8>) {
        self.init()
        advance(over: bytes.prefix(max(0, offset)))
    }

    /// Moves behind `bytes`, which begin here. Whoever asks for many places of one text goes from
    /// each to the next.
    public mutating func advance(over bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                column += 1
            }
        }
    }
}

extension TextPosition: CustomStringConvertible {
    /// `column 7`, with the line where that is not the first.
    public var description: String {
        line == 1 ? "column \(column)" : "line \(line), column \(column)"
    }
}
