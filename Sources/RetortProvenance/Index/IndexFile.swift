// SPDX-License-Identifier: Apache-2.0
//
// The files of an index: a header of 64 bytes (magic, kind, shard, count), then little-endian values. Each
// is hashed while it is written; the manifest keeps size and hash.

import Crypto
import Foundation
import RetortJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a file of an index holds.
enum IndexFileKind: UInt32, CaseIterable {
    case text = 1
    case suffixes = 2
    case lookup = 3
    case documents = 4
    case names = 5

    /// The file's name in the folder of its generation; names are shared by all shards.
    func fileName(shard: Int) -> String {
        let digits = String(shard)
        let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        switch self {
        case .text: return "\(number).text"
        case .suffixes: return "\(number).suffixes"
        case .lookup: return "\(number).lookup"
        case .documents: return "\(number).documents"
        case .names: return "names"
        }
    }
}

/// Size and hash of a file as the manifest states them.
struct IndexFileRecord: Equatable, Sendable {
    /// Header included.
    var bytes: Int
    /// SHA-256 in lower-case hexadecimal digits.
    var sha256: String

    var json: JSONValue { ["bytes": .integer(Int64(bytes)), "sha256": .string(sha256)] }
}

enum IndexFileHeader {
    static let size = 64
    private static let magic: [UInt8] = Array("RTRTCIX1".utf8)

    static func bytes(_ kind: IndexFileKind, shard: Int, count: Int) -> [UInt8] {
        var header = magic
        appendLittleEndian(kind.rawValue, to: &header)
        appendLittleEndian(UInt32(shard), to: &header)
        appendLittleEndian(UInt64(count), to: &header)
        header.append(contentsOf: repeatElement(0, count: size - header.count))
        return header
    }

    /// Maps a file and checks its size and header.
    static func open(
        _ path: String, _ kind: IndexFileKind, shard: Int, count: Int, record: IndexFileRecord
    ) throws(ProvenanceError) -> MappedBytes {
        let file = try MappedBytes(path: path)
        guard file.count == record.bytes else {
            throw ProvenanceError(
                "\(path) has \(file.count) bytes and the manifest says \(record.bytes); "
                    + "the index is damaged: build it again")
        }
        guard file.count >= size, file.bytes.starts(with: bytes(kind, shard: shard, count: count))
        else {
            throw ProvenanceError(
                "\(path) does not begin as a file of this index does; "
                    + "the index is damaged: build it again")
        }
        return file
    }
}

func appendLittleEndian<Value: FixedWidthInteger>(_ value: Value, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
}

/// Writes a new file and hashes what it writes.
struct IndexFileWriter: ~Copyable {
    private let path: String
    private let descriptor: Int32
    private var hash = SHA256()
    private var written = 0
    private static let piece = 4 << 20

    init(_ path: String, _ kind: IndexFileKind, shard: Int, count: Int) throws(ProvenanceError) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ProvenanceError("cannot create \(path): \(systemError())")
        }
        try append(IndexFileHeader.bytes(kind, shard: shard, count: count))
    }

    deinit { close(descriptor) }

    mutating func append(_ bytes: [UInt8]) throws(ProvenanceError) {
        let failure = bytes.withUnsafeBytes { write($0) }
        if let failure { throw failure }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(ProvenanceError) {
        if let failure = write(bytes) { throw failure }
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) -> ProvenanceError? {
        var rest = bytes
        while !rest.isEmpty {
            // Hashed while it is still in the processor's cache.
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.piece))
            guard writeFully(descriptor, piece) else {
                return ProvenanceError(
                    "cannot write \(path): \(systemError()); the index that was there is unchanged")
            }
            hash.update(bufferPointer: piece)
            written += piece.count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
        }
        return nil
    }

    /// Waits until the disk has the file.
    mutating func finish() throws(ProvenanceError) -> IndexFileRecord {
        guard fsync(descriptor) == 0 else {
            throw ProvenanceError("cannot write \(path): \(systemError())")
        }
        return IndexFileRecord(bytes: written, sha256: String(hexadecimal: hash.finalize()))
    }
}
