// SPDX-License-Identifier: Apache-2.0
//
// The runs of words of a few works are held as hashes, the corpus goes by once: each text is compared
// exactly, without MinHash's chance of a miss, and memory follows the works, not the corpus.

/// The texts of works, with which texts that go by are compared.
struct SoughtTexts: Sendable {
    let settings: NearCopySettings
    let shingler: ShingleHasher
    private var table = GramTable()
    /// Different runs of each text.
    private var sizes: [Int] = []
    /// What shares fewer runs is neither a near copy nor a part of any.
    private(set) var leastShared = Int.max
    /// What has more different runs is neither a near copy nor an excerpt of any.
    private(set) var mostRuns = 0
    /// More than any text has; twice as many are an `Int` too.
    private static let allRuns = 0x1p60

    /// - Throws: ``ProvenanceError`` for settings out of range or 2^32 runs.
    init(_ texts: some Sequence<String>, settings: NearCopySettings) throws(ProvenanceError) {
        try settings.validate()
        self.settings = settings
        shingler = ShingleHasher(length: settings.shingleWords)
        var runs: [(hash: UInt64, place: GramTable.Place)] = []
        for text in texts {
            let hashes = DocumentStore.distinct(
                shingler.hashes(NormalizedWords.hashes(of: text)))
            guard !hashes.isEmpty else { continue }
            for hash in hashes {
                runs.append((hash, .init(item: UInt32(sizes.count), word: 0)))
            }
            sizes.append(hashes.count)
            guard runs.count < Int(UInt32.max) else {
                throw ProvenanceError(
                    "works of more than \(runs.count) words", expected: "fewer than 2^32",
                    advice: "take them down one at a time")
            }
            let near = Int((settings.similarity * Double(hashes.count)).rounded(.up))
            leastShared = min(leastShared, max(1, min(near, settings.leastRuns)))
            let least = min(settings.similarity, settings.part)
            let most = (Double(hashes.count) / least).rounded(.up)
            mostRuns = max(mostRuns, Int(min(most, Self.allRuns)))
        }
        _ = table.fill(&runs, mostItems: .max)
    }

    var isEmpty: Bool { sizes.isEmpty }

    @inline(__always)
    func gram(_ run: UInt64) -> Int? { table.gram(run) }

    /// - Parameters:
    ///   - grams: Those that a text shares with the works.
    ///   - runs: The text's different runs; nil if they are more than ``mostRuns``.
    /// - Returns: nil if it is no copy of any.
    func overlap(of grams: Set<Int>, runs: Int?) -> NearCopy.Overlap? {
        var shared: [Int: Int] = [:]
        for gram in grams {
            for place in table.places(of: gram) { shared[Int(place.item), default: 0] += 1 }
        }
        return shared.compactMap { item, count in overlap(count, of: sizes[item], runs) }.max()
    }

    private func overlap(_ shared: Int, of size: Int, _ runs: Int?) -> NearCopy.Overlap? {
        if let runs {
            let jaccard = Double(shared) / Double(size + runs - shared)
            if jaccard >= settings.similarity {
                return .init(kind: .nearCopy, similarity: jaccard)
            }
        }
        guard shared >= settings.leastRuns else { return nil }
        let ofWork = Double(shared) / Double(size)
        let ofText = runs.map { Double(shared) / Double($0) } ?? 0
        guard max(ofWork, ofText) >= settings.part else { return nil }
        return ofWork >= ofText
            ? NearCopy.Overlap(kind: .contains, similarity: ofWork)
            : NearCopy.Overlap(kind: .excerpt, similarity: ofText)
    }
}
