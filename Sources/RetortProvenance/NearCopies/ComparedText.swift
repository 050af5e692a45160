// SPDX-License-Identifier: Apache-2.0

/// What a text, which may come in pieces, shares with the works that are sought.
struct ComparedText {
    private let counts: Bool
    /// Words that a run may still begin with.
    private var tail: [UInt64] = []
    private var words = 0
    private var grams: Set<Int> = []
    /// With repeats, until there are too many; empty if they are not counted.
    private var runs: [UInt64] = []
    private var isLarge = false

    /// - Parameter counts: Whether the text's different runs are counted, which takes 8 bytes each
    ///   up to twice as many as matter. Without, it is only told what has parts of the works.
    init(counts: Bool) { self.counts = counts }

    mutating func reset() {
        tail.removeAll(keepingCapacity: true)
        words = 0
        if !grams.isEmpty { grams.removeAll() }
        runs.removeAll(keepingCapacity: true)
        isLarge = false
    }

    /// Whether it shares enough to be worth counting.
    func isCandidate(_ sought: SoughtTexts) -> Bool { grams.count >= sought.leastShared }

    mutating func add(_ hashes: [UInt64], _ sought: SoughtTexts) {
        guard !hashes.isEmpty else { return }
        words += hashes.count
        tail.append(contentsOf: hashes)
        let length = sought.shingler.length
        guard tail.count >= length else { return }
        let counts = counts && !isLarge
        tail.withUnsafeBufferPointer { words in
            sought.shingler.forEach(words) { run in
                if let gram = sought.gram(run) { grams.insert(gram) }
                if counts { runs.append(run) }
            }
        }
        tail.removeFirst(tail.count - length + 1)
        if counts, runs.count > 2 * sought.mostRuns {
            runs = DocumentStore.distinct(runs)
            isLarge = runs.count > sought.mostRuns
            if isLarge { runs = [] }
        }
    }

    /// - Returns: nil if it is no copy.
    mutating func finish(_ sought: SoughtTexts) -> NearCopy.Overlap? {
        if words > 0, words < sought.shingler.length {
            // As a short work is: one run of all its words.
            for run in ShingleHasher(length: words).hashes(tail) {
                if let gram = sought.gram(run) { grams.insert(gram) }
                if counts { runs.append(run) }
            }
        }
        guard isCandidate(sought) else { return nil }
        let different = counts && !isLarge ? DocumentStore.distinct(runs).count : nil
        return sought.overlap(of: grams, runs: different)
    }
}
