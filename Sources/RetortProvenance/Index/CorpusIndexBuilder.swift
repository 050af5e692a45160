// SPDX-License-Identifier: Apache-2.0
//
// Builds an index beside the one that may be there. All files go into a folder of their own; the last step
// replaces the manifest, which names the folder. A build that fails or is killed leaves the old index as
// it was, and the next build removes what it left.

import Crypto
import Foundation
import RetortJSON

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Builds an index of documents, shard by shard.
public final class CorpusIndexBuilder {
    /// What a build is to look like.
    public struct Options: Sendable {
        public var unit: IndexUnit
        /// Bytes of memory that the build may take. A shard of text takes a sixth of it, of tokens a ninth of
        /// it in symbols; a document must fit into a shard. Paths and licences are kept beside it.
        public var memory: Int

        public init(unit: IndexUnit = .bytes, memory: Int = 1536 << 20) {
            self.unit = unit
            self.memory = memory
        }
    }

    /// What was built.
    public struct Summary: Equatable, Sendable {
        public var documents = 0
        /// Bytes or tokens.
        public var symbols = 0
        public var shards = 0
        /// Of all files of the index.
        public var bytesOnDisk = 0
    }

    private let folder: String
    private let options: Options
    private let lock: IndexLock
    private let generation: String
    private var shards: [IndexManifest.Shard] = []
    private var shard: ShardBuilder
    private var names: [String] = []
    private var nameIndices: [[UInt8]: UInt32] = [:]
    private var isFinished = false

    private var generationFolder: String { "\(folder)/\(generation)" }

    /// Starts to build the index at `path`, a folder that is made, empty, or has an index.
    /// - Throws: ``ProvenanceError`` if something else is there, or if another process builds there.
    public init(path: String, options: Options = Options()) throws(ProvenanceError) {
        let rawWidth = options.unit == .bytes ? 1 : 4
        let capacity = min(
            options.memory / ShardBuilder.memoryPerSymbol(rawWidth: rawWidth),
            SuffixSorter.maximumCount)
        guard capacity >= 1 << 10 else {
            throw ProvenanceError(
                "\(options.memory) bytes of memory are too few to build an index; give it 64 MiB")
        }
        self.options = options
        folder = path
        lock = try IndexLock(folder: path)
        try Self.removeLeftovers(path)
        generation = String(hexadecimal: (0..<8).map { _ in UInt8.random(in: 0...255) })
        shard = try ShardBuilder(rawWidth: rawWidth, capacity: capacity)
        guard mkdir("\(path)/\(generation)", 0o755) == 0 else {
            throw ProvenanceError("cannot create a folder in \(path): \(systemError())")
        }
    }

    deinit {
        if !isFinished { try? FileManager.default.removeItem(atPath: generationFolder) }
    }

    /// The longest document that fits, in bytes or tokens.
    public var longestDocument: Int { shard.capacity - 1 }

    /// Adds a document of an index of bytes.
    public func add(_ bytes: UnsafeRawBufferPointer, _ document: CorpusDocument)
        throws(ProvenanceError)
    {
        guard options.unit == .bytes else {
            throw ProvenanceError("this index is of tokens; bytes cannot be added to it")
        }
        try append(bytes, count: bytes.count, document)
    }

    /// Adds a document of an index of bytes.
    public func add(_ bytes: [UInt8], _ document: CorpusDocument) throws(ProvenanceError) {
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ProvenanceError) in try add(bytes, document) }
        }
        try result.get()
    }

    /// Adds a document of an index of tokens.
    /// - Parameter tokens: Ids below 16,777,216.
    public func add(tokens: [UInt32], _ document: CorpusDocument) throws(ProvenanceError) {
        guard options.unit == .tokens else {
            throw ProvenanceError("this index is of bytes; tokens cannot be added to it")
        }
        if let large = tokens.first(where: { $0 >= ShardText.tokenLimit }) {
            throw ProvenanceError(
                "\(document.path) has token \(large); ids must be below \(ShardText.tokenLimit)")
        }
        let values = tokens.map(\.littleEndian)
        let result = values.withUnsafeBytes { bytes in
            Result { () throws(ProvenanceError) in
                try append(bytes, count: tokens.count, document)
            }
        }
        try result.get()
    }

    private func append(
        _ symbols: UnsafeRawBufferPointer, count: Int, _ document: CorpusDocument
    ) throws(ProvenanceError) {
        if !shard.hasRoom(for: count) {
            guard count < shard.capacity else {
                throw ProvenanceError(
                    "\(document.path) has \(count) \(options.unit.rawValue) and a shard holds "
                        + "\(longestDocument); give the build more memory "
                        + "(\(ShardBuilder.memoryPerSymbol(rawWidth: symbols.count / count)) bytes for each)"
                )
            }
            try writeShard()
        }
        let record = DocumentTable.Record(
            start: 0, offset: UInt64(max(0, document.offset)), path: name(document.path),
            licence: document.licence.map(name) ?? DocumentTable.noLicence,
            sha256: Array(SHA256.hash(data: symbols)))
        shard.append(symbols, record, title: document.name)
    }

    private func name(_ name: String) -> UInt32 {
        // By bytes: Unicode-equal paths are different files.
        let key = Array(name.utf8)
        if let index = nameIndices[key] { return index }
        let index = UInt32(names.count)
        names.append(name)
        nameIndices[key] = index
        return index
    }

    private func writeShard() throws(ProvenanceError) {
        shards.append(try shard.write(to: generationFolder, shard: shards.count))
        shard.removeAll()
    }

    /// Writes what is left and puts the new index in the place of the old one.
    public func finish() throws(ProvenanceError) -> Summary {
        guard !isFinished else { throw ProvenanceError("the index is finished already") }
        if !shard.documents.isEmpty { try writeShard() }
        var writer = try IndexFileWriter(
            generationFolder + "/" + IndexFileKind.names.fileName(shard: 0), .names, shard: 0,
            count: names.count)
        try writer.append(NameTable.bytes(names))
        let manifest = IndexManifest(
            generation: generation, unit: options.unit, shards: shards, names: names.count,
            namesFile: try writer.finish())
        try IndexLock.replace(
            "\(folder)/\(IndexManifest.fileName)", with: Array(manifest.text.utf8))
        isFinished = true
        try Self.removeLeftovers(folder)
        return Summary(
            documents: shards.reduce(0) { $0 + $1.documents },
            symbols: shards.reduce(0) { $0 + $1.symbols }, shards: shards.count,
            bytesOnDisk: shards.reduce(manifest.namesFile.bytes) { sum, shard in
                shard.files.reduce(sum) { $0 + $1.bytes }
            })
    }

    /// Removes the folders of builds that were not finished or were replaced.
    private static func removeLeftovers(_ path: String) throws(ProvenanceError) {
        let kept = (try? CorpusIndex.manifest(path))?.generation
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for entry in entries where IndexManifest.isGeneration(entry) && entry != kept {
            do {
                try FileManager.default.removeItem(atPath: "\(path)/\(entry)")
            } catch {
                throw ProvenanceError("cannot remove \(path)/\(entry), left by an older build")
            }
        }
    }
}
