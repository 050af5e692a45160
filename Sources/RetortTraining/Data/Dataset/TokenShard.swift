// SPDX-License-Identifier: Apache-2.0
//
// The header and the offsets are checked when a shard is opened. Its hash and its tokens are read
// as a whole once, before the first document is.

import Foundation
import RetortFormats

/// The documents of one file, or of memory.
final class TokenShard: @unchecked Sendable {
    // Safety: the bytes are never written after init; `isVerified` is touched under the lock.
    let name: String
    let documentCount: Int
    let tokenCount: Int
    let vocabularySize: Int
    let tokenizerSHA256: String?
    private let offsets: UnsafeRawBufferPointer
    private let tokens: UnsafeRawBufferPointer
    private let isWide: Bool
    private let mask: UnsafeRawBufferPointer?
    private let owner: MappedFile
    /// SHA-256 of the file, or of its data where no manifest tells the file's.
    private let expected: (sha256: String, isOfFile: Bool)?
    private let lock = NSLock()
    private var isVerified = false

    /// Opens a file.
    /// - Parameters:
    ///   - file: The shard.
    ///   - entry: What the manifest says; nil for a shard by itself.
    ///   - checksHash: Whether the data's hash counts where there is no manifest.
    init(_ file: MappedFile, entry: DatasetManifest.Shard?, checksHash: Bool = true)
        throws(TrainingError)
    {
        name = file.path
        owner = file
        if let entry, entry.byteCount != file.count {
            throw TrainingError(
                "\(file.path) has \(file.count) bytes, the dataset says \(entry.byteCount); it is cut short or was replaced"
            )
        }
        let tensors: (offsets: IntegerTensor, tokens: IntegerTensor, mask: IntegerTensor?)
        let fields: Metadata
        do throws(FormatError) {
            let container = try SafetensorsFile(file)
            fields = Metadata(path: file.path, pairs: container.metadata)
            tensors = (
                try container.integers("offsets"), try container.integers("tokens"),
                container.contains("mask") ? try container.integers("mask") : nil
            )
        } catch {
            throw TrainingError("\(error)")
        }
        try fields.expect("format", ShardBuffer.format)
        try fields.expect("version", ShardBuffer.version)
        vocabularySize = try fields.count("vocab_size")
        tokenizerSHA256 = try fields.sha256("tokenizer_sha256")
        documentCount = try fields.count("documents")
        tokenCount = try fields.count("tokens")
        if let entry {
            expected = (entry.sha256, true)
        } else {
            expected = checksHash ? (try fields.sha256("data_sha256"), false) : nil
        }
        offsets = tensors.offsets.bytes
        tokens = tensors.tokens.bytes
        mask = tensors.mask?.bytes
        isWide = tensors.tokens.type != .u16
        let shapes = [tensors.offsets.shape, tensors.tokens.shape, tensors.mask?.shape]
        guard tensors.offsets.type == .i64, [.u16, .i32, .u32].contains(tensors.tokens.type),
            tensors.mask?.type ?? .u8 == .u8, shapes[0] == [documentCount + 1],
            shapes[1] == [tokenCount], shapes[2] ?? [tokenCount] == [tokenCount],
            entry?.documents ?? documentCount == documentCount,
            entry?.tokens ?? tokenCount == tokenCount
        else {
            throw TrainingError(
                "\(file.path): the types, shapes and counts do not agree (offsets I64 [documents + 1], tokens U16 or I32 [tokens], mask U8 [tokens] were expected); the file is damaged"
            )
        }
        try checkOffsets()
    }

    /// Takes collected documents; nothing is left to verify.
    init(memory buffer: ShardBuffer, vocabularySize: Int) {
        name = "memory"
        self.vocabularySize = vocabularySize
        tokenizerSHA256 = nil
        documentCount = buffer.documentCount
        tokenCount = buffer.tokenCount
        isWide = buffer.isWide
        let (bytes, sizes) = buffer.withTensors { tensors in
            (tensors.flatMap { Array($0.bytes) }, tensors.map(\.bytes.count))
        }
        owner = MappedFile(bytes: bytes, name: name)
        let file = owner.bytes
        offsets = .init(rebasing: file[..<sizes[0]])
        tokens = .init(rebasing: file[sizes[0]..<sizes[0] + sizes[1]])
        mask = sizes.count > 2 ? .init(rebasing: file[(sizes[0] + sizes[1])...]) : nil
        expected = nil
        isVerified = true
    }

    private func checkOffsets() throws(TrainingError) {
        var previous = 0
        for document in 0...documentCount {
            let offset = start(of: document)
            guard document > 0 ? offset >= previous : offset == 0, offset <= tokenCount else {
                throw TrainingError(
                    "\(name): document \(document) should start at token \(offset) of \(tokenCount), the one before at \(previous); the file is damaged"
                )
            }
            previous = offset
        }
        guard previous == tokenCount else {
            throw TrainingError(
                "\(name): the documents end at token \(previous), there are \(tokenCount); the file is damaged"
            )
        }
    }

    /// Where a document starts among the shard's tokens. `document` must be in `0...documentCount`.
    @inline(__always) func start(of document: Int) -> Int {
        Int(
            truncatingIfNeeded: Int64(
                littleEndian: offsets.loadUnaligned(
                    fromByteOffset: 8 * document, as: Int64.self)))
    }

    func length(of document: Int) -> Int { start(of: document + 1) - start(of: document) }

    /// A document of the shard, valid as long as the shard lives.
    /// - Throws: ``TrainingError`` if the shard is damaged.
    func document(_ index: Int) throws(TrainingError) -> DocumentView {
        try verify()
        let range = start(of: index)..<start(of: index + 1)
        let width = isWide ? 4 : 2
        return DocumentView(
            count: range.count, isWide: isWide,
            tokens: .init(
                rebasing: tokens[range.lowerBound * width..<range.upperBound * width]),
            mask: mask.map { .init(rebasing: $0[range]) })
    }

    /// Reads the whole shard once.
    /// - Throws: ``TrainingError`` if its hash, a token or a flag is wrong.
    func verify() throws(TrainingError) {
        lock.lock()
        defer { lock.unlock() }
        guard !isVerified else { return }
        defer { withExtendedLifetime(owner) {} }
        if let expected {
            let parts =
                expected.isOfFile ? [owner.bytes] : [offsets, tokens] + (mask.map { [$0] } ?? [])
            guard DataDigest.hex(parts) == expected.sha256 else {
                throw TrainingError(
                    "\(name): the SHA-256 is not the one that the \(expected.isOfFile ? "dataset" : "header") says; the file is damaged, copy it or make the dataset again"
                )
            }
        }
        let all = DocumentView(count: tokenCount, isWide: isWide, tokens: tokens, mask: mask)
        if let place = all.firstToken(outside: vocabularySize) {
            throw TrainingError(
                "\(name): token \(place) has the id \(all[place]), the vocabulary \(vocabularySize) tokens; the file is damaged or belongs to another tokenizer"
            )
        }
        if let place = mask?.firstIndex(where: { $0 > 1 }) {
            throw TrainingError(
                "\(name): the mask of token \(place) is neither 0 nor 1; the file is damaged")
        }
        isVerified = true
    }
}

/// The `__metadata__` of a shard.
private struct Metadata {
    let path: String
    let pairs: [(key: String, value: String)]

    init(path: String, pairs: [(key: String, value: String)]) {
        self.path = path
        self.pairs = pairs
    }

    private subscript(key: String) -> String? { pairs.last { $0.key == key }?.value }

    func expect(_ key: String, _ value: String) throws(TrainingError) {
        guard self[key] == value else {
            throw TrainingError(
                "\(path) is no shard of tokens that this version reads: \(key) is \(self[key] ?? "missing"), \(value) was expected"
            )
        }
    }

    /// Small enough that sums and products with the size of a token do not overflow.
    func count(_ key: String) throws(TrainingError) -> Int {
        guard let count = self[key].flatMap({ Int($0) }), count >= 0, count < 1 << 42 else {
            throw TrainingError("\(path): \(key) in __metadata__ is no count")
        }
        return count
    }

    func sha256(_ key: String) throws(TrainingError) -> String {
        guard let text = self[key], DataDigest.isValid(text) else {
            throw TrainingError("\(path): \(key) in __metadata__ is no SHA-256")
        }
        return text
    }
}
