// SPDX-License-Identifier: Apache-2.0
//
// The documents of a shard: where each begins in the shard's text, then a record of 48 bytes each. If
// any has a name of its own, records have 8 bytes more, the end of its name, and the names follow. These
// are not in the table of names, which a build keeps in memory: hardly two documents share one.

import RetortJSON

/// The documents of one shard. A document occupies `length` symbols and a separator after them.
struct DocumentTable: Sendable {
    private static let shortRecordSize = 48
    private static let longRecordSize = 56
    static let noLicence = UInt32.max

    private let file: MappedBytes
    /// The number of documents.
    let count: Int
    private let records: Int
    private let recordSize: Int
    /// Where the names of the documents begin; nil if there are none.
    private let titles: Int?

    private struct Starts: @unchecked Sendable {
        // Safety: in a mapped file, which is never written.
        let first: UnsafePointer<UInt32>
    }
    private let starts: Starts

    /// - Parameters:
    ///   - textCount: Symbols of the shard's text, separators included.
    ///   - names: How many names there are; every index must be below.
    ///   - hasTitles: Whether documents have names of their own.
    init(
        _ file: MappedBytes, count: Int, textCount: Int, names: Int, hasTitles: Bool, path: String
    ) throws(ProvenanceError) {
        self.file = file
        self.count = count
        records = Self.recordsOffset(count)
        recordSize = hasTitles ? Self.longRecordSize : Self.shortRecordSize
        let (size, overflow) = count.multipliedReportingOverflow(by: recordSize)
        guard !overflow, count > 0, let base = file.bytes.baseAddress,
            hasTitles ? file.count - records >= size : file.count - records == size
        else {
            throw Self.damaged(path)
        }
        titles = hasTitles ? records + size : nil
        starts = Starts(
            first: (base + IndexFileHeader.size).assumingMemoryBound(to: UInt32.self))
        guard starts.first[0] == 0, Int(starts.first[count]) == textCount else {
            throw Self.damaged(path)
        }
        for document in 0..<count {
            guard starts.first[document] < starts.first[document + 1],
                pathName(document) < names,
                licenceName(document).map({ $0 < names }) ?? true,
                titleEnd(document - 1) <= titleEnd(document)
            else { throw Self.damaged(path) }
        }
        guard titles.map({ titleEnd(count - 1) == UInt64(file.count - $0) }) ?? true else {
            throw Self.damaged(path)
        }
    }

    private static func damaged(_ path: String) -> ProvenanceError {
        ProvenanceError("\(path) is not a table of documents; the index is damaged: build it again")
    }

    private static func recordsOffset(_ count: Int) -> Int {
        (IndexFileHeader.size + 4 * (count + 1) + 7) & ~7
    }

    func start(_ document: Int) -> Int { Int(starts.first[document]) }
    func length(_ document: Int) -> Int { start(document + 1) - start(document) - 1 }

    /// The document that the symbol at `position` is in.
    func document(at position: Int) -> Int {
        var low = 0
        var high = count
        while high - low > 1 {
            let middle = (low + high) >> 1
            if Int(starts.first[middle]) <= position { low = middle } else { high = middle }
        }
        return low
    }

    func offset(_ document: Int) -> UInt64 {
        UInt64(
            littleEndian: file.bytes.loadUnaligned(
                fromByteOffset: records + document * recordSize, as: UInt64.self))
    }

    func pathName(_ document: Int) -> Int { Int(word(document, 8)) }

    func licenceName(_ document: Int) -> Int? {
        let index = word(document, 12)
        return index == Self.noLicence ? nil : Int(index)
    }

    func sha256(_ document: Int) -> String {
        let start = records + document * recordSize + 16
        return String(hexadecimal: file.bytes[start..<start + 32])
    }

    /// The document's own name.
    func title(_ document: Int) -> String? {
        guard let titles else { return nil }
        let (start, end) = (Int(titleEnd(document - 1)), Int(titleEnd(document)))
        guard start < end else { return nil }
        return String(decoding: file.bytes[titles + start..<titles + end], as: UTF8.self)
    }

    private func titleEnd(_ document: Int) -> UInt64 {
        guard titles != nil, document >= 0 else { return 0 }
        return UInt64(
            littleEndian: file.bytes.loadUnaligned(
                fromByteOffset: records + document * recordSize + 48, as: UInt64.self))
    }

    private func word(_ document: Int, _ offset: Int) -> UInt32 {
        UInt32(
            littleEndian: file.bytes.loadUnaligned(
                fromByteOffset: records + document * recordSize + offset, as: UInt32.self))
    }

    /// A document as it is written.
    struct Record {
        var start: UInt32
        var offset: UInt64
        var path: UInt32
        var licence: UInt32
        var sha256: [UInt8]
        /// Where its name ends among the names.
        var titleEnd: UInt64 = 0
    }

    /// The file's content after the header.
    /// - Parameter titles: The names of the documents, one behind the other.
    static func bytes(_ documents: [Record], titles: [UInt8], textCount: Int) -> [UInt8] {
        let recordSize = titles.isEmpty ? shortRecordSize : longRecordSize
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            recordsOffset(documents.count) + documents.count * recordSize + titles.count)
        for document in documents { appendLittleEndian(document.start, to: &bytes) }
        appendLittleEndian(UInt32(textCount), to: &bytes)
        let padding = recordsOffset(documents.count) - IndexFileHeader.size - bytes.count
        bytes.append(contentsOf: repeatElement(0, count: padding))
        for document in documents {
            appendLittleEndian(document.offset, to: &bytes)
            appendLittleEndian(document.path, to: &bytes)
            appendLittleEndian(document.licence, to: &bytes)
            bytes.append(contentsOf: document.sha256)
            if !titles.isEmpty { appendLittleEndian(document.titleEnd, to: &bytes) }
        }
        bytes += titles
        return bytes
    }
}
