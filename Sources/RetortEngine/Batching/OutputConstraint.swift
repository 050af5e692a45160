// SPDX-License-Identifier: Apache-2.0

import RetortFormats
import RetortGrammar
import RetortTokenizers

/// What an answer must be, piece after piece. It begins after the thought, if there is one.
public struct OutputConstraint: Sendable {
    public indirect enum Piece: Sendable {
        /// This very text.
        case text(String)
        /// A text of a grammar. With pieces after it, it ends where nothing more can follow.
        case grammar(TokenConstraint)
        /// One of several texts, none of which begins another, each with what follows it.
        case choice([Alternative])
    }

    public struct Alternative: Sendable {
        public var text: String
        public var then: [Piece]

        public init(_ text: String, then: [Piece]) {
            self.text = text
            self.then = then
        }
    }

    public var pieces: [Piece]
    /// Compiles the choices.
    let cache: GrammarCache

    public init(_ pieces: [Piece], cache: GrammarCache) {
        self.pieces = pieces
        self.cache = cache
    }
}

extension ReasoningModel {
    /// The model's tokens for constrained decoding; takes a moment for large vocabularies.
    /// - Throws: ``EngineError`` if the checkpoint has no vocabulary, `GrammarError`.
    public func tokenVocabulary() throws -> TokenVocabulary {
        let tokenizer = try tokenizer
        var bytes: [UInt8] = []
        var offsets = [0]
        for token in 0..<Int32(config.vocabSize) {
            if Int(token) < tokenizer.vocabularySize, !tokenizer.isSpecial(token) {
                bytes += tokenizer.bytes(of: token)
            }
            offsets.append(bytes.count)
        }
        return try TokenVocabulary(
            bytes: bytes, offsets: offsets, endOfSequence: stopTokens.map(Int.init).sorted())
    }
}

/// Where an answer stands in its constraint. Belongs to the engine's thread.
final class ConstraintProgress {
    private let tokenizer: Tokenizer
    private let cache: GrammarCache
    /// What is left, the next one last.
    private var pieces: [OutputConstraint.Piece]
    private var matcher: GrammarMatcher?
    /// The alternatives of the choice under way, and what was written of one.
    private var alternatives: [OutputConstraint.Alternative] = []
    private var written: [UInt8] = []
    private var mask: [UInt32]

    init(_ constraint: OutputConstraint, tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        cache = constraint.cache
        pieces = constraint.pieces.reversed()
        mask = Array(repeating: 0, count: constraint.cache.vocabulary.maskWordCount)
    }

    /// Whether nothing can follow.
    var isDone: Bool { pieces.isEmpty && (matcher?.isExhausted ?? true) }

    /// The tokens of the text that comes next, none where there is a choice.
    func forcedTokens() throws -> [Int32] {
        var tokens: [Int32] = []
        while matcher == nil, let piece = pieces.popLast() {
            switch piece {
            case .text(let text):
                tokens += tokenizer.encode(text, addSpecialTokens: false)
            case .grammar(let constraint): matcher = GrammarMatcher(constraint)
            case .choice(let choice):
                let pattern = choice.map { Self.escaped($0.text) }.joined(separator: "|")
                matcher = GrammarMatcher(try cache.constraint(for: .regex(pattern)))
                alternatives = choice
                written = []
            }
        }
        return tokens
    }

    /// Leaves only the logits of legal tokens.
    func restrict(_ logits: UnsafeMutableBufferPointer<Float>, stopTokens: Set<Int32>) {
        guard let matcher else { return }
        mask.withUnsafeMutableBufferPointer { mask in
            matcher.fillMask(into: mask)
            for word in 0..<((logits.count + 31) / 32) {
                let bits = word < mask.count ? mask[word] : 0
                if bits == .max { continue }
                let first = 32 * word
                for index in first..<min(first + 32, logits.count)
                where bits & (1 << UInt32(index - first)) == 0 { logits[index] = -.infinity }
            }
        }
        // The answer may end only with its last piece.
        guard !pieces.isEmpty || !alternatives.isEmpty else { return }
        for token in stopTokens where logits.indices.contains(Int(token)) {
            logits[Int(token)] = -.infinity
        }
    }

    /// Takes a chosen token.
    func accept(_ token: Int32) {
        guard let matcher else { return }
        matcher.accept(token: Int(token))
        if !alternatives.isEmpty { written += tokenizer.bytes(of: token) }
        guard matcher.isExhausted, !pieces.isEmpty || !alternatives.isEmpty else { return }
        self.matcher = nil
        if let chosen = alternatives.first(where: { $0.text.utf8.elementsEqual(written) }) {
            pieces += chosen.then.reversed()
        }
        alternatives = []
    }

    /// The text as a pattern that matches itself.
    private static func escaped(_ text: String) -> String {
        var pattern = ""
        for character in text.unicodeScalars {
            if "\\^$.|?*+()[]{}/-".unicodeScalars.contains(character) { pattern += "\\" }
            pattern.unicodeScalars.append(character)
        }
        return pattern
    }
}
