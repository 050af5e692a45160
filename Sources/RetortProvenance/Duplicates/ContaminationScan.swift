// SPDX-License-Identifier: Apache-2.0
//
// The runs of words of evaluation sets are held as hashes, the corpus goes by once: memory follows
// the evaluation sets, not the corpus. Two different runs have one hash with a chance of 2^-64 each
// time they are compared: a million runs and a corpus of 10^12 words expect 0.05 such accidents.

/// Finds items of evaluation sets in a corpus.
public struct ContaminationScan: Sendable {
    private struct Item: Sendable {
        let set: String
        let id: String
        /// Words of its runs; 0 if it is not looked for.
        let length: Int
        /// Where its words are in `isFound` and `isCountable`.
        let words: Range<Int>
        var longestRun = 0
        var documents = 0
        var sources: [ContaminatedItem.Source] = []
    }

    public let settings: ContaminationSettings
    private var items: [Item] = []
    private var table = GramTable()
    private let templateGrams: Int
    private var hashers: [ShingleHasher] = []
    private var isCountable: [Bool]
    private var isFound: [Bool]
    /// The last document in which each gram was seen, from 1.
    private var lastDocument: [Int]
    private var documents = 0
    private var bytes = 0
    private var words: [UInt64] = []

    /// - Throws: ``ProvenanceError`` for settings out of range, no items or 2^32 of their words.
    public init(_ items: [ContaminationItem], settings: ContaminationSettings = .init())
        throws(ProvenanceError)
    {
        guard (2...64).contains(settings.gramWords), settings.leastWords >= 1,
            settings.mostItemsOfGram >= 1, settings.sourcesPerItem >= 0
        else {
            throw ProvenanceError(
                "runs of \(settings.gramWords) words, items of \(settings.leastWords) or more, "
                    + "runs of up to \(settings.mostItemsOfGram) items, "
                    + "\(settings.sourcesPerItem) sources",
                expected: "runs of 2 to 64 words, the others 1 or more, sources 0 or more")
        }
        guard !items.isEmpty else {
            throw ProvenanceError("there are no items", expected: "items of an evaluation set")
        }
        self.settings = settings
        var runs: [(hash: UInt64, place: GramTable.Place)] = []
        var end = 0
        for item in items {
            let words = NormalizedWords.hashes(of: item.text)
            let length = min(settings.gramWords, words.count)
            let isTested = words.count >= min(settings.leastWords, settings.gramWords)
            if isTested, length > 0 {
                for (place, hash) in ShingleHasher(length: length).hashes(words).enumerated() {
                    runs.append(
                        (hash, .init(item: UInt32(self.items.count), word: UInt32(place))))
                }
            }
            self.items.append(
                Item(
                    set: item.set, id: item.id, length: isTested ? length : 0,
                    words: end..<end + words.count))
            end += words.count
            guard runs.count < Int(UInt32.max) else {
                throw ProvenanceError(
                    "evaluation sets of \(end) words", expected: "fewer than 2^32",
                    advice: "scan for one set at a time")
            }
        }
        templateGrams = table.fill(&runs, mostItems: settings.mostItemsOfGram)
        hashers = Set(self.items.map(\.length)).subtracting([0]).sorted().map(
            ShingleHasher.init(length:))
        isFound = Array(repeating: false, count: end)
        isCountable = isFound
        lastDocument = Array(repeating: 0, count: table.count)
        for place in table.all {
            let item = self.items[Int(place.item)]
            let start = item.words.lowerBound + Int(place.word)
            for word in start..<start + item.length { isCountable[word] = true }
        }
    }

    public mutating func add(_ text: String, name: String) {
        var text = text
        text.withUTF8 { add($0, name: name) }
    }

    /// Looks for the items in a document of the corpus.
    /// - Parameters:
    ///   - text: UTF-8; what is not separates words.
    ///   - name: What the report calls it.
    public mutating func add(_ text: UnsafeBufferPointer<UInt8>, name: String) {
        documents += 1
        bytes += text.count
        words.removeAll(keepingCapacity: true)
        NormalizedWords.append(hashesOf: text, to: &words)
        var hits: [GramTable.Place] = []
        for hasher in hashers {
            words.withUnsafeBufferPointer { words in
                hasher.forEach(words) { hash in
                    guard let gram = table.gram(hash), lastDocument[gram] < documents else {
                        return
                    }
                    lastDocument[gram] = documents
                    hits += table.places(of: gram)
                }
            }
        }
        if !hits.isEmpty { count(&hits, name) }
    }

    /// Adds what one document shares with the items.
    private mutating func count(_ hits: inout [GramTable.Place], _ name: String) {
        hits.sort()
        var place = 0
        while place < hits.count {
            let index = Int(hits[place].item)
            var item = items[index]
            var wordsOfDocument = 0
            var run = 0
            var end = -1
            while place < hits.count, Int(hits[place].item) == index {
                let start = Int(hits[place].word)
                if start > end { run = 0 }
                let new = max(start, end)..<start + item.length
                for word in new { isFound[item.words.lowerBound + word] = true }
                wordsOfDocument += new.count
                run += new.count
                item.longestRun = max(item.longestRun, run)
                end = start + item.length
                place += 1
            }
            item.documents += 1
            let before =
                item.sources.firstIndex { $0.words < wordsOfDocument } ?? item.sources.count
            if before < settings.sourcesPerItem {
                item.sources.insert(.init(name: name, words: wordsOfDocument), at: before)
                if item.sources.count > settings.sourcesPerItem { item.sources.removeLast() }
            }
            items[index] = item
        }
    }

    /// What was found so far.
    public func report() -> ContaminationReport {
        var report = ContaminationReport(
            settings: settings, documents: documents, bytes: bytes, templateGrams: templateGrams,
            sets: [], items: [])
        var places: [String: Int] = [:]
        for item in items {
            let place = places[item.set] ?? report.sets.count
            if place == report.sets.count {
                places[item.set] = place
                report.sets.append(
                    .init(
                        set: item.set, items: 0, itemsNotTested: 0, itemsTouched: 0,
                        itemsContaminated: 0))
            }
            report.sets[place].items += 1
            let words = item.words.count { isCountable[$0] }
            if words == 0 { report.sets[place].itemsNotTested += 1 }
            guard item.documents > 0 else { continue }
            let found = item.words.count { isFound[$0] }
            let share = Double(found) / Double(words)
            report.sets[place].itemsTouched += 1
            if share >= settings.contaminatedShare { report.sets[place].itemsContaminated += 1 }
            report.items.append(
                ContaminatedItem(
                    set: item.set, id: item.id, words: words, wordsFound: found, share: share,
                    longestRun: item.longestRun, documents: item.documents, sources: item.sources))
        }
        return report
    }
}
