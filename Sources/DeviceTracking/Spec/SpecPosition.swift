/// A place in the text that a `device_spec` value was read from.
public struct SpecPosition: Sendable, Equatable {
    /// From 1.
    public var line: Int
    /// From 1, in Unicode scalars: where an editor's cursor stands.
    public var column: Int

    /// A place; both from 1.
    public init(line: Int = 1, column: Int) {
        self.line = line
        self.column = column
    }
}

extension SpecPosition: CustomStringConvertible {
    /// `column 7`, with the line where that is not the first.
    public var description: String {
        line == 1 ? "column \(column)" : "line \(line), column \(column)"
    }
}
