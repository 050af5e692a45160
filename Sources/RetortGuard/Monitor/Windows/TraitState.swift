// SPDX-License-Identifier: Apache-2.0

/// The requests of a window that have one trait.
struct TraitState: Sendable {
    private(set) var count = 0
    /// Those whose prompt was not in the window before.
    private(set) var new = 0
    private var topics = DistinctBits(bits: 2048)
    private var heads = TopCounter(places: 8)
    private var tails = TopCounter(places: 8)
    private var sum = SIMD64<Float>()
    /// Distinct topic words of the first 100 new prompts.
    private var topicsAtFirst = 0.0
    /// The first of them, to look at: ids.
    private(set) var examples: [String] = []

    static let mostExamples = 3
    private static let first = 100

    mutating func add(_ record: RequestRecord, isNew: Bool) {
        count += 1
        if examples.count < Self.mostExamples { examples.append(record.id) }
        guard isNew else { return }
        new += 1
        for place in 0..<4 {
            _ = topics.insert(SipHash.mix(UInt64(record.sketch.topics[place]), 5))
        }
        if new == Self.first { topicsAtFirst = topics.count }
        heads.add(record.sketch.head)
        tails.add(record.sketch.tail)
        sum += SIMD64<Float>(record.sketch.vector) / 127
    }

    /// Distinct topic words per request, from 0 to 4.
    var topicsPerRequest: Double { new > 0 ? topics.count / Double(new) : 0 }
    /// The same of the first 100 new prompts, so that windows with many and with few can be compared.
    var breadth: Double {
        new >= Self.first ? topicsAtFirst / Double(Self.first) : topicsPerRequest
    }
    /// 1 if each prompt came once, 0 if each came twice or more: test suites run again, harvests do not.
    var once: Double { count > 0 ? max(0, 2 * Double(new) / Double(count) - 1) : 0 }
    /// Of the requests with one beginning, the share of the most frequent one.
    var headShare: Double { Rate.of(heads.most, new) }
    /// The same of beginnings or endings.
    var templateShare: Double { Rate.of(max(heads.most, tails.most), new) }
    /// The mean cosine of two of the requests: near 1 if they all say the same.
    var likeness: Double {
        guard new > 1 else { return 1 }
        let n = Double(new)
        let square = Double((sum * sum).sum())
        return max(0, (square - n) / (n * (n - 1)))
    }

    var byteCount: Int {
        topics.byteCount + heads.byteCount + tails.byteCount + MemoryLayout<Self>.size + Self
            .mostExamples * 128
    }
}
