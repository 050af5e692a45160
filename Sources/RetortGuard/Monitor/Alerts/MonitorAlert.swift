// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// A key, or a cluster of keys, that an operator should look at, and why.
public struct MonitorAlert: Sendable {
    public struct Evidence: Sendable {
        public let signal: MonitorSignal
        public let value: Double
        /// What 97 % of honest windows do not exceed.
        public let usual: Double
        /// Of the score's sum, what this adds; alarm is at 1.
        public let part: Double
        /// Ids of requests to look at.
        public let examples: [String]
        /// For a reader.
        public let text: String
    }

    /// One, or the members of a cluster.
    public var keys: [String]
    /// A cluster's number from 1; nil for a key by itself.
    public var cluster: Int?
    public var organisation: String?
    /// From 0 to 1; an alert begins at 0.5.
    public var score: Double
    public var action: MonitorAction
    public var evidence: [Evidence]
    /// All signals of the window, for who wants to look further; by ``MonitorSignal``'s order.
    public var values: [Double]
    public var requests: Int
    public var firstTime: Double
    public var lastTime: Double

    /// One object; `key`, or `cluster` and `keys`.
    /// - Parameter texts: Texts by the ids of requests, to show with the evidence.
    public func json(texts: [String: String] = [:]) -> JSONValue {
        var members: [(String, JSONValue)] = []
        if let cluster {
            members.append(("cluster", .integer(Int64(cluster))))
            members.append(("keys", .array(keys.map { .string($0) })))
        } else {
            members.append(("key", .string(keys.first ?? "")))
        }
        if let organisation { members.append(("organisation", .string(organisation))) }
        members += [
            ("score", .double(Self.rounded(score))), ("action", .string(action.rawValue)),
            ("requests", .integer(Int64(requests))), ("first_time", .double(firstTime)),
            ("last_time", .double(lastTime)),
            ("evidence", .array(evidence.map { Self.json($0, texts) })),
            (
                "signals",
                .object(
                    JSONObject(
                        zip(MonitorSignal.allCases, values).map {
                            ($0.rawValue, .double(Self.rounded($1)))
                        }))
            ),
        ]
        return .object(JSONObject(members))
    }

    private static func json(_ evidence: Evidence, _ texts: [String: String]) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("signal", .string(evidence.signal.rawValue)), ("text", .string(evidence.text)),
            ("value", .double(rounded(evidence.value))),
            ("usual", .double(rounded(evidence.usual))),
            ("part", .double(rounded(evidence.part))),
        ]
        if !evidence.examples.isEmpty {
            members.append(("requests", .array(evidence.examples.map { .string($0) })))
        }
        let shown = evidence.examples.compactMap { texts[$0] }
        if !shown.isEmpty { members.append(("texts", .array(shown.map { .string($0) }))) }
        return .object(JSONObject(members))
    }

    private static func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }
}
