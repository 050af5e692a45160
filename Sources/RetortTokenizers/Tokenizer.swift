// SPDX-License-Identifier: Apache-2.0
//
// The pipeline of the tokenizers library: added tokens are found, the text between them is
// normalised, cut into pieces, and each piece is encoded by the model.

import RetortJSON

/// Turns text into token ids and back, as the files of a model say.
///
/// Reads tokenizer.json (``init(tokenizerJSON:config:)``) and GGUF vocabularies (``init(gguf:)``).
/// Ids are those of the Python library `tokenizers` on the same file.
public final class Tokenizer: Sendable {
    let components: TokenizerComponents
    let normalizer: Normalizer
    let preTokenizer: PreTokenizer
    let postProcessor: PostProcessor
    let decoder: Decoder
    let model: BPEModel
    /// By id: the token in the model's own terms; bytes for a byte-level model.
    let keys: TokenPool
    /// By id: whether `keys` holds the file's spelling although the model is byte-level.
    let isVerbatim: [Bool]
    /// By id: whether there is such a token.
    let isPresent: [Bool]
    /// By rank; what the files need beside `model`.
    let merges: [(left: Int32, right: Int32)]
    /// By id; only for models that merge by score.
    let scores: [Float]
    let added: [AddedToken]
    private let decoded: TokenPool
    private let special: [Bool]
    private let addedIDs: [[UInt8]: Int32]
    private let rawMatcher: AddedTokenMatcher
    private let normalizedMatcher: AddedTokenMatcher
    private let pool = ScratchPool()

    /// Begin and end of a text, padding, and what stands for text without a token.
    public let bosID: Int32?
    public let eosID: Int32?
    public let padID: Int32?
    public let unknownID: Int32?

    struct SpecialIDs {
        var bos: Int32?
        var eos: Int32?
        var pad: Int32?
        var unknown: Int32?
    }

    init(
        components: TokenizerComponents, postProcessor: PostProcessor?,
        vocabulary: VocabularyBuilder, description: ModelDescription, preTokenizer: PreTokenizer,
        special ids: SpecialIDs
    ) throws(TokenizerError) {
        self.components = components
        self.preTokenizer = preTokenizer
        normalizer = try Normalizer(json: components.normalizer)
        if let postProcessor {
            self.postProcessor = postProcessor
        } else {
            self.postProcessor = try PostProcessor(json: components.postProcessor)
        }
        decoder = try Decoder(json: components.decoder, isByteLevel: description.isByteLevel)
        let built = try vocabulary.build(description)
        model = built.model
        keys = built.keys
        isVerbatim = built.isVerbatim
        merges = built.merges
        added = vocabulary.added
        isPresent = vocabulary.spelled.map { $0 != nil }
        if case .scores(let values) = description.merges { scores = values } else { scores = [] }
        let around = self.postProcessor.prefix + self.postProcessor.suffix
        for id in around + [ids.bos, ids.eos, ids.pad, ids.unknown].compactMap({ $0 }) {
            guard id >= 0, Int(id) < keys.count else {
                throw TokenizerError(
                    "a special token has the id \(id); the vocabulary ends at \(keys.count - 1)")
            }
        }
        bosID = ids.bos ?? self.postProcessor.prefix.first
        eosID = ids.eos ?? self.postProcessor.suffix.last
        padID = ids.pad
        unknownID = ids.unknown

        var special = [Bool](repeating: false, count: keys.count)
        var addedIDs: [[UInt8]: Int32] = [:]
        var isAdded = special
        for token in added {
            if token.isSpecial { special[Int(token.id)] = true }
            isAdded[Int(token.id)] = true
            addedIDs[token.content] = token.id
        }
        self.special = special
        self.addedIDs = addedIDs

        let scratch = RegexScratch()
        let raw = added.filter { !$0.isNormalized }
        rawMatcher = AddedTokenMatcher(raw, patterns: raw.map(\.content))
        let normalized = added.filter(\.isNormalized)
        var patterns: [[UInt8]] = []
        for token in normalized {
            scratch.steps = Self.steps(token.content.count)
            let content = token.content.withUnsafeBufferPointer { [normalizer] in
                normalizer.normalized($0, scratch: scratch)
            }
            patterns.append(content ?? token.content)
        }
        normalizedMatcher = AddedTokenMatcher(normalized, patterns: patterns)

        var decoded = TokenPool()
        decoded.reserve(tokens: keys.count, bytes: keys.bytes.count)
        var isPlainByteLevel = false
        if case .byteLevel? = decoder.steps.first, decoder.steps.count == 1 {
            isPlainByteLevel = description.isByteLevel
        }
        for (id, token) in vocabulary.spelled.enumerated() {
            if isPlainByteLevel, !isAdded[id] {
                decoded.append(keys[Int32(id)])
            } else if let token {
                decoded.append(
                    decoder.bytes(Array(token), isAdded: isAdded[id], scratch: scratch))
            } else {
                decoded.append([])
            }
        }
        self.decoded = decoded
    }

    /// What the general matcher may spend on a text of so many bytes.
    static func steps(_ count: Int) -> Int {
        10_000 + count * RegexMatcher.stepsPerByte
    }

    /// The highest id + 1. Some ids below may have no token.
    public var vocabularySize: Int { keys.count }

    /// The bytes that a token stands for; nothing for ids without a token. A part of a character
    /// for some tokens.
    public func bytes(of id: Int32) -> ArraySlice<UInt8> { decoded[id] }

    /// Whether the token controls the model and is no text: begin, end, roles.
    public func isSpecial(_ id: Int32) -> Bool {
        id >= 0 && Int(id) < special.count && special[Int(id)]
    }

    /// The token that the vocabulary spells so (byte-level tokens in GPT-2's alphabet).
    public func id(of token: String) -> Int32? {
        let spelled = Array(token.utf8)
        if let id = addedIDs[spelled] { return id }
        guard case .bytes = model.alphabet else {
            return model.table.find(spelled).flatMap { $0 < model.firstPseudoID ? $0 : nil }
        }
        var bytes: [UInt8] = []
        guard spelled.withUnsafeBufferPointer({ ByteLevelAlphabet.decode($0, into: &bytes) })
        else { return nil }
        return model.table.find(bytes)
    }

    // MARK: Encoding

    /// - Parameters:
    ///   - text: Any text.
    ///   - addSpecialTokens: Whether to put around the text what the model wants there (BOS, EOS).
    ///   - parseSpecialTokens: Whether special tokens that the text spells out become those tokens;
    ///     say no for text from strangers.
    /// - Complexity: O(n log n) for any text.
    public func encode(
        _ text: String, addSpecialTokens: Bool = true, parseSpecialTokens: Bool = true
    ) -> [Int32] {
        var text = text
        return text.withUTF8 { encode($0, addSpecialTokens, parseSpecialTokens) }
    }

    /// Bytes that are not UTF-8 count as U+FFFD, as in Python's `errors="replace"`.
    public func encode(
        bytes: some Collection<UInt8>, addSpecialTokens: Bool = true,
        parseSpecialTokens: Bool = true
    ) -> [Int32] {
        encode(
            String(decoding: bytes, as: UTF8.self), addSpecialTokens: addSpecialTokens,
            parseSpecialTokens: parseSpecialTokens)
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ addsSpecial: Bool, _ parsesSpecial: Bool
    ) -> [Int32] {
        let scratch = pool.take()
        defer { pool.give(scratch) }
        scratch.regex.steps = Self.steps(text.count)
        if addsSpecial { scratch.output.append(contentsOf: postProcessor.prefix) }
        var done = 0
        for match in rawMatcher.matches(text, parsesSpecial: parsesSpecial) {
            encode(segment: text, done, match.start, parsesSpecial, scratch)
            scratch.output.append(match.id)
            done = match.end
        }
        encode(segment: text, done, text.count, parsesSpecial, scratch)
        if addsSpecial { scratch.output.append(contentsOf: postProcessor.suffix) }
        return Array(scratch.output[...])
    }

    /// Text without raw added tokens.
    private func encode(
        segment text: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ parsesSpecial: Bool,
        _ scratch: EncoderScratch
    ) {
        guard start < end else { return }
        let segment = UnsafeBufferPointer(rebasing: text[start..<end])
        if let normalized = normalizer.normalized(segment, scratch: scratch.regex) {
            normalized.withUnsafeBufferPointer {
                encode(normalized: $0, isFirst: start == 0, parsesSpecial, scratch)
            }
        } else {
            encode(normalized: segment, isFirst: start == 0, parsesSpecial, scratch)
        }
    }

    private func encode(
        normalized text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ parsesSpecial: Bool,
        _ scratch: EncoderScratch
    ) {
        guard let base = text.baseAddress else { return }
        func encodePieces(_ start: Int, _ end: Int) {
            guard start < end else { return }
            scratch.pieces.removeAll(keepingCapacity: true)
            scratch.pieces.append(Piece(start: start, end: end))
            encode(pieces: base, isFirst: isFirst && start == 0, scratch)
        }
        var done = 0
        for match in normalizedMatcher.matches(text, parsesSpecial: parsesSpecial) {
            encodePieces(done, match.start)
            scratch.output.append(match.id)
            done = match.end
        }
        encodePieces(done, text.count)
    }

    /// Runs the pre-tokenizer over `scratch.pieces`, and the model over what comes out.
    private func encode(
        pieces text: UnsafePointer<UInt8>, isFirst: Bool, _ scratch: EncoderScratch
    ) {
        preTokenizer.cut(text, isFirst: isFirst, scratch) { text in
            for piece in scratch.pieces {
                model.encode(text + piece.start, piece.end - piece.start, scratch)
            }
        }
    }

    /// The text as the normalizer leaves it.
    package func normalized(_ text: String) -> String {
        var text = text
        let scratch = RegexScratch()
        let bytes = text.withUTF8 {
            scratch.steps = Self.steps($0.count)
            return normalizer.normalized($0, scratch: scratch)
        }
        return bytes.map { String(decoding: $0, as: UTF8.self) } ?? text
    }

    /// The pieces that the pre-tokenizer makes of a text.
    package func pieces(_ text: String) -> [String] {
        var text = text
        let scratch = EncoderScratch()
        var result: [String] = []
        text.withUTF8 { bytes in
            guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
            scratch.regex.steps = Self.steps(bytes.count)
            scratch.pieces = [Piece(start: 0, end: bytes.count)]
            preTokenizer.cut(base, isFirst: true, scratch) { text in
                for piece in scratch.pieces {
                    let bytes = UnsafeBufferPointer(
                        start: text + piece.start, count: piece.end - piece.start)
                    result.append(String(decoding: bytes, as: UTF8.self))
                }
            }
        }
        return result
    }

    // MARK: Decoding

    /// The text of tokens; bytes that are not UTF-8 become U+FFFD. Ids without a token are left
    /// out, as Python's `tokenizers` does: a model may have more outputs than its vocabulary.
    public func decode(_ ids: some Sequence<Int32>, skipSpecialTokens: Bool = false) -> String {
        ids.withContiguousStorageIfAvailable { decode($0, skipSpecialTokens) }
            ?? Array(ids).withUnsafeBufferPointer { decode($0, skipSpecialTokens) }
    }

    private func decode(_ ids: UnsafeBufferPointer<Int32>, _ skipsSpecial: Bool) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(ids.count * 4)
        var state = DecodingState(self)
        for id in ids where !(skipsSpecial && isSpecial(id)) {
            bytes.append(contentsOf: state.bytes(of: id, self))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Drops the spaces at the start of a text that encoding put there.
struct DecodingState: Sendable {
    private var spacesToDrop: Int
    private let onlyInFirstToken: Bool

    init(_ tokenizer: Tokenizer) {
        spacesToDrop = tokenizer.decoder.leadingSpaces
        onlyInFirstToken = tokenizer.decoder.onlyInFirstToken
    }

    mutating func bytes(of id: Int32, _ tokenizer: Tokenizer) -> ArraySlice<UInt8> {
        var bytes = tokenizer.bytes(of: id)
        guard spacesToDrop > 0, !bytes.isEmpty else { return bytes }
        while spacesToDrop > 0, bytes.first == 0x20 {
            bytes = bytes.dropFirst()
            spacesToDrop -= 1
        }
        if onlyInFirstToken || !bytes.isEmpty { spacesToDrop = 0 }
        return bytes
    }
}
