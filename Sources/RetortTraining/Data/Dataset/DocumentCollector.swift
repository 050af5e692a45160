// SPDX-License-Identifier: Apache-2.0

/// Checks, counts and collects documents.
struct DocumentCollector {
    let vocabularySize: Int
    private(set) var buffer: ShardBuffer
    var statistics = DatasetStatistics()

    init(vocabularySize: Int) {
        self.vocabularySize = vocabularySize
        buffer = ShardBuffer(vocabularySize: vocabularySize)
    }

    /// Adds a document.
    /// - Throws: ``TrainingError`` if an id is outside the vocabulary or the flags do not fit.
    mutating func append(_ tokens: [Int32], trained: [Bool]?, textBytes: Int = 0)
        throws(TrainingError)
    {
        guard trained?.count ?? tokens.count == tokens.count else {
            throw TrainingError(
                "a document of \(tokens.count) tokens came with \(trained?.count ?? 0) flags")
        }
        if let wrong = tokens.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
            throw TrainingError(
                "a document has a token of id \(wrong), the vocabulary \(vocabularySize) tokens")
        }
        buffer.append(tokens, trained: trained)
        statistics.documents += 1
        statistics.tokens += tokens.count
        statistics.trainedTokens += trained?.count { $0 } ?? tokens.count
        statistics.textBytes += textBytes
    }

    mutating func removeDocuments() { buffer.removeAll() }
}
