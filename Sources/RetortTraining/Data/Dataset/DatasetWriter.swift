// SPDX-License-Identifier: Apache-2.0
//
// Holds one shard per split in memory. dataset.json comes last, and a run that replaces a dataset
// removes the old one first: an interrupted run leaves no dataset.

import Foundation
import RetortFormats
import RetortJSON

/// Writes a dataset's shards as documents come.
public final class DatasetWriter {
    public let directory: String
    private let tokenizerSHA256: String
    private let maximumShardTokens: Int
    private var collectors: [DatasetSplit: DocumentCollector] = [:]
    private var manifest: DatasetManifest
    private var isFinished = false
    /// Goes into the shards' `__metadata__`.
    public var sourceNames = ""

    /// 32 MiB of a vocabulary of at most 65,536.
    public static let defaultShardTokens = 1 << 24

    /// - Parameters:
    ///   - directory: Made if it is not there.
    ///   - tokenizerSHA256: Of the tokenizer's file.
    ///   - vocabularySize: Every id must be below it.
    ///   - maximumShardTokens: A longer document has a shard to itself.
    ///   - replacesExisting: Whether a dataset that is there is removed.
    /// - Throws: ``TrainingError`` if there is a dataset already or the directory cannot be made.
    public init(
        directory: String, tokenizerSHA256: String, vocabularySize: Int,
        maximumShardTokens: Int = defaultShardTokens, replacesExisting: Bool = false
    ) throws(TrainingError) {
        guard DataDigest.isValid(tokenizerSHA256) else {
            throw TrainingError("the tokenizer's SHA-256 must be 64 hexadecimal digits")
        }
        self.directory = directory
        self.tokenizerSHA256 = tokenizerSHA256
        self.maximumShardTokens = max(1, maximumShardTokens)
        manifest = DatasetManifest(
            tokenizerSHA256: tokenizerSHA256, vocabularySize: vocabularySize)
        for split in DatasetSplit.allCases {
            collectors[split] = DocumentCollector(vocabularySize: vocabularySize)
        }
        let files = FileManager.default
        do {
            try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let names = try files.contentsOfDirectory(atPath: directory)
            if names.contains(DatasetManifest.fileName) {
                guard replacesExisting else {
                    throw TrainingError(
                        "\(directory) holds a dataset; choose another directory or remove it")
                }
                try files.removeItem(atPath: "\(directory)/\(DatasetManifest.fileName)")
            }
            // What an interrupted run left.
            for name in names where Self.isShard(name) {
                try files.removeItem(atPath: "\(directory)/\(name)")
            }
        } catch let error as TrainingError {
            throw error
        } catch {
            throw TrainingError("cannot write to \(directory): \(error.localizedDescription)")
        }
    }

    /// Whether a file is a shard, or the part of one that never became whole.
    private static func isShard(_ name: String) -> Bool {
        DatasetSplit.allCases.contains { split in
            let parts = split.shardName(0).split(separator: "00000")
            guard parts.count == 2, name.hasPrefix(parts[0]) else { return false }
            let rest = name.dropFirst(parts[0].count)
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let tail = rest.dropFirst(digits.count)
            return digits.count >= 5
                && (tail == parts[1] || tail.hasPrefix(parts[1]) && tail.hasSuffix(".partial"))
        }
    }

    /// Adds a document.
    /// - Parameters:
    ///   - tokens: With the token that ends it, where there is one.
    ///   - trained: Whether each token is to be predicted; nil if all are.
    ///   - textBytes: UTF-8 bytes of its text.
    ///   - split: Where it belongs.
    /// - Throws: ``TrainingError`` if an id is outside the vocabulary or a shard cannot be written.
    public func append(
        _ tokens: [Int32], trained: [Bool]? = nil, textBytes: Int = 0,
        to split: DatasetSplit = .train
    ) throws(TrainingError) {
        guard !isFinished else { throw TrainingError("the dataset is finished already") }
        let count = collectors[split]?.buffer.tokenCount ?? 0
        if count > 0, count + tokens.count > maximumShardTokens { try flush(split) }
        try collectors[split]?.append(tokens, trained: trained, textBytes: textBytes)
    }

    /// What was added to a split so far; counts of the caller may be added.
    public subscript(split: DatasetSplit) -> DatasetStatistics {
        get { collectors[split]?.statistics ?? .init() }
        set { collectors[split]?.statistics = newValue }
    }

    private func flush(_ split: DatasetSplit) throws(TrainingError) {
        guard let buffer = collectors[split]?.buffer, buffer.documentCount > 0 else { return }
        let name = split.shardName(manifest[split].shards.count)
        let path = "\(directory)/\(name)"
        try buffer.write(
            to: path, tokenizerSHA256: tokenizerSHA256, vocabularySize: manifest.vocabularySize,
            sources: sourceNames)
        do throws(FormatError) {
            let file = try MappedFile(path: path)
            manifest[split].shards.append(
                .init(
                    file: name, documents: buffer.documentCount, tokens: buffer.tokenCount,
                    byteCount: file.count, sha256: DataDigest.hex(file)))
        } catch {
            throw TrainingError("\(error)")
        }
        collectors[split]?.removeDocuments()
    }

    /// Writes what is left and `dataset.json`.
    /// - Throws: ``TrainingError`` if there are no documents to train on or a file cannot be written.
    @discardableResult
    public func finish(sources: [DatasetManifest.Source] = []) throws(TrainingError)
        -> DatasetManifest
    {
        guard !isFinished else { throw TrainingError("the dataset is finished already") }
        for split in DatasetSplit.allCases {
            try flush(split)
            manifest[split].statistics = self[split]
        }
        guard !manifest.train.shards.isEmpty else {
            throw TrainingError("\(directory): there are no documents to train on")
        }
        manifest.sources = sources
        do throws(FormatError) {
            try OutputFile.write(
                manifest.json.text(.pretty) + "\n",
                to: "\(directory)/\(DatasetManifest.fileName)")
        } catch {
            throw TrainingError("\(error)")
        }
        isFinished = true
        return manifest
    }
}
