// SPDX-License-Identifier: Apache-2.0
//
// A corpus of arithmetic and Countdown for models from scratch: which problems, how many of them with a thought, and how many
// thoughts with a slip, or how patient ones. None of them is one that evaluations hold out.

import RetortJSON
import RetortTensor

/// What a corpus is mixed of.
public struct TraceMix: Sendable {
    public struct Part: Sendable {
        /// What is asked.
        public enum Kind: Sendable {
            case arithmetic(ArithmeticTask.Operation, digits: (Int, Int))
            /// Thoughts try so many ways on average before they give up.
            case countdown(CountdownTask, patience: Double)
        }

        public var kind: Kind
        /// Parts are taken in proportion to their shares.
        public var share: Double
        /// The share of samples with a thought, and of thoughts with a slip.
        public var thinking: Double
        public var slips: Double

        public init(_ kind: Kind, share: Double, thinking: Double = 0, slips: Double = 0) {
            self.kind = kind
            self.share = share
            self.thinking = thinking
            self.slips = slips
        }
    }

    public var parts: [Part]

    /// - Throws: ``EvaluationError`` if a share is none.
    public init(_ parts: [Part]) throws(EvaluationError) {
        self.parts = parts
        for part in parts {
            switch part.kind {
            case .arithmetic(let operation, let digits):
                _ = try ArithmeticTask(operation, digits: digits)
            case .countdown(let task, let patience):
                guard (2...4).contains(task.count), patience >= 1, patience.isFinite,
                    part.slips == 0
                else {
                    throw EvaluationError(
                        "Countdown with \(task.count) numbers, patience \(patience) and slips \(part.slips); expected 2 to 4 numbers, 1 try or more, and no slips"
                    )
                }
            }
            guard part.share > 0, part.share.isFinite, 0...1 ~= part.thinking, 0...1 ~= part.slips
            else {
                throw EvaluationError(
                    "a part has the share \(part.share), thinking \(part.thinking) and slips \(part.slips); expected a share above 0 and the others within 0 … 1"
                )
            }
        }
        guard !parts.isEmpty else { throw EvaluationError("a mix has no parts") }
    }

    /// Conversations, `{"messages": …}`, the same for equal seeds.
    /// - Parameter body: Gets one after another.
    public func forEachRecord(
        count: Int, seed: UInt64, _ body: (JSONValue) throws -> Void
    ) throws {
        var random = SplitMix64(seed: SplitMix64.mix(seed &+ SplitMix64.increment))
        let total = parts.reduce(0) { $0 + $1.share }
        for _ in 0..<count {
            var left = Double.random(in: 0..<total, using: &random)
            let part = parts.first { part in
                left -= part.share
                return left < 0
            }
            try body(try record(part ?? parts[parts.count - 1], &random))
        }
    }

    private func record(_ part: Part, _ random: inout SplitMix64) throws(EvaluationError)
        -> JSONValue
    {
        switch part.kind {
        case .arithmetic(let operation, let digits):
            return arithmetic(part, operation, digits, &random)
        case .countdown(let task, let patience):
            return try countdown(part, task, patience, &random)
        }
    }

    private func arithmetic(
        _ part: Part, _ operation: ArithmeticTask.Operation, _ digits: (Int, Int),
        _ random: inout SplitMix64
    ) -> JSONValue {
        var (a, b): (UInt64, UInt64)
        repeat {
            a = Self.number(digits.0, &random)
            b = Self.number(digits.1, &random)
        } while ArithmeticTask.isHeldOut(operation, a, b)
        let isProduct = operation == .multiplication
        let question = "What is \(a) \(isProduct ? "*" : "+") \(b)?"
        guard Double.random(in: 0..<1, using: &random) < part.thinking else {
            let value = isProduct ? UInt128(a) * UInt128(b) : UInt128(a) + UInt128(b)
            return Self.record(question, answer: String(value))
        }
        let hasSlip = Double.random(in: 0..<1, using: &random) < part.slips
        let trace: ArithmeticTrace
        if isProduct {
            let slip =
                hasSlip
                ? Int.random(in: 0..<ArithmeticTrace.numbersWritten(digits.1), using: &random)
                : nil
            trace = ArithmeticTrace(a, times: b, digits: digits, slip: slip, &random)
        } else {
            trace = ArithmeticTrace(a, plus: b, digits: digits, hasSlip: hasSlip, &random)
        }
        return Self.record(question, thought: trace.thought, answer: trace.answer)
    }

    private func countdown(
        _ part: Part, _ task: CountdownTask, _ patience: Double, _ random: inout SplitMix64
    ) throws(EvaluationError) -> JSONValue {
        var numbers: [Int]
        var ways: [CountdownWay]
        repeat {
            numbers = (0..<task.count).map { _ in Int.random(in: 1...task.largest, using: &random) }
            ways = CountdownTask.isHeldOut(numbers) ? [] : try CountdownSearch.ways(numbers)
        } while !ways.contains { $0.value <= task.largestTarget }
        // Each target that can be reached is as likely as the others.
        let targets = Set(ways.map(\.value)).filter { $0 <= task.largestTarget }.sorted()
        let target = targets[Int.random(in: 0..<targets.count, using: &random)]
        let question = CountdownTask.question(numbers, target)
        guard Double.random(in: 0..<1, using: &random) < part.thinking else {
            let guess = ways[Int.random(in: 0..<ways.count, using: &random)]
            return Self.record(question, answer: guess.expression)
        }
        let trace = CountdownTrace(ways, target: target, patience: patience, &random)
        return Self.record(question, thought: trace.thought, answer: trace.answer)
    }

    private static func record(_ question: String, thought: String? = nil, answer: String)
        -> JSONValue
    {
        var reply = JSONObject([("role", "assistant"), ("content", .string(answer))])
        if let thought { reply["reasoning_content"] = .string(thought) }
        return [
            "messages": [["role": "user", "content": .string(question)], .object(reply)]
        ]
    }

    private static func number(_ digits: Int, _ random: inout SplitMix64) -> UInt64 {
        let power = (1..<digits).reduce(1 as UInt64) { value, _ in value * 10 }
        return digits == 1
            ? UInt64.random(in: 0...9, using: &random)
            : UInt64.random(in: power...(power * 10 - 1), using: &random)
    }
}

extension TraceMix {
    /// Reads `[{"task": "multiplication", "digits": "3x2", "share": 0.1, "thinking": 1, "slips": 0.6}]`.
    /// - Throws: ``EvaluationError`` for a key that is missing, unknown or of another kind.
    public init(_ json: JSONValue) throws(EvaluationError) {
        var parts: [Part] = []
        for item in json.arrayValue ?? [] {
            guard let object = item.objectValue else {
                throw EvaluationError("a part is \(item.kind); a mapping was expected")
            }
            let isCountdown = item["task"]?.stringValue == "countdown"
            let known =
                isCountdown
                ? ["task", "numbers", "patience", "share", "thinking"]
                : ["task", "digits", "share", "thinking", "slips"]
            if let key = object.keys.first(where: { !known.contains($0) }) {
                throw EvaluationError(
                    "'\(key)' of a part is not known; expected one of \(known.joined(separator: ", "))"
                )
            }
            parts.append(
                Part(
                    try isCountdown ? Self.countdown(item) : Self.arithmetic(item),
                    share: item["share"]?.doubleValue ?? 1,
                    thinking: item["thinking"]?.doubleValue ?? 0,
                    slips: item["slips"]?.doubleValue ?? 0))
        }
        try self.init(parts)
    }

    private static func countdown(_ item: JSONValue) throws(EvaluationError) -> Part.Kind {
        let task = try CountdownTask(numbers: item["numbers"]?.intValue ?? 3)
        return .countdown(task, patience: item["patience"]?.doubleValue ?? 2)
    }

    private static func arithmetic(_ item: JSONValue) throws(EvaluationError) -> Part.Kind {
        let name = item["task"]?.stringValue ?? "multiplication"
        guard let operation = ArithmeticTask.Operation(rawValue: name) else {
            throw EvaluationError(
                "'task' is '\(name)'; expected multiplication, addition or countdown")
        }
        let text = item["digits"]?.intValue.map { String($0) } ?? item["digits"]?.stringValue ?? ""
        guard let digits = ArithmeticTask.digits(text) else {
            throw EvaluationError("'digits' is '\(text)'; expected such as 3 or 3x2")
        }
        return .arithmetic(operation, digits: digits)
    }
}
