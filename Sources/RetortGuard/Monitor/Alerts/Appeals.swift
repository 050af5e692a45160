// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What operators decided about keys, from an audit log: the last decision counts.
public struct Appeals: Sendable {
    /// The end of each key's exemption, seconds since 1970.
    public private(set) var exemptUntil: [String: Double] = [:]

    public init() {}

    /// - Throws: ``GuardError`` if the log was tampered with.
    public init(_ log: AuditLog) throws {
        var appeals = Appeals()
        _ = try log.verify { appeals.add($0) }
        self = appeals
    }

    private mutating func add(_ entry: AuditLog.Entry) {
        guard entry.kind == "appeal", let key = entry.body["key"]?.stringValue else { return }
        if entry.body["decision"]?.stringValue == "granted",
            let end = entry.body["until"]?.doubleValue
        {
            exemptUntil[key] = end
        } else {
            exemptUntil[key] = nil
        }
    }

    /// The body of an audit log's `appeal` entry.
    /// - Parameter until: The end of the exemption if the appeal is granted; nil if it is denied.
    public static func body(key: String, until: Double?, reason: String, by: String?) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("key", .string(key)), ("decision", .string(until == nil ? "denied" : "granted")),
            ("reason", .string(reason)),
        ]
        if let until { members.append(("until", .double(until))) }
        if let by { members.append(("by", .string(by))) }
        return .object(JSONObject(members))
    }

    public func isExempt(_ key: String, at time: Double) -> Bool {
        exemptUntil[key].map { time < $0 } ?? false
    }
}
