/// Bytes in chunks of 4,000, so that nothing is aligned.
public struct ByteChunks: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    private let bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }

    public struct Iterator: AsyncIteratorProtocol {
        fileprivate var rest: ArraySlice<UInt8>
        public mutating func next() async throws -> [UInt8]? {
            guard !rest.isEmpty else { return nil }
            defer { rest = rest.dropFirst(4_000) }
            return Array(rest.prefix(4_000))
        }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(rest: bytes[...]) }
}
