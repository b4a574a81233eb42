/// A part of a JSON text, as ``JSONReader`` gives one after another.
public enum JSONToken: Sendable, Equatable {
    /// `[`
    case beginList
    /// `]`
    case endList
    /// `{`
    case beginObject
    /// `}`
    case endObject
    /// The name of a member, whose value is next.
    case key(String)
    /// A text.
    case string(String)
    /// A whole number that fits 64 bits, written without point and exponent.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    /// `true` or `false`.
    case bool(Bool)
    /// `null`.
    case null
    /// Nothing more, after one whole value.
    case end
}
