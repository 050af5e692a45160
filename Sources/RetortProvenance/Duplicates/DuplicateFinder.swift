// SPDX-License-Identifier: Apache-2.0
//
// Near-duplicates of a corpus that is read once and may be larger than the memory: the keys of the
// bands are sorted on the disk, neighbours with one key are candidates, candidates are sorted and
// their sets of shingles compared exactly. The same documents in the same order give the same
// report, whatever the memory.

import Foundation

/// Finds the documents of a corpus that nearly repeat others.
///
/// ```swift
/// let finder = try DuplicateFinder(DuplicateSettings())
/// for document in corpus { try finder.add(document.text, name: document.name) }
/// let report = try finder.finish()
/// ```
/// Disk: 8 bytes for each word and 16 for each band of each document, in files without names.
public final class DuplicateFinder {
    public let settings: DuplicateSettings
    private let hasher: MinHasher
    private let shingler: ShingleHasher
    private let folder: URL
    private let store: DocumentStore
    private let buckets: PairSorter
    private var bytes = 0
    private var documentsWithoutWords = 0
    // Kept from document to document for their memory.
    private var words: [UInt64] = []
    private var shingles: [UInt64] = []
    private var scratch: [UInt32] = []
    private var signature: [UInt32] = []
    private var keys: [UInt64] = []
    /// The numbers of the documents that ``finish()`` found to be removable, in order.
    public private(set) var removable: [Int] = []

    /// - Parameter workspace: Where scratch files go; nil for the system's temporary folder.
    /// - Throws: ``ProvenanceError`` for settings out of range or a folder that cannot be written.
    public init(_ settings: DuplicateSettings = .init(), workspace: URL? = nil)
        throws(ProvenanceError)
    {
        try settings.validate()
        self.settings = settings
        hasher = try MinHasher(bands: settings.bands, rows: settings.rows, seed: settings.seed)
        shingler = ShingleHasher(length: settings.shingleWords)
        folder = workspace ?? FileManager.default.temporaryDirectory
        store = try DocumentStore(in: folder, cacheBytes: settings.memoryBytes / 4)
        buckets = PairSorter(memoryBytes: settings.memoryBytes / 2, folder: folder)
    }

    /// Documents so far.
    public var documents: Int { store.count }

    /// - Parameters:
    ///   - name: What the report calls it: a path, a path and a line.
    ///   - title: What it calls itself, if it does.
    ///   - rank: Of a cluster's documents, one of the least rank is kept.
    /// - Throws: ``ProvenanceError`` if the scratch files cannot grow, or after 2^32 documents.
    public func add(_ text: String, name: String, title: String? = nil, rank: Int = 0)
        throws(ProvenanceError)
    {
        var text = text
        var failure: ProvenanceError?
        text.withUTF8 { bytes in
            do throws(ProvenanceError) {
                try add(bytes, name: name, title: title, rank: rank)
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// - Parameter text: UTF-8; what is not separates words.
    public func add(
        _ text: UnsafeBufferPointer<UInt8>, name: String, title: String? = nil, rank: Int = 0
    ) throws(ProvenanceError) {
        guard store.count < Int(UInt32.max) else {
            throw ProvenanceError(
                "\(store.count) documents", expected: "fewer", advice: "split the corpus")
        }
        words.removeAll(keepingCapacity: true)
        shingles.removeAll(keepingCapacity: true)
        NormalizedWords.append(hashesOf: text, to: &words)
        shingler.append(words, to: &shingles)
        bytes += text.count
        if shingles.isEmpty {
            documentsWithoutWords += 1
        } else {
            hasher.signature(shingles, &scratch, into: &signature)
            keys.removeAll(keepingCapacity: true)
            hasher.appendKeys(signature, to: &keys)
            for key in keys { try buckets.append(key, UInt64(store.count)) }
        }
        try store.append(
            name: name, title: title, rank: rank, bytes: text.count, shingles: shingles)
    }

    /// Whether a document of this name and size was added as number `document`.
    func has(_ document: Int, name: String, bytes: Int) throws(ProvenanceError) -> Bool {
        guard document < store.count else { return false }
        let entry = try store.entry(document)
        guard entry.bytes == bytes else { return false }
        return try store.name(entry) == name
    }

    /// Compares the documents. Further calls find none.
    /// - Throws: ``ProvenanceError`` if the scratch files fail.
    public func finish() throws -> DuplicateReport {
        let candidates = PairSorter(memoryBytes: settings.memoryBytes / 4, folder: folder)
        let crowdedBuckets = try collect(into: candidates)
        var sets = DisjointSets(count: store.count)
        var report = DuplicateReport(
            settings: settings, documents: store.count, bytes: bytes,
            documentsWithoutWords: documentsWithoutWords, candidatePairs: 0, duplicatePairs: 0,
            crowdedBuckets: crowdedBuckets, removableDocuments: 0, removableBytes: 0, clusters: [],
            pairs: [])
        var last: PairSorter.Pair?
        try candidates.drain { pair in
            // A pair may share several bands.
            if pair == last { return }
            last = pair
            report.candidatePairs += 1
            let (first, second) = (Int(pair.key), Int(pair.value))
            let similarity = DocumentStore.jaccard(try store.set(first), try store.set(second))
            guard similarity >= settings.similarity else { return }
            report.duplicatePairs += 1
            sets.join(first, second)
            if report.pairs.count < settings.reportedPairs {
                report.pairs.append(
                    DuplicatePair(
                        first: try store.name(store.entry(first)),
                        second: try store.name(store.entry(second)), similarity: similarity))
            }
        }
        try addClusters(&sets, to: &report)
        return report
    }

    /// - Returns: Buckets with more documents than are compared.
    private func collect(into candidates: PairSorter) throws -> Int {
        var key: UInt64?
        var bucket: [UInt64] = []
        var crowded = 0
        var isCrowded = false
        try buckets.drain { pair in
            if pair.key != key {
                key = pair.key
                bucket.removeAll(keepingCapacity: true)
                isCrowded = false
            }
            for earlier in bucket { try candidates.append(earlier, pair.value) }
            if bucket.count == settings.bucketNeighbours {
                bucket.removeFirst()
                if !isCrowded { crowded += 1 }
                isCrowded = true
            }
            bucket.append(pair.value)
        }
        return crowded
    }

    private func addClusters(_ sets: inout DisjointSets, to report: inout DuplicateReport)
        throws(ProvenanceError)
    {
        var members: [Int: [Int]] = [:]
        for document in 0..<store.count {
            let root = sets.root(of: document)
            if root != document { members[root, default: [root]].append(document) }
        }
        for (_, documents) in members.sorted(by: { $0.key < $1.key }) {
            var entries: [DocumentStore.Entry] = []
            for document in documents { entries.append(try store.entry(document)) }
            var kept = 0
            for place in entries.indices where isBetter(entries[place], than: entries[kept]) {
                kept = place
            }
            var cluster = DuplicateCluster(
                keep: try store.name(entries[kept]), remove: [], removableBytes: 0)
            var names: [String: String] = [:]
            for (place, entry) in entries.enumerated() {
                let name = try store.name(entry)
                if let title = try store.title(entry) { names[name] = title }
                guard place != kept else { continue }
                removable.append(documents[place])
                cluster.remove.append(name)
                cluster.removableBytes += entry.bytes
            }
            if !names.isEmpty { cluster.names = names }
            report.removableDocuments += cluster.remove.count
            report.removableBytes += cluster.removableBytes
            report.clusters.append(cluster)
        }
        removable.sort()
    }

    private func isBetter(_ entry: DocumentStore.Entry, than kept: DocumentStore.Entry) -> Bool {
        entry.rank < kept.rank
            || entry.rank == kept.rank && settings.keep == .longest && entry.bytes > kept.bytes
    }
}
