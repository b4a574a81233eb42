import ComputeModel
import Crypto
import CryptoExtras
import Foundation
import Synchronization

/// What one guess at a password costs. Stored with each hash, so that it can be raised later
/// without making older hashes useless.
public struct PasswordCost: Sendable, Equatable {
    /// Binary logarithm of scrypt's rounds (N).
    public var roundsLog2: Int
    /// scrypt's block size (r); memory is 128 bytes * r * N.
    public var blockSize: Int
    /// scrypt's parallelism (p).
    public var parallelism: Int

    /// 32 MiB and about 0.1 s unless told otherwise.
    public init(roundsLog2: Int = 15, blockSize: Int = 8, parallelism: Int = 1) {
        self.roundsLog2 = roundsLog2
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// Costs within these bounds are accepted from the store: a damaged document must not be able
    /// to stop the server.
    var isAllowed: Bool {
        (1...17).contains(roundsLog2) && (1...16).contains(blockSize)
            && (1...8).contains(parallelism) && (blockSize << roundsLog2) <= 1 << 19
    }
}

/// A scrypt hash with its parameters, in the text form `$scrypt$ln=15,r=8,p=1$<salt>$<key>`.
struct PasswordHash: Sendable, Equatable {
    static let saltBytes = 16
    static let keyBytes = 32

    let cost: PasswordCost
    let salt: [UInt8]
    let key: [UInt8]

    /// Derives the hash of `password`. Slow on purpose; see `PasswordHasher`.
    init(password: String, salt: [UInt8], cost: PasswordCost) throws {
        let derived = try KDF.Scrypt.deriveKey(
            from: Data(password.utf8), salt: Data(salt), outputByteCount: Self.keyBytes,
            rounds: 1 << cost.roundsLog2, blockSize: cost.blockSize,
            parallelism: cost.parallelism)
        self.cost = cost
        self.salt = salt
        key = derived.withUnsafeBytes { Array($0) }
    }

    /// Reads the text form; nil when it is anything else.
    init?(text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt",
            let cost = Self.cost(String(parts[2])), cost.isAllowed,
            let salt = Data(base64Encoded: String(parts[3])), !salt.isEmpty,
            let key = Data(base64Encoded: String(parts[4])), key.count == Self.keyBytes
        else { return nil }
        self.cost = cost
        self.salt = Array(salt)
        self.key = Array(key)
    }

    var text: String {
        "$scrypt$ln=\(cost.roundsLog2),r=\(cost.blockSize),p=\(cost.parallelism)"
            + "$\(Data(salt).base64EncodedString())$\(Data(key).base64EncodedString())"
    }

    /// Whether `password` has this hash. Takes the same time for every wrong password.
    func matches(_ password: String) throws -> Bool {
        let found = try PasswordHash(password: password, salt: salt, cost: cost)
        // SymmetricKey compares in constant time.
        return SymmetricKey(data: found.key) == SymmetricKey(data: key)
    }

    private static func cost(_ text: String) -> PasswordCost? {
        var values: [String: Int] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let number = Int(pair[1]) else { return nil }
            values[String(pair[0])] = number
        }
        guard values.count == 3, let rounds = values["ln"], let block = values["r"],
            let parallelism = values["p"]
        else { return nil }
        return PasswordCost(roundsLog2: rounds, blockSize: block, parallelism: parallelism)
    }
}

/// Hashes and checks passwords on its own few threads: each takes long and much memory, and the
/// threads that serve requests must not wait for that.
public final class PasswordHasher: Sendable {
    /// Longest password in bytes.
    public static let passwordBytesMax = 4_096
    /// Hashes computed at one time; each takes the cost's memory.
    static let concurrentMax = 2
    /// Requests that may wait for a thread; more are told to come back.
    static let waitingMax = 128

    private let cost: PasswordCost
    private let threads = OperationQueue()
    private let waiting = Mutex(0)
    private let derivations = Mutex(0)
    /// Stands in for users that don't exist, so that they cost as much as those that do.
    private let decoy: PasswordHash

    /// A hasher for new passwords at `cost`; existing hashes keep their own.
    public init(cost: PasswordCost = PasswordCost()) throws {
        guard cost.isAllowed else {
            throw DomainError.internalFailure(
                "The password cost \(cost) is out of bounds: lower it in the configuration.")
        }
        self.cost = cost
        threads.maxConcurrentOperationCount = Self.concurrentMax
        decoy = try PasswordHash(
            password: "", salt: Self.randomBytes(PasswordHash.saltBytes), cost: cost)
    }

    /// The text to store for `password`. Throws `invalid` when it is empty or too long, and
    /// `unavailable` when too many requests wait.
    public func hash(_ password: String) async throws -> String {
        guard !password.isEmpty, password.utf8.count <= Self.passwordBytesMax else {
            throw DomainError.invalid(
                .user, field: "password",
                "A password must have 1 to \(Self.passwordBytesMax) bytes.")
        }
        let cost = cost
        return try await onThread {
            try PasswordHash(
                password: password, salt: Self.randomBytes(PasswordHash.saltBytes), cost: cost
            ).text
        }
    }

    /// Whether `password` is the one behind `stored`. With nil or an unreadable hash the answer is
    /// always no, and takes as long.
    public func matches(_ password: String, stored: String?) async throws -> Bool {
        let hash = stored.flatMap { PasswordHash(text: $0) }
        let comparand = hash ?? decoy
        let shortened = String(decoding: password.utf8.prefix(Self.passwordBytesMax), as: UTF8.self)
        let fits = password.utf8.count <= Self.passwordBytesMax
        let matches = try await onThread { try comparand.matches(shortened) }
        return matches && fits && hash != nil
    }

    /// Keys derived so far: what an attempt costs.
    var derivationCount: Int { derivations.withLock { $0 } }

    /// Cryptographically random bytes.
    static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private func onThread<Result: Sendable>(
        _ work: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        let admitted = waiting.withLock { count in
            guard count < Self.waitingMax else { return false }
            count += 1
            return true
        }
        guard admitted else {
            throw DomainError.unavailable(
                "Too many requests wait for password checks; repeat the request later.")
        }
        derivations.withLock { $0 += 1 }
        defer { waiting.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            threads.addOperation {
                continuation.resume(with: Swift.Result { try work() })
            }
        }
    }
}
