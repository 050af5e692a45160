// SPDX-License-Identifier: Apache-2.0
//
// A corpus of arithmetic for models from scratch: which problems, how many of them with a thought, and
// how many thoughts with a slip. None of them is one that evaluations hold out.

import RetortJSON
import RetortTensor

/// What a corpus is mixed of.
public struct TraceMix: Sendable {
    public struct Part: Sendable {
        public var operation: ArithmeticTask.Operation
        public var digits: (Int, Int)
        /// Parts are taken in proportion to their shares.
        public var share: Double
        /// The share of samples with a thought, and of thoughts with a slip.
        public var thinking: Double
        public var slips: Double

        public init(
            _ operation: ArithmeticTask.Operation, digits: (Int, Int), share: Double,
            thinking: Double = 0, slips: Double = 0
        ) {
            self.operation = operation
            self.digits = digits
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
            _ = try ArithmeticTask(part.operation, digits: part.digits)
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
            try body(record(part ?? parts[parts.count - 1], &random))
        }
    }

    private func record(_ part: Part, _ random: inout SplitMix64) -> JSONValue {
        var (a, b): (UInt64, UInt64)
        repeat {
            a = Self.number(part.digits.0, &random)
            b = Self.number(part.digits.1, &random)
        } while ArithmeticTask.isHeldOut(part.operation, a, b)
        let symbol = part.operation == .multiplication ? "*" : "+"
        var reply = JSONObject([("role", "assistant")])
        if Double.random(in: 0..<1, using: &random) < part.thinking {
            let hasSlip = Double.random(in: 0..<1, using: &random) < part.slips
            let trace: ArithmeticTrace
            if part.operation == .multiplication {
                let slip =
                    hasSlip
                    ? Int.random(
                        in: 0..<ArithmeticTrace.numbersWritten(part.digits.1), using: &random)
                    : nil
                trace = ArithmeticTrace(a, times: b, digits: part.digits, slip: slip, &random)
            } else {
                trace = ArithmeticTrace(
                    a, plus: b, digits: part.digits, hasSlip: hasSlip, &random)
            }
            reply["content"] = .string(trace.answer)
            reply["reasoning_content"] = .string(trace.thought)
        } else {
            let value =
                part.operation == .multiplication
                ? UInt128(a) * UInt128(b) : UInt128(a) + UInt128(b)
            reply["content"] = .string(String(value))
        }
        return [
            "messages": [
                ["role": "user", "content": .string("What is \(a) \(symbol) \(b)?")],
                .object(reply),
            ]
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
            let known = ["task", "digits", "share", "thinking", "slips"]
            if let key = object.keys.first(where: { !known.contains($0) }) {
                throw EvaluationError(
                    "'\(key)' of a part is not known; expected one of \(known.joined(separator: ", "))"
                )
            }
            let name = item["task"]?.stringValue ?? "multiplication"
            guard let operation = ArithmeticTask.Operation(rawValue: name) else {
                throw EvaluationError("'task' is '\(name)'; expected multiplication or addition")
            }
            let text =
                item["digits"]?.intValue.map { String($0) } ?? item["digits"]?.stringValue ?? ""
            let sizes = text.split(separator: "x", omittingEmptySubsequences: false)
                .map { Int($0) }
            guard sizes.count <= 2, let first = sizes.first ?? nil, let last = sizes.last ?? nil
            else { throw EvaluationError("'digits' is '\(text)'; expected such as 3 or 3x2") }
            parts.append(
                Part(
                    operation, digits: (first, last), share: item["share"]?.doubleValue ?? 1,
                    thinking: item["thinking"]?.doubleValue ?? 0,
                    slips: item["slips"]?.doubleValue ?? 0))
        }
        try self.init(parts)
    }
}
