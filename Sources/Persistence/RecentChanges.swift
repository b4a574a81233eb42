/// Keys that changed lately, so that who keeps something derived from documents brings it up to
/// date by looking at what changed instead of at everything. Bounded: older changes are forgotten.
struct RecentChanges: Sendable {
    /// Keys that are kept.
    static let keysMax = 65_536

    private var entries: [(revision: Int64, key: DocumentKey)] = []
    /// Everything after this revision is held.
    private var floor: Int64

    init(revision: Int64) { floor = revision }

    mutating func note(_ event: StoreEvent) {
        for change in event.changes { entries.append((event.revision, change.key)) }
        // Cut rarely and by half, so that moving the rest down is paid for by many events.
        guard entries.count > Self.keysMax else { return }
        var cut = entries.count - Self.keysMax / 2
        floor = entries[cut - 1].revision
        while cut < entries.count, entries[cut].revision == floor { cut += 1 }
        entries.removeFirst(cut)
    }

    /// Keys of `collections` that changed after `revision`, each once; nil when that is too long
    /// ago.
    func keys(after revision: Int64, in collections: Set<String>) -> Set<DocumentKey>? {
        guard revision >= floor else { return nil }
        var keys: Set<DocumentKey> = []
        for entry in entries.reversed() {
            guard entry.revision > revision else { break }
            if collections.contains(entry.key.collection) { keys.insert(entry.key) }
        }
        return keys
    }
}

/// What changed since a revision.
public struct ChangesSince: Sendable {
    /// The documents with the changes.
    public let snapshot: DocumentSnapshot
    /// The documents that changed, came or went; nil when the revision is too long ago to tell:
    /// take everything as changed.
    public let keys: Set<DocumentKey>?
}
