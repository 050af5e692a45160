// SPDX-License-Identifier: Apache-2.0
//
// A line of JSON is compared by itself. A work of several lines, which may stand apart, is compared as
// a whole too: a first pass finds what it has of the works that are sought, a second one counts the
// runs of those few that have enough, so that no work's runs are held for nothing.

/// Compares one data file with the works that are sought.
struct NearCopyScan {
    /// A work of several lines of the file.
    struct Work {
        var hash: ContentHash
        var records: RecordRanges
    }

    /// A copy, of a line or of a work.
    struct Hit {
        var overlap: NearCopy.Overlap
        var work: ContentHash?
        var records: RecordRanges?
    }

    private struct Stretch {
        var records: ClosedRange<Int>
        var work: Int
        /// Whether the work ends with it.
        var isLast: Bool
    }

    private let sought: SoughtTexts
    private(set) var hits: [Hit] = []
    /// Lines or whole texts.
    private(set) var texts = 0
    /// Lines that are no JSON.
    private(set) var brokenLines = 0
    private var words: [UInt64] = []

    init(_ sought: SoughtTexts) { self.sought = sought }

    /// - Parameter works: Of several lines each, if the file is JSON lines.
    mutating func read(_ file: DataFile, works: [Work] = []) throws(ProvenanceError) {
        guard file.isLines else { return try readText(file) }
        let candidates = try readLines(file, works, isFirst: true)
        guard !candidates.isEmpty else { return }
        _ = try readLines(file, candidates, isFirst: false)
    }

    private mutating func readText(_ file: DataFile) throws(ProvenanceError) {
        var text = ComparedText(counts: true)
        try file.readText { part throws(ProvenanceError) in
            words.removeAll(keepingCapacity: true)
            NormalizedWords.append(hashesOf: part, to: &words)
            text.add(words, sought)
        }
        texts += 1
        if let overlap = text.finish(sought) { hits.append(Hit(overlap: overlap)) }
    }

    /// - Returns: In the first pass the works that have enough; in the second they become hits.
    private mutating func readLines(_ file: DataFile, _ works: [Work], isFirst: Bool)
        throws(ProvenanceError) -> [Work]
    {
        let stretches = Self.stretches(of: works)
        var next = 0
        var open: [Stretch] = []
        var started: [Int: ComparedText] = [:]
        var line = ComparedText(counts: true)
        var candidates: [Work] = []
        func end(_ number: Int) {
            guard var text = started.removeValue(forKey: number) else { return }
            let work = works[number]
            if isFirst {
                if text.isCandidate(sought) { candidates.append(work) }
            } else if let overlap = text.finish(sought) {
                hits.append(Hit(overlap: overlap, work: work.hash, records: work.records))
            }
        }
        func close(before record: Int) {
            for stretch in open where stretch.isLast && stretch.records.upperBound < record {
                end(stretch.work)
            }
            open.removeAll { $0.records.upperBound < record }
        }
        let broken = try file.readLines({ record in
            if isFirst { return true }
            while next < stretches.count, stretches[next].records.upperBound < record { next += 1 }
            return !open.isEmpty
                || (next < stretches.count && stretches[next].records.contains(record))
        }) { text, record throws(ProvenanceError) in
            var text = text
            words.removeAll(keepingCapacity: true)
            text.withUTF8 { NormalizedWords.append(hashesOf: $0, to: &words) }
            if isFirst {
                texts += 1
                line.reset()
                line.add(words, sought)
                if let overlap = line.finish(sought) {
                    hits.append(
                        Hit(overlap: overlap, records: RecordRanges([record...record])))
                }
            }
            close(before: record)
            while next < stretches.count, stretches[next].records.lowerBound <= record {
                open.append(stretches[next])
                next += 1
            }
            for stretch in open {
                started[stretch.work, default: ComparedText(counts: !isFirst)].add(words, sought)
            }
        }
        for work in started.keys.sorted() { end(work) }
        if isFirst { brokenLines += broken }
        return candidates
    }

    private static func stretches(of works: [Work]) -> [Stretch] {
        var stretches: [Stretch] = []
        for (number, work) in works.enumerated() {
            for (place, range) in work.records.ranges.enumerated() {
                stretches.append(
                    Stretch(
                        records: range, work: number,
                        isLast: place == work.records.ranges.count - 1))
            }
        }
        return stretches.sorted { $0.records.lowerBound < $1.records.lowerBound }
    }
}
