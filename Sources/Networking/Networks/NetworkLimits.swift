/// Bounds of the network nouns that are no setting.
public enum NetworkLimits {
    /// Objects one bulk request may make: a transaction holds a bounded number of documents.
    public static let bulkMax = 32
    /// Addresses of one port.
    public static let addressesPerPortMax = 16
    /// Security groups of one port.
    public static let groupsPerPortMax = 32
    /// Subnets of one network: all go with it in one transaction.
    public static let subnetsPerNetworkMax = 100
    /// Rules of one security group.
    public static let rulesPerGroupMax = 100
    /// Security groups of one project.
    public static let groupsPerProjectMax = 1_000
    /// Tags of one object.
    public static let tagsMax = 50
    /// Characters of one tag.
    public static let tagLengthMax = 255
    /// Longest `binding:profile` in bytes of JSON, as Neutron's.
    public static let profileBytesMax = 4_095
    /// How many free addresses (or VLAN ids) chance chooses among.
    static let choiceWindow = 64
    /// Attempts to find a random MAC that is free.
    static let macAttemptsMax = 16
    /// Bytes an Ethernet network carries unless it says otherwise.
    static let defaultMTUBytes = 1_500
}
