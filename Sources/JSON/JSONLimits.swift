/// What reading one text may cost at most.
public struct JSONLimits: Sendable, Equatable {
    /// Lists and objects inside each other, where nothing else is said. OpenStack's deepest bodies
    /// have seven, OVSDB's schema has ten.
    public static let depthMaxDefault = 32
    /// Length in bytes, where nothing else is said.
    public static let bytesMaxDefault = 64 << 20
    /// Length of a member's name in bytes, where nothing else is said: the 255 characters of
    /// OpenStack's longest, of four bytes each.
    public static let keyBytesMaxDefault = 1_024
    /// Length of a number in bytes. No shortest form of a number has more than 25; one with more
    /// digits than this is an attempt to make us calculate.
    public static let numberBytesMax = 1_024
    /// What `depthMax` can't exceed: values are compared, written and freed by recursion.
    public static let depthCeiling = 512

    /// Length in bytes.
    public var bytesMax: Int
    /// Lists and objects inside each other.
    public var depthMax: Int
    /// Length of a member's name in bytes.
    public var keyBytesMax: Int

    /// The limits named; depths beyond ``depthCeiling`` become that.
    public init(
        bytesMax: Int = bytesMaxDefault, depthMax: Int = depthMaxDefault,
        keyBytesMax: Int = keyBytesMaxDefault
    ) {
        self.bytesMax = bytesMax
        self.depthMax = min(depthMax, Self.depthCeiling)
        self.keyBytesMax = keyBytesMax
    }
}
