import Crypto
import Foundation
import JWTKit
import Persistence
import Synchronization

/// A key that tokens are signed with. Whoever has one can make tokens: it never leaves the store.
public struct SigningKey: Codable, Sendable, StoredValue {
    /// `signing-keys/<id>`.
    public static var collection: String { "signing-keys" }
    /// Its id, sent in the header of each token.
    public var id: String
    /// P-256 private key, PEM.
    var privateKey: String
    /// When it was made.
    public var createdAt: Date
    /// The id.
    public var documentKey: String { id }
}

/// Signs tokens and checks their signatures (ES256) with keys from the store. A new key is made
/// when the newest is older than ``rotationInterval``; the one before it still verifies.
final class TokenKeys: Sendable {
    /// Least age of a key that is replaced, in seconds.
    static let rotationSeconds = 7.0 * 86_400
    /// Keys kept: the one that signs, and the one before it.
    static let keysKept = 2

    private let context: IdentityContext
    /// Parsed keys by id.
    private let parsed = Mutex<[String: JWTKeyCollection]>([:])

    init(context: IdentityContext) {
        self.context = context
    }

    /// Age at which a key is replaced. Never less than a token's life: so the key before the
    /// newest one covers every token that still counts.
    var rotationInterval: TimeInterval {
        max(Self.rotationSeconds, context.settings.tokenLifetime.timeInterval)
    }

    /// The signed text of `claims`.
    func sign(_ claims: TokenClaims) async throws -> String {
        let key = try await currentKey()
        return try await collection(key).sign(claims, kid: JWKIdentifier(string: key.id))
    }

    /// The claims of `text` if it is signed with ES256 by a key we have, and that key's id;
    /// otherwise nil. Says nothing about expiry.
    func verify(_ text: String) async throws -> (claims: TokenClaims, keyID: String)? {
        guard let header = Self.header(text), header.alg == "ES256", let id = header.kid,
            let key = try key(id)
        else { return nil }
        let signer = try await collection(key)
        do {
            return (try await signer.verify(text, as: TokenClaims.self), id)
        } catch {
            // What it throws depends on where the text is wrong: the token part of the library,
            // its cryptography, or the decoder. All of it means that this is no token of ours.
            return nil
        }
    }

    /// Whether the key `id` still counts.
    func isKnown(_ id: String) throws -> Bool {
        try key(id) != nil
    }

    private func key(_ id: String) throws -> SigningKey? {
        try context.documents.get(SigningKey.self, DocumentKey.escaped(id))?.value
    }

    private func currentKey() async throws -> SigningKey {
        let keys = try newestFirst()
        let oldest = context.now().addingTimeInterval(-rotationInterval)
        if let newest = keys.first?.value, newest.createdAt > oldest { return newest }
        let made = SigningKey(
            id: context.makeHexID(), privateKey: P256.Signing.PrivateKey().pemRepresentation,
            createdAt: context.now())
        do {
            try await context.documents.transact { transaction in
                try transaction.insert(made)
                for old in keys.dropFirst(Self.keysKept - 1) { try transaction.delete(old) }
            }
        } catch StoreError.conflict {
            // Another request rotated at the same moment: its key serves as well.
            if let newest = try newestFirst().first?.value { return newest }
            throw StoreError.conflict(failed: [])
        }
        context.logger.notice("made a new token signing key", metadata: ["key": "\(made.id)"])
        return made
    }

    private func newestFirst() throws -> [Versioned<SigningKey>] {
        try context.documents.list(SigningKey.self).sorted {
            ($0.value.createdAt, $0.value.id) > ($1.value.createdAt, $1.value.id)
        }
    }

    /// One collection for each key: a token names its key, and no other may verify it.
    private func collection(_ key: SigningKey) async throws -> JWTKeyCollection {
        if let known = parsed.withLock({ $0[key.id] }) { return known }
        let made = JWTKeyCollection()
        await made.add(
            ecdsa: try ES256PrivateKey(pem: key.privateKey), kid: JWKIdentifier(string: key.id))
        parsed.withLock { parsed in
            if parsed.count > Self.keysKept * 2 { parsed.removeAll() }
            parsed[key.id] = made
        }
        return made
    }

    private struct Header: Decodable {
        var alg: String?
        var kid: String?
    }

    private static func header(_ text: String) -> Header? {
        guard let end = text.firstIndex(of: ".") else { return nil }
        var encoded = text[..<end].replacing("-", with: "+").replacing("_", with: "/")
        encoded += String(repeating: "=", count: (4 - encoded.count % 4) % 4)
        guard let data = Data(base64Encoded: String(encoded)) else { return nil }
        do {
            return try JSONDecoder().decode(Header.self, from: data)
        } catch {
            return nil
        }
    }
}

extension Duration {
    /// In seconds, for dates.
    var timeInterval: TimeInterval {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
