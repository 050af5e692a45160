// SPDX-License-Identifier: Apache-2.0
//
// The open index. What is read from disk is read by the page as queries touch it, so that opening costs
// the same for a megabyte as for a terabyte and several processes share the memory.

import Crypto
import Foundation
import RetortJSON

/// Exact counts, places and sources of texts in a corpus.
///
/// A match lies inside one document; overlapping ones all count.
public final class CorpusIndex: Sendable {
    public let unit: IndexUnit
    let shards: [IndexShard]
    private let names: NameTable
    private let folder: String
    private let manifest: IndexManifest

    /// Opens the index at `path` and checks the manifest's checksum, all headers and sizes and the tables of
    /// documents and names. ``verify()`` reads everything.
    /// - Throws: ``ProvenanceError`` if there is none or if it is damaged.
    public init(path: String) throws(ProvenanceError) {
        let manifest = try Self.manifest(path)
        let folder = "\(path)/\(manifest.generation)"
        let namesPath = "\(folder)/\(IndexFileKind.names.fileName(shard: 0))"
        names = try NameTable(
            IndexFileHeader.open(
                namesPath, .names, shard: 0, count: manifest.names, record: manifest.namesFile),
            count: manifest.names, path: namesPath)
        var shards: [IndexShard] = []
        var documents = 0
        for (number, shard) in manifest.shards.enumerated() {
            shards.append(
                try IndexShard(
                    folder: folder, number: number, manifest: shard, names: manifest.names,
                    firstDocument: documents))
            documents += shard.documents
        }
        self.shards = shards
        self.manifest = manifest
        self.folder = folder
        unit = manifest.unit
    }

    static func manifest(_ path: String) throws(ProvenanceError) -> IndexManifest {
        let file = "\(path)/\(IndexManifest.fileName)"
        guard FileManager.default.fileExists(atPath: file) else {
            throw ProvenanceError(
                "\(path) has no corpus index (\(IndexManifest.fileName) is missing); "
                    + "build one, or name the folder that has it")
        }
        let bytes = try MappedBytes(path: file)
        return try withExtendedLifetime(bytes) { () throws(ProvenanceError) in
            try IndexManifest(parsing: bytes.bytes, path: file)
        }
    }

    public var documentCount: Int { manifest.shards.reduce(0) { $0 + $1.documents } }
    /// Bytes, or tokens.
    public var symbolCount: Int { manifest.shards.reduce(0) { $0 + $1.symbols } }
    public var shardCount: Int { shards.count }

    /// Document number `number`, or nil if there are not so many.
    public func document(_ number: Int) -> IndexedDocument? {
        guard let (shard, local) = locate(number) else { return nil }
        return IndexedDocument(
            number: number,
            source: CorpusDocument(
                path: names[shard.documents.pathName(local)],
                offset: Int(clamping: shard.documents.offset(local)),
                licence: shard.documents.licenceName(local).map { names[$0] },
                name: shard.documents.title(local)),
            length: shard.documents.length(local), sha256: shard.documents.sha256(local))
    }

    func locate(_ number: Int) -> (shard: IndexShard, document: Int)? {
        guard number >= 0,
            let shard = shards.last(where: { $0.firstDocument <= number }),
            number - shard.firstDocument < shard.manifest.documents
        else { return nil }
        return (shard, number - shard.firstDocument)
    }

    /// The values of a part of a document: bytes, or token ids. What of `range` is outside is left out.
    public func values(_ range: Range<Int>, ofDocument number: Int) throws(ProvenanceError)
        -> [UInt32]
    {
        guard let (shard, document) = locate(number) else { return [] }
        let clamped = range.clamped(to: 0..<shard.documents.length(document))
        let start = shard.documents.start(document)
        return try shard.perform(
            ReadWork(shard: shard, range: start + clamped.lowerBound..<start + clamped.upperBound))
            ?? []
    }

    private struct ReadWork: IndexShard.Work {
        let shard: IndexShard
        let range: Range<Int>

        func run<Symbol: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
            _ search: ShardSearch<Symbol>
        ) throws(ProvenanceError) -> [UInt32] {
            var values: [UInt32] = []
            values.reserveCapacity(range.count)
            for position in range {
                guard let value = shard.value(Int(search.text[position])) else {
                    throw ProvenanceError("the index is damaged: a document has a separator")
                }
                values.append(value)
            }
            return values
        }
    }

    /// Reads every file and compares its SHA-256 with the manifest's.
    /// - Throws: ``ProvenanceError`` that names the first file that was altered.
    public func verify() throws(ProvenanceError) {
        var files = [(IndexFileKind.names.fileName(shard: 0), manifest.namesFile)]
        for (number, shard) in manifest.shards.enumerated() {
            for (kind, record) in zip(IndexManifest.shardFiles, shard.files) {
                files.append((kind.fileName(shard: number), record))
            }
        }
        for (name, record) in files {
            let path = "\(folder)/\(name)"
            let file = try MappedBytes(path: path)
            let hash = String(hexadecimal: SHA256.hash(data: file.bytes))
            guard file.count == record.bytes, hash == record.sha256 else {
                throw ProvenanceError(
                    "\(path) was altered: its SHA-256 is \(hash) and the manifest says "
                        + "\(record.sha256); build the index again")
            }
        }
    }

    func check(_ query: CorpusQuery) throws(ProvenanceError) {
        guard query.unit == unit else {
            throw ProvenanceError(
                "this index is of \(unit.rawValue) and the query is of \(query.unit.rawValue)")
        }
        guard query.count > 0 else {
            throw ProvenanceError("an empty text is everywhere; give one to look for")
        }
    }
}
