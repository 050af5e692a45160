// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import RetortJSON

/// Whose key a request came with.
public struct ClientIdentity: Sendable, Equatable {
    /// Tells clients apart; not the key.
    public var id: String
    /// For people.
    public var label: String?
    /// Whether the key may see and change what belongs to others.
    public var isAdministrator = false
    /// What the key is for; nil is for all.
    public var scopes: Set<KeyScope>?

    public init(id: String, label: String? = nil) {
        self.id = id
        self.label = label
    }
}

/// Whether a client may go on.
public enum Admission: Sendable, Equatable {
    case admitted
    case refused(retryAfter: Int)
}

/// Tells valid keys.
public protocol KeyVerifier: Sendable {
    /// Whether requests need a key at all.
    func needsKey() async -> Bool
    /// The owner of a key, nil if it is none. Takes the same time for every wrong key.
    func verify(_ key: String) async throws -> ClientIdentity?
    /// Counts a request against its client's limits. Called once for each that makes the model work.
    func admit(_ client: ClientIdentity) async -> Admission
}

extension KeyVerifier {
    public func admit(_ client: ClientIdentity) async -> Admission { .admitted }
}

/// No keys: for a server that only this machine reaches.
public struct OpenAccess: KeyVerifier {
    public init() {}
    public func needsKey() -> Bool { false }
    public func verify(_ key: String) -> ClientIdentity? { nil }
}

/// Keys from a file. Only their hashes are kept.
public struct KeyList: KeyVerifier {
    private let hashes: [SHA256.Digest]

    /// - Parameter text: One key a line; empty lines and those that start with `#` do not count.
    /// - Throws: ``ServerError`` if there is none, or one that is easily guessed.
    public init(_ text: String) throws(ServerError) {
        let keys = text.split(whereSeparator: \.isNewline)
            .map { String($0).trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !keys.isEmpty else { throw ServerError("there is no key, expected one a line") }
        if let index = keys.firstIndex(where: { $0.utf8.count < 16 }) {
            throw ServerError("key \(index + 1) is shorter than 16 characters; use a random one")
        }
        hashes = keys.map { SHA256.hash(data: Data($0.utf8)) }
    }

    public func needsKey() -> Bool { true }

    public func verify(_ key: String) -> ClientIdentity? {
        // Digests are compared in constant time, and all of them.
        let hash = SHA256.hash(data: Data(key.utf8))
        var found: Int?
        for (index, known) in hashes.enumerated() where known == hash { found = index }
        return found.map { ClientIdentity(id: "key-\($0 + 1)") }
    }
}
