// SPDX-License-Identifier: Apache-2.0
//
// Trains byte-level BPE tokenizers. Only the distinct words of the corpus and their counts are
// held, so that it may be larger than memory.

/// Learns a tokenizer from texts: `add` them, then `train`. Merges and ids are those of
/// `BpeTrainer` in the Python library `tokenizers` 0.23.3 with the same settings.
public struct BPETrainer: ~Copyable, Sendable {
    /// How far training is.
    public struct Progress: Sendable, Equatable {
        /// Tokens that merges made so far.
        public let learned: Int
        /// Tokens to make in all; the words may run out before.
        public let wanted: Int
    }

    public let settings: BPETrainingSettings
    /// The texts so far, and their bytes.
    public private(set) var textCount: Int
    public private(set) var byteCount: Int

    private let normalizer: Normalizer
    private let preTokenizer: PreTokenizer
    private let words: WordCounts
    private let scratch: EncoderScratch

    /// - Throws: ``TokenizerError`` for settings that no corpus can meet.
    public init(_ settings: BPETrainingSettings) throws(TokenizerError) {
        try settings.check()
        let normalizer = try Normalizer(json: settings.normalizerJSON)
        let preTokenizer = try PreTokenizer(json: settings.preTokenizerJSON)
        _ = try Self.vocabulary(settings, WordCounts())
        // A value that cannot be copied is made at once, after all that may fail.
        self.settings = settings
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        (textCount, byteCount) = (0, 0)
        words = WordCounts()
        scratch = EncoderScratch()
    }

    /// The distinct words so far.
    public var wordCount: Int { words.words.count }

    /// Counts the words of a text. Words do not go beyond its ends. Added tokens in it are text.
    /// - Throws: ``TokenizerError`` for more words than can be counted.
    public mutating func add(_ text: String) throws(TokenizerError) {
        var text = text
        let length = text.utf8.count
        guard wordCount <= ByteStrings.most - length else {
            throw TokenizerError(
                "the corpus has more than \(wordCount) distinct words; expected less than "
                    + "\(ByteStrings.most)")
        }
        textCount += 1
        byteCount += length
        text.withUTF8 { add(valid: $0) }
    }

    /// Bytes that are not UTF-8 count as U+FFFD, as they do when a ``Tokenizer`` encodes.
    /// - Throws: ``TokenizerError`` for more words than can be counted.
    public mutating func add(bytes: some Collection<UInt8>) throws(TokenizerError) {
        try add(String(decoding: bytes, as: UTF8.self))
    }

    private func add(valid text: UnsafeBufferPointer<UInt8>) {
        scratch.reset()
        scratch.regex.steps = Tokenizer.steps(text.count)
        if let normalized = normalizer.normalized(text, scratch: scratch.regex) {
            normalized.withUnsafeBufferPointer { count($0) }
        } else {
            count(text)
        }
    }

    private func count(_ text: UnsafeBufferPointer<UInt8>) {
        guard let base = text.baseAddress, !text.isEmpty else { return }
        scratch.pieces.append(Piece(start: 0, end: text.count))
        preTokenizer.cut(base, isFirst: true, scratch) { words.add($0, scratch.pieces) }
    }

    /// Learns merges until the vocabulary is full or the words have no pair left. The words stay:
    /// more texts may be added, and training repeated.
    /// - Parameter progress: Called every 256 merges; an error of its own ends the training.
    /// - Throws: ``TokenizerError`` if bytes and added tokens do not fit the vocabulary, and what
    ///   `progress` throws.
    public func train(progress: ((Progress) throws -> Void)? = nil) throws -> TrainedBPE {
        var learner = MergeLearner(words, settings, try Self.vocabulary(settings, words))
        try learner.run(progress)
        return TrainedBPE(
            settings: settings, tokens: learner.tokens.spelled,
            merges: learner.merges.map { ($0.left, $0.right) })
    }

    private static func vocabulary(_ settings: BPETrainingSettings, _ words: WordCounts)
        throws(TokenizerError) -> TrainingVocabulary
    {
        let vocabulary = TrainingVocabulary(settings, words)
        guard vocabulary.count <= settings.vocabularySize else {
            throw TokenizerError(
                "the vocabulary size is \(settings.vocabularySize); expected at least "
                    + "\(vocabulary.count), which added tokens and single bytes take")
        }
        return vocabulary
    }
}
