// SPDX-License-Identifier: Apache-2.0

import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Collects the documents of one shard, sorts their suffixes and writes the files.
struct ShardBuilder {
    private let rawWidth: Int
    private let raw: MappedBytes
    /// The suffix array, kept from shard to shard: fresh memory has to be cleared by the system.
    private var array: MappedBytes?
    private(set) var count = 0
    private(set) var documents: [DocumentTable.Record] = []
    private var ends: [Int] = []
    /// The documents' own names.
    private var titles: [UInt8] = []
    /// The most symbols, separators included.
    let capacity: Int

    /// - Parameter rawWidth: 1 for bytes, 4 for token ids.
    init(rawWidth: Int, capacity: Int) throws(ProvenanceError) {
        self.rawWidth = rawWidth
        self.capacity = capacity
        raw = try MappedBytes(zeroed: capacity * rawWidth + ShardText.padding)
    }

    /// Bytes of memory at the peak for each symbol: the raw text, 4 for the suffix array, and what the sort
    /// and the table of prefixes take beside them for a while.
    static func memoryPerSymbol(rawWidth: Int) -> Int { rawWidth + 5 }

    /// What the record of a document takes, in memory and once more as it is written.
    private static let memoryPerDocument = 224

    /// Records count as symbols do, so that many short documents do not take more memory than one long.
    func hasRoom(for symbols: Int) -> Bool {
        let records = documents.count * Self.memoryPerDocument + 3 * titles.count
        return symbols < capacity - count - records / Self.memoryPerSymbol(rawWidth: rawWidth)
    }

    /// - Precondition: There is room, or no document.
    mutating func append(
        _ symbols: UnsafeRawBufferPointer, _ record: DocumentTable.Record, title: String?
    ) {
        let start = count
        var record = record
        record.start = UInt32(start)
        if let title { titles.append(contentsOf: title.utf8) }
        record.titleEnd = UInt64(titles.count)
        if let target = raw.mutableBytes.baseAddress, let source = symbols.baseAddress {
            (target + start * rawWidth).copyMemory(from: source, byteCount: symbols.count)
        }
        count += symbols.count / rawWidth
        ends.append(count)
        count += 1
        documents.append(record)
    }

    /// Forgets the documents, to begin the next shard.
    mutating func removeAll() {
        count = 0
        documents.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        titles.removeAll(keepingCapacity: true)
    }

    /// Writes the shard's files into `folder`.
    mutating func write(to folder: String, shard: Int) throws(ProvenanceError)
        -> IndexManifest.Shard
    {
        let text = try ShardText(raw: raw, count: count, rawWidth: rawWidth, ends: ends)
        switch text.width {
        case 1: return try write(text, UInt8.self, to: folder, shard: shard)
        case 2: return try write(text, UInt16.self, to: folder, shard: shard)
        default: return try write(text, UInt32.self, to: folder, shard: shard)
        }
    }

    private mutating func write<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
        _ text: ShardText, _: Symbol.Type, to folder: String, shard: Int
    ) throws(ProvenanceError) -> IndexManifest.Shard {
        let symbols = count - documents.count
        let order = LookupTable.order(
            alphabet: text.alphabet.count, suffixes: symbols, width: text.width)
        if array?.count ?? 0 < 4 * count {
            // The old one goes first.
            array = nil
            array = try MappedBytes(zeroed: 4 * count)
        }
        guard let array else { throw ProvenanceError("there is no memory for the suffix array") }
        let sorted = array.bind(Int32.self, count: count)
        let numbered = UnsafeBufferPointer(text.memory.bind(Symbol.self, count: count))
        SuffixSorter.sort(numbered, alphabet: text.alphabet.count + 1, into: sorted)
        // The separators are smaller than all and nobody looks for them.
        let suffixes = UnsafeBufferPointer(rebasing: sorted[documents.count...])

        var files: [IndexFileRecord] = []
        for kind in IndexManifest.shardFiles {
            var writer = try IndexFileWriter(
                folder + "/" + kind.fileName(shard: shard), kind, shard: shard,
                count: kind == .documents ? documents.count : symbols)
            switch kind {
            case .text:
                try writer.append(
                    UnsafeRawBufferPointer(
                        rebasing: text.memory.bytes[..<(count * text.width + ShardText.padding)]))
            case .suffixes:
                try writer.append(UnsafeRawBufferPointer(suffixes))
            case .lookup:
                try LookupTable.write(
                    numbered, alphabet: text.alphabet, order: order, suffixes: suffixes, to: &writer
                )
            case .documents:
                try writer.append(
                    DocumentTable.bytes(documents, titles: titles, textCount: count))
            case .names: break
            }
            files.append(try writer.finish())
        }
        return IndexManifest.Shard(
            symbols: symbols, documents: documents.count, width: text.width,
            alphabet: text.alphabet.count, order: order, hasTitles: !titles.isEmpty, files: files)
    }
}
