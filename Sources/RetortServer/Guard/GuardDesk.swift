// SPDX-License-Identifier: Apache-2.0
//
// Where an operator looks and decides: the monitor over the server's own log, the audit log, and what is done
// about keys. All that it knows lies in the two files; a server that starts again goes on with both.

import Foundation
import RetortGuard
import RetortJSON

/// The operator's side of the guard.
public actor GuardDesk {
    public struct Options: Sendable {
        /// The log that the server writes.
        public var log: String
        /// Honest traffic of this service, for the window test.
        public var reference: String?
        public var audit: AuditLog
        public var monitor = MonitorSettings()

        public init(log: String, audit: AuditLog) {
            self.log = log
            self.audit = audit
        }
    }

    private let options: Options
    /// What holds now; the guard's rules look at it.
    public nonisolated let measures: LiveMeasures
    private var reading: Task<JSONValue, any Error>?
    private var reference: ReferenceProfile?
    /// The last decision, which the next one waits for.
    private var deciding: Task<JSONValue, any Error>?

    /// - Throws: `GuardError` if the audit log was tampered with.
    public init(_ options: Options) throws {
        self.options = options
        measures = LiveMeasures(try Measures(options.audit))
    }

    /// What the monitor makes of the log as it is. Who asks meanwhile gets the same answer.
    /// - Throws: `GuardError` if a file cannot be read.
    func report() async throws -> JSONValue {
        if let reading { return try await reading.value }
        let task = Task { try await read() }
        reading = task
        defer { reading = nil }
        return try await task.value
    }

    private func read() async throws -> JSONValue {
        let options = self.options
        if reference == nil, let path = options.reference {
            let window = options.monitor.window
            reference = try await Self.aside {
                var builder = ReferenceBuilder(window: window)
                var reader = RequestLog()
                try reader.read(path: path) { builder.add($0) }
                return builder.profile()
            }
        }
        var settings = options.monitor
        settings.reference = reference
        return try await Self.aside { [settings] in
            let appeals = try Appeals(options.audit)
            let measures = try Measures(options.audit)
            let monitor = ExtractionMonitor(settings: settings)
            var reader = RequestLog()
            let size =
                (try? FileManager.default.attributesOfItem(atPath: options.log)[.size] as? Int) ?? 0
            if size > 0 { try reader.read(path: options.log) { monitor.add($0) } }
            let result = monitor.finish(appeals: appeals)
            return [
                "object": "guard.report", "time": .double(Date().timeIntervalSince1970),
                "requests": .integer(Int64(reader.problems.records)),
                "unused_lines": .integer(Int64(reader.problems.unused)),
                "keys": .integer(Int64(result.keys)),
                "small_keys": .integer(Int64(result.small)),
                "minimum": .integer(Int64(settings.minimum)),
                "alerts": .array(result.alerts.map { $0.json() }),
                "exempt": .array(result.exempt.map { .string($0) }),
                "measures": .object(
                    JSONObject(
                        measures.actions.sorted { $0.key < $1.key }
                            .map { ($0.key, .string($0.value.rawValue)) })),
            ]
        }
    }

    /// The last entries of the audit log, the newest first, after the whole of it was verified.
    func journal(limit: Int) async throws -> JSONValue {
        let audit = options.audit
        return try await Self.aside {
            var entries: [AuditLog.Entry] = []
            let (head, _) = try audit.verify { entry in
                entries.append(entry)
                if entries.count > 2 * limit { entries.removeFirst(limit) }
            }
            return [
                "object": "guard.journal", "count": .integer(Int64(head.count)),
                "head": .string(head.hash),
                "entries": .array(
                    entries.suffix(limit).reversed().map {
                        [
                            "sequence": .integer(Int64($0.sequence)), "time": .double($0.time),
                            "kind": .string($0.kind), "body": $0.body,
                        ]
                    }),
            ]
        }
    }

    /// Writes a decision down, with the alert that it answers, and lets it hold.
    func decide(_ decision: GuardDecision, by operatorName: String?) async throws -> JSONValue {
        let (audit, live, before) = (options.audit, measures, deciding)
        let task = Task { () async throws -> JSONValue in
            _ = await before?.result
            return try await Self.aside { try Self.decide(decision, operatorName, audit, live) }
        }
        deciding = task
        return try await task.value
    }

    private static func decide(
        _ decision: GuardDecision, _ operatorName: String?, _ audit: AuditLog,
        _ live: LiveMeasures
    ) throws -> JSONValue {
        let time = Date().timeIntervalSince1970
        if let alert = decision.alert {
            try audit.append(kind: "alert", alert, time: time)
        }
        let head =
            switch decision.what {
            case .measure(let action):
                try audit.append(
                    kind: "measure",
                    bodies: decision.keys.map {
                        Measures.body(
                            key: $0, action: action, reason: decision.reason, by: operatorName)
                    }, time: time)
            case .appeal(let until):
                try audit.append(
                    kind: "appeal",
                    bodies: decision.keys.map {
                        Appeals.body(
                            key: $0, until: until, reason: decision.reason, by: operatorName)
                    }, time: time)
            }
        live.replace(with: try Measures(audit))
        return ["count": .integer(Int64(head.count)), "head": .string(head.hash)]
    }

    /// Long work outside of the actor.
    private static func aside<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await Task.detached(priority: .utility) { try work() }.value
    }
}

/// What an operator decides about keys.
struct GuardDecision: Sendable {
    enum What: Sendable {
        /// Nil lifts what was done.
        case measure(MonitorAction?)
        /// The exemption's end, seconds since 1970; nil denies it.
        case appeal(until: Double?)
    }

    var keys: [String]
    var what: What
    var reason: String
    /// The alert that it answers, as it was shown.
    var alert: JSONValue?

    private static let mostKeys = 10_000

    init(_ fields: Fields) throws(APIError) {
        keys = try fields.strings("keys", atMost: Self.mostKeys) ?? []
        guard !keys.isEmpty, !keys.contains("") else {
            throw .invalid("keys", "is not a list of keys' ids")
        }
        reason = try fields.require("reason", try fields.string("reason"))
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw .invalid("reason", "is empty; whoever looks into this later needs one")
        }
        let action = try fields.require("action", try fields.string("action"))
        switch action {
        case "lift": what = .measure(nil)
        case "grant_appeal":
            let days = try fields.number("days", in: 1...3650) ?? 90
            what = .appeal(until: Date().timeIntervalSince1970 + days * 86_400)
        case "deny_appeal": what = .appeal(until: nil)
        default:
            guard let known = MonitorAction(rawValue: action) else {
                throw .invalid(
                    "action",
                    "is not known, expected \(MonitorAction.allCases.map(\.rawValue).joined(separator: ", ")), lift, grant_appeal or deny_appeal"
                )
            }
            what = .measure(known)
        }
        alert = fields["alert"]
    }
}
