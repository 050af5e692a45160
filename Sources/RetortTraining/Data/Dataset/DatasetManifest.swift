// SPDX-License-Identifier: Apache-2.0
//
// dataset.json is written last: a directory without it is no dataset, whatever else lies there.

/// Which documents: those that are trained on, or those kept apart to measure with.
public enum DatasetSplit: String, Sendable, CaseIterable {
    case train
    case validation

    func shardName(_ number: Int) -> String {
        let digits = String(number)
        let padding = String(repeating: "0", count: max(0, 5 - digits.count))
        return "\(self == .train ? "shard" : rawValue)-\(padding)\(digits).safetensors"
    }
}

/// What was counted while a dataset was made.
public struct DatasetStatistics: Sendable, Equatable {
    public var documents = 0
    public var tokens = 0
    /// Tokens that are to be predicted; those of prompts are not.
    public var trainedTokens = 0
    /// UTF-8 bytes of the documents' text, template included.
    public var textBytes = 0
    /// Documents cut at the longest length.
    public var truncatedDocuments = 0
    /// Records without a document: empty, or nothing in them can be trained.
    public var skippedRecords = 0
    /// Turns of the assistant that are trained nowhere, because the template writes the turn
    /// otherwise than it opens one.
    public var skippedTurns = 0

    public init() {}

    static let keys: [(String, any WritableKeyPath<DatasetStatistics, Int> & Sendable)] = [
        ("documents", \.documents), ("tokens", \.tokens), ("trained_tokens", \.trainedTokens),
        ("text_bytes", \.textBytes), ("truncated_documents", \.truncatedDocuments),
        ("skipped_records", \.skippedRecords), ("skipped_turns", \.skippedTurns),
    ]
}

/// What `dataset.json` says.
public struct DatasetManifest: Sendable, Equatable {
    /// One file of tokens.
    public struct Shard: Sendable, Equatable {
        public var file: String
        public var documents: Int
        public var tokens: Int
        /// Size of the file.
        public var byteCount: Int
        /// SHA-256 of the file.
        public var sha256: String
    }

    /// A file that the documents came from.
    public struct Source: Sendable, Equatable {
        public var name: String
        public var format: String
        public var records: Int

        public init(name: String, format: String, records: Int) {
            self.name = name
            self.format = format
            self.records = records
        }
    }

    /// The documents of one kind.
    public struct Part: Sendable, Equatable {
        public var statistics = DatasetStatistics()
        public var shards: [Shard] = []
    }

    public static let fileName = "dataset.json"
    static let format = "retort-dataset"
    static let version = 1

    public var tokenizerSHA256: String
    public var vocabularySize: Int
    public var sources: [Source] = []
    public var train = Part()
    public var validation = Part()

    init(tokenizerSHA256: String, vocabularySize: Int) {
        self.tokenizerSHA256 = tokenizerSHA256
        self.vocabularySize = vocabularySize
    }

    public subscript(split: DatasetSplit) -> Part {
        get { split == .train ? train : validation }
        set { if split == .train { train = newValue } else { validation = newValue } }
    }
}
