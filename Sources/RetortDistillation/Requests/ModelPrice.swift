// SPDX-License-Identifier: Apache-2.0

import RetortClient
import RetortJSON

/// What a model's tokens cost.
public struct ModelPrice: Sendable, Equatable {
    /// Of one token.
    public var input: Dollars
    /// Of one token that the endpoint had in its cache.
    public var cachedInput: Dollars
    /// Of one token, thought or answer.
    public var output: Dollars
    /// What a batch costs, as a fraction of the same requests online.
    public var batchFactor: Double
    /// When it was looked up, as year-month-day.
    public var date: String
    /// Where.
    public var source: String

    /// What an answer cost.
    public func cost(of usage: TokenUsage, inBatch: Bool = false) -> Dollars {
        let fresh = input.times(max(0, usage.promptTokens - usage.cachedTokens))
        let cached = cachedInput.times(usage.cachedTokens)
        return discounted(fresh + cached + output.times(usage.completionTokens), inBatch)
    }

    /// What a request costs at most; nil if its answer's length has no limit.
    public func ceiling(of request: ChatCompletionRequest, inBatch: Bool = false) -> Dollars? {
        guard let maximum = request.maximumTokens else { return nil }
        let prompt = max(input, cachedInput).times(request.mostPromptTokens)
        return discounted(prompt + output.times(maximum).times(request.count ?? 1), inBatch)
    }

    private func discounted(_ cost: Dollars, _ inBatch: Bool) -> Dollars {
        guard inBatch else { return cost }
        let amount = (Double(cost.picodollars) * batchFactor).rounded(.up)
        return Dollars(picodollars: Int64(exactly: amount) ?? .max)
    }
}

extension ModelPrice {
    /// Reads an entry of a price table; amounts there are dollars per million tokens.
    init(_ json: JSONValue, model: String, date: String?, source: String?)
        throws(DistillationError)
    {
        func wrong(_ reason: String) -> DistillationError {
            DistillationError(.invalidInput, "the price of '\(model)' \(reason)")
        }
        guard let object = json.objectValue else {
            throw wrong("is \(json.kind); an object was expected")
        }
        let known = ["input", "cached_input", "output", "batch_factor", "date", "source"]
        if let key = object.keys.first(where: { !known.contains($0) }) {
            throw wrong("has '\(key)'; expected only \(known.joined(separator: ", "))")
        }
        func price(_ key: String) throws(DistillationError) -> Dollars? {
            guard let value = object[key] else { return nil }
            guard let number = value.doubleValue, (0...1e5).contains(number) else {
                throw wrong("has '\(key)' that is not 0 to 100000 dollars per million tokens")
            }
            return Dollars(picodollars: Int64((number * 1e6).rounded()))
        }
        guard let input = try price("input"), let output = try price("output") else {
            throw wrong("lacks 'input' or 'output' (dollars per million tokens)")
        }
        self.input = input
        self.output = output
        cachedInput = try price("cached_input") ?? input
        let factor = object["batch_factor"].map { $0.doubleValue ?? -1 } ?? 1
        guard (0...1).contains(factor) else {
            throw wrong("has 'batch_factor' that is not 0 to 1")
        }
        batchFactor = factor
        guard let date = object["date"]?.stringValue ?? date,
            let source = object["source"]?.stringValue ?? source
        else {
            throw wrong("lacks 'date' or 'source'; say when and where it was looked up")
        }
        let parts = date.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2], parts.allSatisfy({ Int($0) != nil }) else {
            throw wrong("has the date '\(date)'; expected one as 2026-01-31")
        }
        self.date = date
        self.source = source
    }
}
