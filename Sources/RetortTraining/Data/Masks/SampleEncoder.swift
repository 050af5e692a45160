// SPDX-License-Identifier: Apache-2.0

import RetortJSON
import RetortTemplates
import RetortTokenizers

/// A document of tokens.
public struct EncodedSample: Sendable, Equatable {
    public var tokens: [Int32]
    /// Whether each token is to be predicted; nil if all are.
    public var trained: [Bool]?
    /// UTF-8 bytes of the text that was tokenised.
    public var textBytes: Int
    /// Whether the end was cut.
    public var isTruncated = false

    public init(tokens: [Int32], trained: [Bool]? = nil, textBytes: Int) {
        self.tokens = tokens
        self.trained = trained
        self.textBytes = textBytes
    }
}

/// What a record became.
public struct EncodedRecord: Sendable, Equatable {
    /// None if there is nothing to train.
    public var samples: [EncodedSample] = []
    /// Turns of the assistant that are in no sample as trained ones.
    public var skippedTurns = 0

    public init() {}
}

/// Turns records into tokens and says which of them are trained. May be used from many threads.
public struct SampleEncoder: Sendable {
    public let tokenizer: DataTokenizer
    public let options: SampleOptions
    let template: ChatTemplate?
    /// Given to every rendering.
    let templateVariables: JSONObject
    let now: CalendarTime
    let beginToken: Int32?
    let endToken: Int32?

    /// - Parameters:
    ///   - tokenizer: With its chat template, if chats are encoded.
    ///   - template: Replaces the tokenizer's template.
    ///   - options: What is trained, and more.
    /// - Throws: ``TrainingError`` if a token is outside the vocabulary, `TemplateError` if the
    ///   template is no valid one.
    public init(
        _ tokenizer: DataTokenizer, template: String? = nil, options: SampleOptions = .init()
    ) throws {
        self.tokenizer = tokenizer
        self.options = options
        let source = template ?? tokenizer.chatTemplate
        self.template = try source.map { text throws(TemplateError) in try ChatTemplate(text) }
        now = options.now ?? .current()
        let vocabulary = tokenizer.tokenizer
        // What the tokenizer puts before a text; a BOS token that it does not use there stays out.
        let first = vocabulary.encode("").first
        beginToken = try Self.token(
            options.begin, automatic: first == vocabulary.bosID ? first : nil, vocabulary)
        endToken = try Self.token(options.end, automatic: vocabulary.eosID, vocabulary)
        var variables = options.variables
        for (name, id) in [("bos_token", vocabulary.bosID), ("eos_token", vocabulary.eosID)]
        where variables[name] == nil {
            variables[name] = .string(id.map { vocabulary.decode([$0]) } ?? "")
        }
        templateVariables = variables
    }

    private static func token(
        _ bound: SampleOptions.Bound, automatic: Int32?, _ vocabulary: Tokenizer
    ) throws(TrainingError) -> Int32? {
        switch bound {
        case .automatic: return automatic
        case .none: return nil
        case .token(let id):
            guard id >= 0, Int(id) < vocabulary.vocabularySize else {
                throw TrainingError(
                    "a text shall begin or end with the token \(id); the vocabulary has \(vocabulary.vocabularySize)"
                )
            }
            return id
        }
    }

    /// The tokens of a record.
    /// - Throws: ``TrainingError`` if the template refuses the conversation or the tokenizer does not
    ///   give the text back; without what the record says.
    public func encode(_ content: CorpusRecord.Content) throws(TrainingError) -> EncodedRecord {
        var record: EncodedRecord
        switch content {
        case .text(let text):
            record = EncodedRecord()
            if let sample = sample(text: text) { record.samples = [sample] }
        case .completion(let prompt, let completion):
            record = EncodedRecord()
            if let sample = try sample(prompt: prompt, completion: completion) {
                record.samples = [sample]
            }
        case .chat(let conversation): record = try encode(conversation)
        }
        if let maximum = options.maximumTokens { cut(&record, at: maximum) }
        return record
    }

    private func cut(_ record: inout EncodedRecord, at maximum: Int) {
        for i in record.samples.indices where record.samples[i].tokens.count > maximum {
            let rest = record.samples[i].tokens.count - max(0, maximum)
            record.samples[i].tokens.removeLast(rest)
            record.samples[i].trained?.removeLast(rest)
            record.samples[i].isTruncated = true
        }
        record.samples.removeAll { sample in
            sample.tokens.isEmpty || !(sample.trained?.contains(true) ?? true)
        }
    }

    private func sample(text: String) -> EncodedSample? {
        let tokens = tokenizer.tokenizer.encode(
            text, addSpecialTokens: false, parseSpecialTokens: options.textSpellsSpecialTokens)
        guard !tokens.isEmpty else { return nil }
        return EncodedSample(
            tokens: (beginToken.map { [$0] } ?? []) + tokens + (endToken.map { [$0] } ?? []),
            textBytes: text.utf8.count)
    }

    private func sample(prompt: String, completion: String) throws(TrainingError)
        -> EncodedSample?
    {
        let text = prompt + completion
        let start = prompt.utf8.count
        guard
            var sample = try sample(
                of: text, spans: [start..<text.utf8.count], overlapping: false)
        else { return nil }
        if let endToken, sample.tokens.last != endToken {
            sample.tokens.append(endToken)
            sample.trained?.append(true)
        }
        if let beginToken, sample.tokens.first != beginToken {
            sample.tokens.insert(beginToken, at: 0)
            sample.trained?.insert(false, at: 0)
        }
        return sample
    }

    /// The tokens of a text of which spans are trained.
    /// - Parameters:
    ///   - text: Special tokens that it spells are special.
    ///   - spans: UTF-8 offsets, one behind another.
    ///   - overlapping: Whether a token that starts before a span and reaches into it is trained.
    /// - Returns: Nil if no token is trained.
    func sample(of text: String, spans: [Range<Int>], overlapping: Bool) throws(TrainingError)
        -> EncodedSample?
    {
        let vocabulary = tokenizer.tokenizer
        let tokens = vocabulary.encode(text, addSpecialTokens: false)
        var spans = spans
        var alignment = TokenAlignment(tokens, of: text, vocabulary)
        if alignment == nil {
            // A normalizer composes characters, for instance; it is the same on each side of a cut.
            let (normalized, moved) = normalize(text, cutAt: spans)
            alignment = TokenAlignment(tokens, of: normalized, vocabulary)
            spans = moved
        }
        guard let alignment else {
            throw TrainingError(
                "the tokens do not give the text back, so what is trained cannot be told; remove what the tokenizer rewrites or does not know"
            )
        }
        let trained =
            overlapping ? alignment.overlapping(spans) : alignment.starting(in: spans)
        guard trained.contains(true) else { return nil }
        return EncodedSample(tokens: tokens, trained: trained, textBytes: text.utf8.count)
    }

    private func normalize(_ text: String, cutAt spans: [Range<Int>])
        -> (text: String, spans: [Range<Int>])
    {
        let bytes = Array(text.utf8)
        var result = ""
        var moved: [Range<Int>] = []
        var done = 0
        func part(to end: Int) -> String {
            defer { done = end }
            return tokenizer.tokenizer.normalized(
                String(decoding: bytes[done..<max(done, end)], as: UTF8.self))
        }
        for span in spans {
            result += part(to: span.lowerBound)
            let start = result.utf8.count
            result += part(to: span.upperBound)
            moved.append(start..<result.utf8.count)
        }
        result += part(to: bytes.count)
        return (result, moved)
    }
}
