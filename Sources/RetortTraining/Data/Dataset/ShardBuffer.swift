// SPDX-License-Identifier: Apache-2.0
//
// A shard is collected in memory because its header, which comes first, holds the hash of all data.

import RetortFormats

/// The documents of one shard while they are collected.
struct ShardBuffer {
    static let format = "retort-tokens"
    static let version = "1"

    /// Whether ids take 32 bits instead of 16.
    let isWide: Bool
    private var narrow: [UInt16] = []
    private var wide: [Int32] = []
    private var offsets: [Int64] = [0]
    /// By token; empty as long as all are trained.
    private var mask: [UInt8] = []

    init(vocabularySize: Int) { isWide = vocabularySize > 1 << 16 }

    var documentCount: Int { offsets.count - 1 }
    var tokenCount: Int { isWide ? wide.count : narrow.count }

    /// Adds a document; the ids are those of the vocabulary, as many flags as ids.
    mutating func append(_ tokens: [Int32], trained: [Bool]?) {
        if let trained {
            if mask.isEmpty { mask = [UInt8](repeating: 1, count: tokenCount) }
            for flag in trained { mask.append(flag ? 1 : 0) }
        } else if !mask.isEmpty {
            mask.append(contentsOf: repeatElement(1, count: tokens.count))
        }
        if isWide {
            wide.append(contentsOf: tokens)
        } else {
            for token in tokens { narrow.append(UInt16(truncatingIfNeeded: token)) }
        }
        offsets.append(Int64(tokenCount))
    }

    mutating func removeAll() {
        narrow.removeAll(keepingCapacity: true)
        wide.removeAll(keepingCapacity: true)
        offsets.removeAll(keepingCapacity: true)
        offsets.append(0)
        mask.removeAll(keepingCapacity: true)
    }

    /// The tensors, widest type first. Valid inside `body`.
    func withTensors<R>(_ body: ([IntegerTensor]) -> R) -> R {
        offsets.withUnsafeBytes { offsets in
            mask.withUnsafeBytes { mask in
                let tail =
                    mask.isEmpty
                    ? []
                    : [IntegerTensor(name: "mask", type: .u8, shape: [mask.count], bytes: mask)]
                func result(_ type: IntegerType, _ tokens: UnsafeRawBufferPointer) -> R {
                    body(
                        [
                            IntegerTensor(
                                name: "offsets", type: .i64, shape: [documentCount + 1],
                                bytes: offsets),
                            IntegerTensor(
                                name: "tokens", type: type, shape: [tokenCount], bytes: tokens),
                        ] + tail)
                }
                return isWide
                    ? wide.withUnsafeBytes { result(.i32, $0) }
                    : narrow.withUnsafeBytes { result(.u16, $0) }
            }
        }
    }

    /// Writes the shard.
    /// - Throws: ``TrainingError`` if the file cannot be written; then there is none.
    func write(
        to path: String, tokenizerSHA256: String, vocabularySize: Int, sources: String
    ) throws(TrainingError) {
        let result = withTensors { tensors -> Result<Void, FormatError> in
            let metadata = [
                ("format", Self.format), ("version", Self.version),
                ("documents", "\(documentCount)"), ("tokens", "\(tokenCount)"),
                ("vocab_size", "\(vocabularySize)"), ("tokenizer_sha256", tokenizerSHA256),
                ("data_sha256", DataDigest.hex(tensors.map(\.bytes))), ("sources", sources),
            ]
            do throws(FormatError) {
                return .success(
                    try SafetensorsWriter.write(tensors, metadata: metadata, to: path))
            } catch {
                return .failure(error)
            }
        }
        if case .failure(let error) = result { throw TrainingError("\(error)") }
    }
}
