// SPDX-License-Identifier: Apache-2.0
//
// What is kept of each document: its names, its size and its shingles, on the disk, so that a corpus
// is read once and may be larger than the memory. Texts are not kept.

import Foundation

/// Names, sizes and shingles of documents, by number.
final class DocumentStore {
    struct Entry: Equatable {
        var nameOffset: Int
        var nameBytes: Int
        /// Of its title, which follows its name; 0 if it has none.
        var titleBytes: Int
        var shingleOffset: Int
        /// With repeats.
        var shingles: Int
        var bytes: Int
        /// Documents of the least rank are kept first.
        var rank: Int
        fileprivate static let fields = 7
    }

    private let entries: ScratchFile
    private let names: ScratchFile
    private let shingles: ScratchFile
    private(set) var count = 0
    /// The sets read last, as the same document is compared with several others.
    private var sets: [Int: [UInt64]] = [:]
    private var setElements = 0
    private let mostSetElements: Int

    init(in folder: URL, cacheBytes: Int) throws(ProvenanceError) {
        entries = try ScratchFile(in: folder)
        names = try ScratchFile(in: folder)
        shingles = try ScratchFile(in: folder)
        mostSetElements = cacheBytes / 8
    }

    func append(
        name: String, title: String?, rank: Int, bytes: Int, shingles hashes: [UInt64]
    ) throws(ProvenanceError) {
        let name = Array(name.utf8)
        let title = Array((title ?? "").utf8)
        try entries.append(
            [
                names.count, name.count, title.count, shingles.count, hashes.count, bytes,
                max(0, rank),
            ].map { UInt64($0) })
        try names.append(name)
        try names.append(title)
        try shingles.append(hashes)
        count += 1
    }

    func entry(_ document: Int) throws(ProvenanceError) -> Entry {
        var fields = [UInt64](repeating: 0, count: Entry.fields)
        try entries.read(at: document * Entry.fields * 8, into: &fields)
        return Entry(
            nameOffset: Int(fields[0]), nameBytes: Int(fields[1]), titleBytes: Int(fields[2]),
            shingleOffset: Int(fields[3]), shingles: Int(fields[4]), bytes: Int(fields[5]),
            rank: Int(fields[6]))
    }

    func name(_ entry: Entry) throws(ProvenanceError) -> String {
        try text(entry.nameOffset, entry.nameBytes)
    }

    func title(_ entry: Entry) throws(ProvenanceError) -> String? {
        guard entry.titleBytes > 0 else { return nil }
        return try text(entry.nameOffset + entry.nameBytes, entry.titleBytes)
    }

    private func text(_ offset: Int, _ count: Int) throws(ProvenanceError) -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        try names.read(at: offset, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The document's different shingles in order.
    func set(_ document: Int) throws(ProvenanceError) -> [UInt64] {
        if let set = sets[document] { return set }
        let entry = try entry(document)
        var hashes = [UInt64](repeating: 0, count: entry.shingles)
        try shingles.read(at: entry.shingleOffset, into: &hashes)
        let set = Self.distinct(hashes)
        // What it holds, which for a text that repeats itself is more than what is in it.
        if setElements + set.capacity > mostSetElements {
            sets.removeAll(keepingCapacity: true)
            setElements = 0
        }
        sets[document] = set
        setElements += set.capacity
        return set
    }

    static func distinct(_ hashes: [UInt64]) -> [UInt64] {
        var sorted = hashes
        sorted.sort()
        var count = 0
        for hash in sorted where count == 0 || sorted[count - 1] != hash {
            sorted[count] = hash
            count += 1
        }
        sorted.removeSubrange(count...)
        return sorted
    }

    /// Shared elements over all elements of two sets in order; 0 for two empty ones.
    static func jaccard(_ a: [UInt64], _ b: [UInt64]) -> Double {
        var (i, j, shared) = (0, 0, 0)
        while i < a.count, j < b.count {
            if a[i] == b[j] {
                shared += 1
                i += 1
                j += 1
            } else if a[i] < b[j] {
                i += 1
            } else {
                j += 1
            }
        }
        let all = a.count + b.count - shared
        return all == 0 ? 0 : Double(shared) / Double(all)
    }
}
