// SPDX-License-Identifier: Apache-2.0
//
// The documents of a shard: where each begins in the shard's text, then a record of 48 bytes each.

import RetortJSON

/// The documents of one shard. A document occupies `length` symbols and a separator after them.
struct DocumentTable: Sendable {
    private static let recordSize = 48
    static let noLicence = UInt32.max

    private let file: MappedBytes
    /// The number of documents.
    let count: Int
    private let records: Int

    private struct Starts: @unchecked Sendable {
        // Safety: in a mapped file, which is never written.
        let first: UnsafePointer<UInt32>
    }
    private let starts: Starts

    /// - Parameters:
    ///   - textCount: Symbols of the shard's text, separators included.
    ///   - names: How many names there are; every index must be below.
    init(_ file: MappedBytes, count: Int, textCount: Int, names: Int, path: String)
        throws(ProvenanceError)
    {
        self.file = file
        self.count = count
        records = Self.recordsOffset(count)
        let (size, overflow) = count.multipliedReportingOverflow(by: Self.recordSize)
        guard !overflow, count > 0, file.count == records + size,
            let base = file.bytes.baseAddress
        else {
            throw Self.damaged(path)
        }
        starts = Starts(
            first: (base + IndexFileHeader.size).assumingMemoryBound(to: UInt32.self))
        guard starts.first[0] == 0, Int(starts.first[count]) == textCount else {
            throw Self.damaged(path)
        }
        for document in 0..<count {
            guard starts.first[document] < starts.first[document + 1],
                pathName(document) < names,
                licenceName(document).map({ $0 < names }) ?? true
            else { throw Self.damaged(path) }
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
                fromByteOffset: records + document * Self.recordSize, as: UInt64.self))
    }

    func pathName(_ document: Int) -> Int { Int(word(document, 8)) }

    func licenceName(_ document: Int) -> Int? {
        let index = word(document, 12)
        return index == Self.noLicence ? nil : Int(index)
    }

    func sha256(_ document: Int) -> String {
        let start = records + document * Self.recordSize + 16
        return String(hexadecimal: file.bytes[start..<start + 32])
    }

    private func word(_ document: Int, _ offset: Int) -> UInt32 {
        UInt32(
            littleEndian: file.bytes.loadUnaligned(
                fromByteOffset: records + document * Self.recordSize + offset, as: UInt32.self))
    }

    /// A document as it is written.
    struct Record {
        var start: UInt32
        var offset: UInt64
        var path: UInt32
        var licence: UInt32
        var sha256: [UInt8]
    }

    /// The file's content after the header.
    static func bytes(_ documents: [Record], textCount: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(recordsOffset(documents.count) + documents.count * recordSize)
        for document in documents { appendLittleEndian(document.start, to: &bytes) }
        appendLittleEndian(UInt32(textCount), to: &bytes)
        let padding = recordsOffset(documents.count) - IndexFileHeader.size - bytes.count
        bytes.append(contentsOf: repeatElement(0, count: padding))
        for document in documents {
            appendLittleEndian(document.offset, to: &bytes)
            appendLittleEndian(document.path, to: &bytes)
            appendLittleEndian(document.licence, to: &bytes)
            bytes.append(contentsOf: document.sha256)
        }
        return bytes
    }
}
