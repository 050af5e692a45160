// SPDX-License-Identifier: Apache-2.0
//
// All maximal spans of a text in one shard. Trying every start would cost a search each and, where a
// long part is known, as much again for every symbol of it. So the searches ask for windows of the
// least length: a window that is not there rules out all spans that have it, and most windows fall with the
// half of them that is looked for first.

/// How much a trace may find. Of a text of one repeated letter each place can be a span of its own.
struct SpanBudget {
    private var spans: Int
    /// Of all spans together.
    private var symbols: Int
    /// Whether there may be more.
    private(set) var isSpent = false

    init(spans: Int, symbols: Int = 1 << 20) {
        self.spans = spans
        self.symbols = symbols
    }

    static let unlimited = SpanBudget(spans: .max, symbols: .max)

    mutating func take(_ length: Int) {
        spans -= 1
        symbols -= length
        if spans <= 0 || symbols <= 0 { isSpent = true }
    }
}

extension ShardSearch {
    /// All of them, however many.
    func maximalSpans(_ text: ShardPattern<Symbol>, minimum: Int) throws(ProvenanceError) -> [Range<
        Int
    >] {
        var budget = SpanBudget.unlimited
        return try maximalSpans(text, minimum: minimum, &budget)
    }

    /// The parts of a text that the shard has and that no longer part it has contains, in order.
    /// - Parameters:
    ///   - text: Numbers of the shard, 0 for what it does not have.
    ///   - minimum: The least length.
    ///   - budget: Where it ends, so do the spans.
    func maximalSpans(
        _ text: ShardPattern<Symbol>, minimum: Int, _ budget: inout SpanBudget
    ) throws(ProvenanceError) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        var start = 0
        while start < text.count, !budget.isSpent {
            var end = start
            while end < text.count && text[end] != 0 { end += 1 }
            if end - start >= max(1, minimum) {
                try addSpans(text, start..<end, minimum: max(1, minimum), &budget, to: &spans)
            }
            start = end + 1
        }
        return spans
    }

    private func addSpans(
        _ text: ShardPattern<Symbol>, _ known: Range<Int>, minimum: Int,
        _ budget: inout SpanBudget, to spans: inout [Range<Int>]
    ) throws(ProvenanceError) {
        let half = minimum / 2
        var start = known.lowerBound
        while start + minimum <= known.upperBound {
            let end = start + minimum
            if half >= lookup.order, try !has(text, end - half..<end) {
                start = end - half + 1
                continue
            }
            if try !has(text, start..<end) {
                start = try firstStart(text, start + 1, max(start + 1, end - max(1, half)), end)
                continue
            }
            guard let next = try chain(text, from: start, known, minimum, &budget, to: &spans)
            else {
                return
            }
            start = next
        }
    }

    /// Adds the span at `first` and those that follow it and overlap by the least length but one or more.
    /// Returns the next start to try, nil at the end, be it the budget's.
    private func chain(
        _ text: ShardPattern<Symbol>, from first: Int, _ known: Range<Int>, _ minimum: Int,
        _ budget: inout SpanBudget, to spans: inout [Range<Int>]
    ) throws(ProvenanceError) -> Int? {
        var start = first
        while true {
            let rest = ShardPattern(rebasing: text[start..<known.upperBound])
            let length = try longestPrefix(rest)
            // What was found as a whole a moment ago has this length; else the order of suffixes is none.
            guard length >= minimum else {
                throw ProvenanceError(
                    "the index is damaged: its suffixes are not in order",
                    advice: "look with --verify, and build it again")
            }
            let end = start + length
            spans.append(start..<end)
            budget.take(end - start)
            guard end < known.upperBound, !budget.isSpent else { return nil }
            // The shortest window that goes beyond: without it, no span that starts so early does.
            let last = end + 1 - minimum
            guard try has(text, last..<end + 1) else { return last + 1 }
            start = try firstStart(text, start + 1, last, end + 1)
        }
    }

    /// The first start from `low` on whose text up to `end` is there; that from `high` is, or is tried next.
    private func firstStart(_ text: ShardPattern<Symbol>, _ low: Int, _ high: Int, _ end: Int)
        throws(ProvenanceError) -> Int
    {
        var low = low
        var high = high
        while low < high {
            let middle = (low + high) >> 1
            if try has(text, middle..<end) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func has(_ text: ShardPattern<Symbol>, _ range: Range<Int>) throws(ProvenanceError)
        -> Bool
    {
        try contains(ShardPattern(rebasing: text[range]))
    }
}
