// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a site said, on a day, of texts being used for training, and the bytes in which it said so.
public struct OptOutEvidence: Sendable, Equatable {
    public enum Method: String, Sendable, CaseIterable {
        /// RFC 9309.
        case robots = "robots.txt"
        /// The W3C community group's TDM Reservation Protocol.
        case tdmrep
        /// IETF's AIPREF: the header Content-Usage or the rule of robots.txt.
        case aipref
        /// Really Simple Licensing 1.0.
        case rsl
        /// What a person read.
        case terms
    }

    public enum Verdict: String, Sendable, CaseIterable {
        /// The rightholder keeps the use to itself.
        case reserved
        case permitted
        /// Nothing is said about this use: the law decides.
        case silent
    }

    public var method: Method
    public var url: String
    /// Seconds since 1970.
    public var fetched: Double
    /// The SHA-256 of what was read.
    public var snapshot: ContentHash
    /// What was read; nil where only its hash is known.
    public var body: [UInt8]?
    public var verdict: Verdict
    /// In a sentence.
    public var reason: String

    public init(
        method: Method, url: String, fetched: Double, snapshot: ContentHash, body: [UInt8]? = nil,
        verdict: Verdict, reason: String
    ) {
        self.method = method
        self.url = url
        self.fetched = fetched
        self.snapshot = snapshot
        self.body = body
        self.verdict = verdict
        self.reason = reason
    }

    /// Without the body, which stays in the ledger.
    public var json: JSONValue {
        [
            "protocol": .string(method.rawValue), "url": .string(url),
            "fetched": .double(fetched), "sha256": .string(snapshot.hex),
            "verdict": .string(verdict.rawValue), "reason": .string(reason),
        ]
    }

    init(_ json: JSONValue) throws(ProvenanceError) {
        let fields = try LedgerFields(json, place: "evidence")
        guard let method = Method(rawValue: try fields.text("protocol")) else {
            throw fields.wrong(
                "protocol", expected: Method.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard let verdict = Verdict(rawValue: try fields.text("verdict")) else {
            throw fields.wrong(
                "verdict", expected: Verdict.allCases.map(\.rawValue).joined(separator: ", "))
        }
        self.init(
            method: method, url: try fields.text("url"),
            fetched: try fields.optionalNumber("fetched") ?? 0,
            snapshot: try fields.hash("sha256"), verdict: verdict,
            reason: try fields.text("reason"))
    }
}
