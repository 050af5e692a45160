// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation
import RetortClient
import RetortJSON

/// Under what a request is kept: the SHA-256 of what decides the answer, and of nothing else.
///
/// That is the model's name, the messages, the sampling parameters and which of several samples it
/// is. Streams, hosts, keys, and by which name an endpoint limits tokens do not count.
public struct RequestKey: Sendable, Hashable {
    /// Of the canonical form. A new number makes every kept answer unknown: for errors only.
    static let version: Int64 = 1

    /// 64 hexadecimal digits.
    public let hash: String
    public let model: String
    public let sample: Int
    /// What was hashed.
    let canonical: String

    /// - Parameters:
    ///   - sample: Which of several answers to the same request, from 0.
    ///   - endpoint: Given if answers of different endpoints are to be kept apart.
    public init(_ request: ChatCompletionRequest, sample: Int, endpoint: ChatEndpoint? = nil) {
        var body = request.body
        let limit = body[request.tokenLimitField.rawValue]
        body[request.tokenLimitField.rawValue] = nil
        body["max_tokens"] = limit
        var document = JSONObject([
            ("version", .integer(Self.version)), ("request", .object(body)),
            ("sample", .integer(Int64(sample))),
        ])
        document["endpoint"] = endpoint.map { .string($0.description) }
        canonical = Self.canonical(.object(document)).text(.init(sortsKeys: true))
        hash = String(hexadecimal: SHA256.hash(data: Data(canonical.utf8)))
        model = request.model
        self.sample = sample
    }

    /// Numbers that are equal are written alike, and of members with the same name the last counts.
    private static func canonical(_ json: JSONValue) -> JSONValue {
        switch json {
        case .double(let number):
            guard let integer = Int64(exactly: number), integer.magnitude <= 1 << 53 else {
                return json
            }
            return .integer(integer)
        case .array(let items): return .array(items.map(canonical))
        case .object(let object):
            var result = JSONObject()
            for member in object.members { result[member.key] = canonical(member.value) }
            return .object(result)
        case .null, .bool, .integer, .string: return json
        }
    }

    public static func == (a: RequestKey, b: RequestKey) -> Bool { a.hash == b.hash }
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
