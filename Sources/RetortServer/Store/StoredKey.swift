// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import GRDB
import RetortJSON

/// What a key may be used for.
public enum KeyScope: String, Sendable, CaseIterable {
    /// The APIs of programs, below `/v1`.
    case api
    /// The web app and its conversations.
    case app
    /// All of these, and what belongs to others.
    case admin
}

/// An API key as it is kept: without the key.
public struct StoredKey: Sendable, Equatable {
    public var id: String
    public var name: String
    /// The first letters of the key.
    public var prefix: String
    /// SHA-256 of the key. Keys are 256 random bits, so guessing one from it is hopeless.
    var hash: Data
    public var scopes: Set<KeyScope>
    /// Times are seconds since 1970.
    public var created: Double
    public var revoked: Double?
    public var lastUsed: Double?
    public var requestsPerMinute: Int?
    /// Tokens of prompts and answers in a day, UTC.
    public var tokensPerDay: Int?

    init(_ row: Row) {
        id = row["id"]
        name = row["name"]
        prefix = row["prefix"]
        hash = row["hash"]
        scopes = Set(
            row.text("scopes").split(separator: " ").compactMap { KeyScope(rawValue: String($0)) })
        created = row["created"]
        revoked = row["revoked"]
        lastUsed = row["last_used"]
        requestsPerMinute = row["requests_per_minute"]
        tokensPerDay = row["tokens_per_day"]
    }

    public var json: JSONValue {
        [
            "id": .string(id), "name": .string(name), "prefix": .string(prefix),
            "scopes": .array(
                KeyScope.allCases.filter(scopes.contains).map { .string($0.rawValue) }),
            "created": .double(created), "revoked": .time(revoked), "last_used": .time(lastUsed),
            "requests_per_minute": .count(requestsPerMinute),
            "tokens_per_day": .count(tokensPerDay),
        ]
    }
}

/// A key's use on a day.
public struct KeyUsage: Sendable, Equatable {
    public var requests = 0
    public var promptTokens = 0
    /// Of the prompt's, those that did not have to be computed.
    public var cachedTokens = 0
    public var completionTokens = 0

    public init() {}

    /// What counts against the tokens of a day.
    public var tokens: Int { promptTokens + completionTokens }

    mutating func add(_ other: KeyUsage) {
        requests += other.requests
        promptTokens += other.promptTokens
        cachedTokens += other.cachedTokens
        completionTokens += other.completionTokens
    }

    public var json: JSONValue {
        [
            "requests": .count(requests), "prompt_tokens": .count(promptTokens),
            "cached_tokens": .count(cachedTokens), "completion_tokens": .count(completionTokens),
        ]
    }
}

extension JSONValue {
    static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    static func count(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
    static func time(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }
}
