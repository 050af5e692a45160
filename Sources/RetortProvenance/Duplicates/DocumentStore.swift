// SPDX-License-Identifier: Apache-2.0
//
// What is kept of each document: its name, its size and its shingles, on the disk, so that a corpus
// is read once and may be larger than the memory. Texts are not kept.

import Foundation

/// Names, sizes and shingles of documents, by number.
final class DocumentStore {
    struct Entry: Equatable {
        var nameOffset: Int
        var nameBytes: Int
        var shingleOffset: Int
        /// With repeats.
        var shingles: Int
        var bytes: Int
        fileprivate static let fields = 5
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

    func append(name: String, bytes: Int, shingles hashes: [UInt64]) throws(ProvenanceError) {
        let name = Array(name.utf8)
        try entries.append(
            [names.count, name.count, shingles.count, hashes.count, bytes].map { UInt64($0) })
        try names.append(name)
        try shingles.append(hashes)
        count += 1
    }

    func entry(_ document: Int) throws(ProvenanceError) -> Entry {
        var fields = [UInt64](repeating: 0, count: Entry.fields)
        try entries.read(at: document * Entry.fields * 8, into: &fields)
        return Entry(
            nameOffset: Int(fields[0]), nameBytes: Int(fields[1]), shingleOffset: Int(fields[2]),
            shingles: Int(fields[3]), bytes: Int(fields[4]))
    }

    func name(_ entry: Entry) throws(ProvenanceError) -> String {
        var bytes = [UInt8](repeating: 0, count: entry.nameBytes)
        try names.read(at: entry.nameOffset, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The document's different shingles in order.
    func set(_ document: Int) throws(ProvenanceError) -> [UInt64] {
        if let set = sets[document] { return set }
        let entry = try entry(document)
        var hashes = [UInt64](repeating: 0, count: entry.shingles)
        try shingles.read(at: entry.shingleOffset, into: &hashes)
        let set = Self.distinct(hashes)
        if setElements + set.count > mostSetElements {
            sets.removeAll(keepingCapacity: true)
            setElements = 0
        }
        sets[document] = set
        setElements += set.count
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
