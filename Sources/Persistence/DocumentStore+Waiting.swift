/// A document that changed, as it is when the reader looks.
public struct DocumentUpdate<Value: StoredValue>: Sendable {
    /// The part of the key after the collection.
    public let id: String
    /// Nil: it no longer exists.
    public let document: Versioned<Value>?
}

/// The changed documents of a type. For one reader.
///
/// Tells *that* a document changed and shows its present state: several changes between two looks
/// are one element, so a slow reader neither blocks nor costs memory, and never acts on the past.
/// Begins with its making, not with the first look. Ends when the store closes or the reading task
/// is cancelled.
public struct DocumentChanges<Value: StoredValue>: AsyncSequence, Sendable {
    public typealias Element = DocumentUpdate<Value>
    public typealias Failure = StoreError

    let cache: DocumentCache
    let subscription: ChangeSubscription

    /// The one reader.
    public func makeAsyncIterator() -> Iterator {
        Iterator(cache: cache, subscription: subscription)
    }

    /// Reads the changes; see ``DocumentChanges``.
    public struct Iterator: AsyncIteratorProtocol {
        let cache: DocumentCache
        let subscription: ChangeSubscription

        /// The next changed document. Throws if that document can't be decoded.
        public mutating func next() async throws(StoreError) -> DocumentUpdate<Value>? {
            try await next(isolation: nil)
        }

        /// See ``next()``.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(StoreError) -> DocumentUpdate<Value>? {
            let id: String
            do {
                id = try await subscription.next()
            } catch .cancelled, .closed {
                return nil
            }
            return DocumentUpdate(id: id, document: try cache.snapshot.get(Value.self, id))
        }
    }
}

extension DocumentStore {
    /// The documents of a type as they change (or one of them, by `id`). With `includingExisting`
    /// it begins with those there are.
    public func changes<Value: StoredValue>(
        of type: Value.Type, id: String? = nil, includingExisting: Bool = false
    ) -> DocumentChanges<Value> {
        let subscription = ChangeSubscription(collection: Value.collection, id: id)
        let snapshot = cache.subscribe(subscription)
        if includingExisting {
            for known in snapshot.collections[Value.collection]?.allIDs ?? []
            where id == nil || id == known {
                subscription.mark(known)
            }
        }
        return DocumentChanges(cache: cache, subscription: subscription)
    }

    /// Waits until a document satisfies `condition` and returns what that returned. Woken by
    /// changes of this document only.
    ///
    /// `condition` sees nil while the document doesn't exist. Throws
    /// ``StoreError/timedOut(waitingFor:after:)``, ``StoreError/closed``, `CancellationError`, or
    /// what the condition throws.
    public func wait<Value: StoredValue, Result: Sendable>(
        for type: Value.Type, _ id: String, timeout: Duration,
        clock: any Clock<Duration> = ContinuousClock(),
        until condition: @escaping @Sendable (Versioned<Value>?) throws -> Result?
    ) async throws -> Result {
        try await wait(
            watching: [ChangeSubscription(collection: Value.collection, id: id)],
            subject: "\(Value.collection)/\(id)", timeout: timeout, clock: clock
        ) { snapshot in
            try condition(try snapshot.get(type, id))
        }
    }

    /// Waits until the documents of some types satisfy `condition`; woken by any change of these
    /// types. Throws as ``wait(for:_:timeout:clock:until:)``.
    public func wait<Result: Sendable>(
        watching types: [any StoredValue.Type], timeout: Duration,
        clock: any Clock<Duration> = ContinuousClock(),
        until condition: @escaping @Sendable (DocumentSnapshot) throws -> Result?
    ) async throws -> Result {
        try await wait(
            watching: types.map { ChangeSubscription(collection: $0.collection, id: nil) },
            subject: "the state of " + types.map { $0.collection }.joined(separator: ", "),
            timeout: timeout, clock: clock, until: condition)
    }

    private func wait<Result: Sendable>(
        watching subscriptions: [ChangeSubscription], subject: String, timeout: Duration,
        clock: any Clock<Duration>,
        until condition: @escaping @Sendable (DocumentSnapshot) throws -> Result?
    ) async throws -> Result {
        // Subscribe first: a change between the look and the wait must not be missed.
        for subscription in subscriptions { _ = cache.subscribe(subscription) }
        if let result = try condition(cache.snapshot) { return result }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            for subscription in subscriptions {
                group.addTask { [cache] in
                    while true {
                        _ = try await subscription.next()
                        if let result = try condition(cache.snapshot) { return result }
                    }
                }
            }
            group.addTask {
                try await clock.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            do {
                // The first task to end decides: a result, or the time that ran out.
                if let result = try await group.next() ?? nil { return result }
            } catch StoreError.cancelled {
                throw CancellationError()
            }
            throw StoreError.timedOut(waitingFor: subject, after: timeout)
        }
    }
}
