// SPDX-License-Identifier: Apache-2.0
//
// Who gets what, from a file:
//
//     watermark: enforced
//     thoughts: summary
//     routes:
//       embeddings: { watermark: off }
//     keys:
//       key_7f3a: { thoughts: none, logprobs: false, max_n: 1, canaries: 0.02 }
//
// A key's rule stands above a route's, and that above the file's; each rule is for one setting alone.

import RetortJSON

/// What the server grants to keys and on routes.
public struct GuardPolicy: Sendable, Equatable {
    public enum Watermark: String, Sendable, CaseIterable {
        case off
        /// Unless the client asks for an answer without.
        case on
        /// Whatever the client asks for, also at temperature 0.
        case enforced
    }

    /// What holds for a request.
    public struct Decision: Sendable, Equatable {
        public var watermark = Watermark.off
        public var thoughts = ThoughtPolicy.full
        public var logprobs = true
        /// Answers to one request; nil leaves it to the API.
        public var maximumChoices: Int?
        /// Of the answers, how many get the account's reference number.
        public var canaries = 0.0

        public init() {}
    }

    /// Settings that stand in one place; nil leaves it to the next.
    public struct Rule: Sendable, Equatable {
        public var watermark: Watermark?
        public var thoughts: ThoughtPolicy?
        public var logprobs: Bool?
        public var maximumChoices: Int?
        public var canaries: Double?

        public init() {}

        func apply(to decision: inout Decision) {
            decision.watermark = watermark ?? decision.watermark
            decision.thoughts = thoughts ?? decision.thoughts
            decision.logprobs = logprobs ?? decision.logprobs
            decision.maximumChoices = maximumChoices ?? decision.maximumChoices
            decision.canaries = canaries ?? decision.canaries
        }
    }

    /// The APIs that rules may name.
    public static let routes = ["chat", "completions", "responses", "messages", "app"]

    public var rule = Rule()
    public var routes: [String: Rule] = [:]
    /// By the key's id.
    public var keys: [String: Rule] = [:]

    public init() {}

    /// - Parameters:
    ///   - key: Its id; without keys the client's address.
    ///   - route: One of ``routes``.
    public func decision(key: String, route: String) -> Decision {
        var decision = Decision()
        rule.apply(to: &decision)
        routes[route]?.apply(to: &decision)
        keys[key]?.apply(to: &decision)
        return decision
    }

    /// Whether any rule marks or hides something, for which work has to be done.
    public var isOpen: Bool {
        ([rule] + routes.values + keys.values).allSatisfy { $0 == Rule() }
    }

    /// Whether a rule wants reference numbers in answers.
    public var plants: Bool {
        ([rule] + routes.values + keys.values).contains { $0.canaries ?? 0 > 0 }
    }

    /// Whether a rule wants answers marked.
    public var marks: Bool {
        ([rule] + routes.values + keys.values).contains { $0.watermark ?? .off != .off }
    }
}

extension GuardPolicy {
    /// - Throws: ``GuardError`` that names what is not known, before anything is served by a rule with a slip.
    public init(_ json: JSONValue) throws(GuardError) {
        self.init()
        guard let object = json.objectValue else {
            throw GuardError("the policy is no mapping, such as 'thoughts: summary'")
        }
        var own = JSONObject()
        for member in object.members where member.key != "routes" && member.key != "keys" {
            own[member.key] = member.value
        }
        rule = try Rule(own, at: "the policy")
        for (name, value) in try Self.rules(object["routes"], "routes") {
            guard Self.routes.contains(name) else {
                throw GuardError(
                    "the policy's route '\(name)' is not known; expected \(Self.routes.joined(separator: ", "))"
                )
            }
            routes[name] = try Rule(value, at: "the route '\(name)'")
        }
        for (name, value) in try Self.rules(object["keys"], "keys") {
            keys[name] = try Rule(value, at: "the key '\(name)'")
        }
    }

    private static func rules(_ value: JSONValue?, _ name: String) throws(GuardError) -> [(
        String, JSONObject
    )] {
        guard let value, value != .null else { return [] }
        guard let object = value.objectValue else {
            throw GuardError("the policy's '\(name)' is no mapping of names to rules")
        }
        var result: [(String, JSONObject)] = []
        for member in object.members {
            guard let rule = member.value.objectValue else {
                throw GuardError("the policy's rule for '\(member.key)' is no mapping")
            }
            result.append((member.key, rule))
        }
        return result
    }
}

extension GuardPolicy.Rule {
    init(_ object: JSONObject, at place: String) throws(GuardError) {
        for member in object.members {
            let (name, value) = (member.key, member.value)
            switch name {
            case "watermark":
                // YAML reads `on` and `off` as truth values.
                switch value {
                case .bool(true): watermark = .on
                case .bool(false): watermark = .off
                default: watermark = try Self.word(value, name, place)
                }
            case "thoughts": thoughts = try Self.word(value, name, place)
            case "logprobs":
                guard let flag = value.boolValue else {
                    throw GuardError("\(place) has a 'logprobs' that is neither true nor false")
                }
                logprobs = flag
            case "max_n":
                guard let count = value.intValue, count >= 1 else {
                    throw GuardError("\(place) has a 'max_n' that is no number of at least 1")
                }
                maximumChoices = count
            case "canaries":
                guard let share = value.doubleValue, 0...1 ~= share else {
                    throw GuardError("\(place) has 'canaries' that are no share from 0 to 1")
                }
                canaries = share
            default:
                throw GuardError(
                    "\(place) has '\(name)', which is not known; expected watermark, thoughts, logprobs, max_n, canaries"
                )
            }
        }
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ value: JSONValue, _ name: String, _ place: String
    ) throws(GuardError) -> Word where Word.RawValue == String {
        guard let text = value.stringValue, let word = Word(rawValue: text) else {
            throw GuardError(
                "\(place) has a '\(name)' that is not known; expected \(Word.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return word
    }
}
