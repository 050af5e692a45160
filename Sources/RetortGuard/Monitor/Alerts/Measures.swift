// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What is done about keys, from an audit log: the last decision about a key counts, and a granted appeal ends what
/// was done.
public struct Measures: Sendable, Equatable {
    public private(set) var actions: [String: MonitorAction] = [:]

    public init() {}

    /// - Throws: ``GuardError`` if the log was tampered with.
    public init(_ log: AuditLog) throws {
        var measures = Measures()
        _ = try log.verify { measures.add($0) }
        self = measures
    }

    public mutating func add(_ entry: AuditLog.Entry) {
        guard let key = entry.body["key"]?.stringValue else { return }
        switch entry.kind {
        case "measure":
            actions[key] = entry.body["action"]?.stringValue.flatMap(MonitorAction.init)
        case "appeal" where entry.body["decision"]?.stringValue == "granted":
            actions[key] = nil
        default: break
        }
    }

    /// The body of an audit log's `measure` entry.
    /// - Parameter action: Nil lifts what was done.
    public static func body(key: String, action: MonitorAction?, reason: String, by: String?)
        -> JSONValue
    {
        var members: [(String, JSONValue)] = [
            ("key", .string(key)), ("action", action.map { .string($0.rawValue) } ?? .null),
            ("reason", .string(reason)),
        ]
        if let by { members.append(("by", .string(by))) }
        return .object(JSONObject(members))
    }
}
