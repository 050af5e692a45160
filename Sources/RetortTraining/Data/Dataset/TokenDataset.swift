// SPDX-License-Identifier: Apache-2.0

import RetortFormats

/// Documents of tokens, in mapped files or in memory. May be read from many threads.
public final class TokenDataset: Sendable {
    public let documentCount: Int
    public let tokenCount: Int
    /// Every id is below it.
    public let vocabularySize: Int
    /// Nil for documents from memory.
    public let tokenizerSHA256: String?
    /// Documents and tokens alone for documents from memory.
    public let statistics: DatasetStatistics
    /// Equal for equal data: tells whether a saved state belongs to it.
    public let fingerprint: String
    private let shards: [TokenShard]
    /// By shard: the number of its first document; one more at the end.
    private let firstDocuments: [Int]

    init(
        _ shards: [TokenShard], vocabularySize: Int, tokenizerSHA256: String?,
        statistics: DatasetStatistics, fingerprint: String
    ) {
        self.shards = shards
        self.vocabularySize = vocabularySize
        self.tokenizerSHA256 = tokenizerSHA256
        self.statistics = statistics
        self.fingerprint = fingerprint
        var first = [0]
        for shard in shards { first.append((first.last ?? 0) + shard.documentCount) }
        firstDocuments = first
        documentCount = first.last ?? 0
        tokenCount = shards.reduce(0) { $0 + $1.tokenCount }
    }

    /// Opens a dataset that `DatasetBuilder` or `DatasetWriter` made. Headers and offsets are checked
    /// now, each shard's SHA-256 and tokens before its first document is read.
    /// - Throws: ``TrainingError`` if a file is missing, cut short or does not belong here, or the
    ///   split has no documents.
    public convenience init(directory: String, split: DatasetSplit = .train)
        throws(TrainingError)
    {
        let manifest = try DatasetManifest(directory: directory)
        let part = manifest[split]
        guard !part.shards.isEmpty else {
            throw TrainingError("\(directory) has no documents for \(split.rawValue)")
        }
        var shards: [TokenShard] = []
        for entry in part.shards {
            let file: MappedFile
            do throws(FormatError) {
                file = try MappedFile(path: "\(directory)/\(entry.file)")
            } catch {
                throw TrainingError("a shard of \(directory) is missing: \(error)")
            }
            let shard = try TokenShard(file, entry: entry)
            guard shard.vocabularySize == manifest.vocabularySize,
                shard.tokenizerSHA256 == manifest.tokenizerSHA256
            else {
                throw TrainingError(
                    "\(file.path) was made with another tokenizer than \(DatasetManifest.fileName) says"
                )
            }
            shards.append(shard)
        }
        self.init(
            shards, vocabularySize: manifest.vocabularySize,
            tokenizerSHA256: manifest.tokenizerSHA256, statistics: part.statistics,
            fingerprint: DataDigest.hex(part.shards.map(\.sha256).joined(separator: " ")))
    }

    /// Reads one shard that lies in memory.
    /// - Parameters:
    ///   - shard: The bytes of the file.
    ///   - name: For errors.
    ///   - checksHash: Whether the data must have the hash that the header says.
    /// - Throws: ``TrainingError`` if it is damaged.
    public convenience init(shard: [UInt8], name: String, checksHash: Bool = true)
        throws(TrainingError)
    {
        let shard = try TokenShard(
            MappedFile(bytes: shard, name: name), entry: nil, checksHash: checksHash)
        var statistics = DatasetStatistics()
        statistics.documents = shard.documentCount
        statistics.tokens = shard.tokenCount
        self.init(
            [shard], vocabularySize: shard.vocabularySize,
            tokenizerSHA256: shard.tokenizerSHA256, statistics: statistics, fingerprint: name)
    }

    /// Takes documents from memory.
    /// - Parameters:
    ///   - documents: Ids below `vocabularySize`.
    ///   - trained: For each document, whether each token is to be predicted; nil if all are.
    ///   - vocabularySize: At most 2³¹.
    /// - Throws: ``TrainingError`` for an id outside the vocabulary or flags that do not fit.
    public convenience init(
        documents: [[Int32]], trained: [[Bool]]? = nil, vocabularySize: Int
    ) throws(TrainingError) {
        var collector = DocumentCollector(vocabularySize: vocabularySize)
        for (number, document) in documents.enumerated() {
            guard trained.map({ number < $0.count }) ?? true else {
                throw TrainingError(
                    "\(documents.count) documents were given, flags for \(trained?.count ?? 0)")
            }
            try collector.append(document, trained: trained?[number])
        }
        self.init(collector)
    }

    convenience init(_ collector: DocumentCollector) {
        let fingerprint = collector.buffer.withTensors { DataDigest.hex($0.map(\.bytes)) }
        self.init(
            [TokenShard(memory: collector.buffer, vocabularySize: collector.vocabularySize)],
            vocabularySize: collector.vocabularySize, tokenizerSHA256: nil,
            statistics: collector.statistics, fingerprint: fingerprint)
    }

    /// UTF-8 bytes of text a token stands for on average, nil if not known.
    public var bytesPerToken: Double? {
        guard statistics.textBytes > 0, tokenCount > 0 else { return nil }
        return Double(statistics.textBytes) / Double(tokenCount)
    }

    /// Reads and checks all shards now.
    /// - Throws: ``TrainingError`` for the first that is damaged.
    public func verify() throws(TrainingError) { for shard in shards { try shard.verify() } }

    /// Refuses a tokenizer that the tokens are not of.
    public func check(_ tokenizer: DataTokenizer) throws(TrainingError) {
        guard let tokenizerSHA256, tokenizerSHA256 != tokenizer.sha256 else { return }
        throw TrainingError(
            "the dataset was made with a tokenizer of SHA-256 \(tokenizerSHA256), the model has \(tokenizer.sha256); make it again with the model's"
        )
    }

    /// Tokens of a document. `index` must be in `0..<documentCount`.
    public func length(ofDocument index: Int) -> Int {
        let shard = shardIndex(index)
        return shards[shard].length(of: index - firstDocuments[shard])
    }

    /// A document and whether each of its tokens is trained. `index` must be in
    /// `0..<documentCount`.
    /// - Throws: ``TrainingError`` if its shard is damaged.
    public func document(_ index: Int) throws(TrainingError) -> (tokens: [Int32], trained: [Bool]) {
        let view = try view(ofDocument: index)
        defer { withExtendedLifetime(self) {} }
        return ((0..<view.count).map { view[$0] }, (0..<view.count).map { view.isTrained($0) })
    }

    /// The document where it lies, valid as long as the dataset.
    func view(ofDocument index: Int) throws(TrainingError) -> DocumentView {
        let shard = shardIndex(index)
        return try shards[shard].document(index - firstDocuments[shard])
    }

    private func shardIndex(_ document: Int) -> Int {
        precondition(document >= 0 && document < documentCount, "no such document")
        var low = 0
        var high = shards.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstDocuments[middle] <= document { low = middle } else { high = middle }
        }
        return low
    }
}
