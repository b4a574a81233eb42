/// What a `device_spec` may have at most. It comes from files that people and programs write, so
/// everything about it is bounded.
public enum SpecLimits {
    /// Entries, over all values.
    public static let entriesMax = 1_024
    /// Length of one value's JSON text in bytes.
    public static let textBytesMax = 1 << 20
    /// Lists and objects inside each other; the language itself needs three.
    public static let depthMax = 8
    /// Characters of a text or key in JSON.
    public static let stringLengthMax = 4_096
    /// Members of an object in JSON.
    public static let membersMax = 64
    /// Characters of a physical network's name.
    public static let networkNameLengthMax = 64
    /// Characters of a netdev's name: Linux's `IFNAMSIZ` less its closing zero.
    public static let interfaceNameLengthMax = 15
    /// Characters of a resource class or trait, its prefix included (Placement's own bound).
    public static let placementNameLengthMax = 255
    /// Traits of one entry.
    public static let traitsMax = 64
    /// Characters of a regular expression.
    public static let regexLengthMax = 256
    /// Largest number inside `{m,n}`.
    public static let regexRepeatMax = 64
    /// Groups inside each other.
    public static let regexDepthMax = 16
    /// Instructions of a compiled expression: what bounds the cost of a match.
    public static let regexStatesMax = 2_048
    /// Characters of a found value that a message shows.
    public static let shownLengthMax = 64
}
