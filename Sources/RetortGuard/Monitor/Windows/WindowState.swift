// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A window of one key's requests in constant memory.
struct WindowState: Sendable {
    private(set) var count = 0
    private(set) var firstTime = Double.infinity
    private(set) var lastTime = -Double.infinity
    private(set) var traits = RequestTrait.allCases.map { _ in TraitState() }
    /// Prompts that were in the window before.
    private(set) var repeated = 0
    /// Prompts that another key had before.
    private(set) var shared = 0
    /// Requests of people: in conversations, or written in haste.
    private(set) var conversational = 0
    private(set) var promptTokens = 0
    private(set) var completionTokens = 0
    private(set) var languages = SIMD32<UInt16>()
    private var prompts = DistinctBits(bits: 16_384)
    private var topics = DistinctBits(bits: 8192)
    private var topicsAtHalf = 0.0
    private var heads = TopCounter(places: 16)
    private var tails = TopCounter(places: 16)
    private var systems = TopCounter(places: 4)
    private var settings = TopCounter(places: 8)
    private var sums = [RandomFeatures.Part](
        repeating: RandomFeatures.Part(), count: RandomFeatures.parts)

    mutating func add(
        _ record: RequestRecord, embedding: [RandomFeatures.Part], isShared: Bool, window: Int
    ) {
        let sketch = record.sketch
        count += 1
        firstTime = min(firstTime, record.time)
        lastTime = max(lastTime, record.time)
        promptTokens += record.promptTokens
        completionTokens += record.completionTokens
        let isNew = prompts.insert(sketch.prompt)
        if !isNew { repeated += 1 }
        if isShared { shared += 1 }
        if sketch.turns > 1 || sketch.flags.contains(.informal) { conversational += 1 }
        for trait in RequestTrait.allCases where trait.isIn(record) {
            traits[trait.rawValue].add(record, isNew: isNew)
        }
        if RequestTrait.foreign.isIn(record) { languages[Int(sketch.language) & 31] &+= 1 }
        for place in 0..<4 { _ = topics.insert(SipHash.mix(UInt64(sketch.topics[place]), 5)) }
        if count == window / 2 { topicsAtHalf = topics.count }
        heads.add(sketch.head)
        tails.add(sketch.tail)
        systems.add(sketch.system)
        settings.add(Self.fingerprint(record))
        for index in 0..<RandomFeatures.parts { sums[index] += embedding[index] }
    }

    /// Of the settings that a program sends.
    private static func fingerprint(_ record: RequestRecord) -> UInt32 {
        var hash = UInt64(bitPattern: Int64(record.n)) &+ (record.isStream ? 1 << 40 : 0)
        hash = SipHash.mix(hash, (record.temperature ?? -1).bitPattern)
        hash = SipHash.mix(hash, UInt64(bitPattern: Int64(record.maxTokens ?? -1)))
        hash = SipHash.mix(hash, UInt64(bitPattern: Int64(record.logprobs ?? -1)))
        return UInt32(truncatingIfNeeded: hash)
    }

    /// The mean of the requests' features.
    var mean: [RandomFeatures.Part] { Embedding.scaled(sums, 1 / Float(max(1, count))) }

    func trait(_ trait: RequestTrait) -> TraitState { traits[trait.rawValue] }

    /// Of the beginnings and endings, the share of the most frequent one.
    var templateShare: Double { Rate.of(max(heads.most, tails.most), count) }
    var settingsShare: Double { Rate.of(settings.most, count) }
    /// New topic words per request in the second half of a full window, from 0 to 4.
    var growth: Double {
        topicsAtHalf > 0 ? max(0, topics.count - topicsAtHalf) / Double(max(1, count / 2)) : 0
    }
    var distinctTopics: Double { topics.count }

    /// The effective number of languages, exp of their entropy.
    var languageCount: Double {
        let total = Double(trait(.foreign).count)
        guard total > 0 else { return 0 }
        var entropy = 0.0
        for index in 0..<32 where languages[index] > 0 {
            let share = Double(languages[index]) / total
            entropy -= share * log(share)
        }
        return exp(entropy)
    }

    /// Of the memory that it takes.
    var byteCount: Int {
        MemoryLayout<Self>.size + traits.reduce(0) { $0 + $1.byteCount } + prompts.byteCount
            + topics.byteCount + heads.byteCount + tails.byteCount + systems.byteCount
            + settings.byteCount + sums.count * MemoryLayout<RandomFeatures.Part>.stride
    }
}
