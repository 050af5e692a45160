// SPDX-License-Identifier: Apache-2.0
//
// Vocabularies of GGUF files. Where a file leaves something open, llama.cpp's choice is made, with
// one exception: Qwen2 texts are brought to NFC, as in the model's own tokenizer.json.

import RetortJSON

extension Tokenizer {
    /// The values of `tokenizer.ggml.pre` that are understood.
    public static var knownPreTokenizers: [String] {
        PreTokenizerFamily.allCases.flatMap(\.names).sorted()
    }

    /// - Throws: ``TokenizerError`` if the vocabulary is damaged, or its model or pre-tokenizer is
    ///   not known.
    public convenience init(gguf: GGUFVocabulary) throws(TokenizerError) {
        switch gguf.model {
        case "gpt2": try self.init(byteLevel: gguf)
        case "llama": try self.init(sentencePiece: gguf)
        default:
            throw TokenizerError(
                "the vocabulary's tokenizer.ggml.model is \(Self.printable(gguf.model)), which is "
                    + "not supported; known are gpt2 and llama")
        }
    }

    /// Names come from a file: keep them short and in ASCII.
    private static func printable(_ name: String) -> String {
        String(name.unicodeScalars.prefix(40).filter { (0x21...0x7E).contains($0.value) })
    }

    private convenience init(byteLevel gguf: GGUFVocabulary) throws(TokenizerError) {
        let pre = gguf.pre ?? "default"
        guard let family = PreTokenizerFamily(named: pre) else {
            throw TokenizerError(
                "the vocabulary's tokenizer.ggml.pre is \(Self.printable(pre)), which is not "
                    + "supported; known are " + Self.knownPreTokenizers.joined(separator: ", "))
        }
        let vocabulary = try Self.vocabulary(gguf, addedAreInModel: false)
        var merges = SpelledMerges()
        merges.reserve(gguf.merges.count)
        for (rank, merge) in gguf.merges.enumerated() {
            guard merges.append(merge) else { throw Self.badMerge(rank) }
        }
        var description = ModelDescription(merges: .pairs(merges), isByteLevel: true)
        description.ignoresMerges = family.ignoresMerges
        description.firstMergeWins = true
        var components = TokenizerComponents()
        components.normalizer = family.normalizer
        components.preTokenizer = family.preTokenizer
        components.decoder = PreTokenizerFamily.byteLevel(usesRegex: true)
        try self.init(
            gguf, vocabulary, description, components,
            ids: SpecialIDs(
                bos: gguf.bosID, eos: gguf.eosID, pad: gguf.padID, unknown: gguf.unknownID),
            addsBOS: gguf.addBOS ?? family.addsBOS)
    }

    private convenience init(sentencePiece gguf: GGUFVocabulary) throws(TokenizerError) {
        guard gguf.scores.count == gguf.tokens.count else {
            throw TokenizerError(
                "the vocabulary has \(gguf.scores.count) scores for \(gguf.tokens.count) tokens")
        }
        let vocabulary = try Self.vocabulary(gguf, addedAreInModel: true)
        func usual(_ id: Int32, _ type: GGUFVocabulary.TokenType) -> Int32? {
            Int(id) < gguf.tokenTypes.count && gguf.tokenTypes[Int(id)] == type.rawValue ? id : nil
        }
        let ids = SpecialIDs(
            bos: gguf.bosID ?? usual(1, .control), eos: gguf.eosID ?? usual(2, .control),
            pad: gguf.padID, unknown: gguf.unknownID ?? usual(0, .unknown))
        var description = ModelDescription(merges: .scores(gguf.scores), isByteLevel: false)
        description.byteFallback = true
        description.unknownID = ids.unknown
        description.fusesUnknown = true
        let addsSpace = gguf.addSpacePrefix ?? true
        var components = TokenizerComponents()
        let escape: JSONValue = [
            "type": "Replace", "pattern": ["String": " "], "content": "\u{2581}",
        ]
        let prepend: JSONValue = ["type": "Prepend", "prepend": "\u{2581}"]
        components.normalizer = [
            "type": "Sequence", "normalizers": .array(addsSpace ? [prepend, escape] : [escape]),
        ]
        var decoders: [JSONValue] = [
            ["type": "Replace", "pattern": ["String": "\u{2581}"], "content": " "],
            ["type": "ByteFallback"], ["type": "Fuse"],
        ]
        if addsSpace {
            decoders.append(["type": "Strip", "content": " ", "start": 1, "stop": 0])
        }
        components.decoder = ["type": "Sequence", "decoders": .array(decoders)]
        try self.init(
            gguf, vocabulary, description, components, ids: ids, addsBOS: gguf.addBOS ?? true)
    }

    private convenience init(
        _ gguf: GGUFVocabulary, _ vocabulary: VocabularyBuilder, _ description: ModelDescription,
        _ components: TokenizerComponents, ids: SpecialIDs, addsBOS: Bool
    ) throws(TokenizerError) {
        var components = components
        let prefix = addsBOS ? ids.bos : nil
        let suffix = gguf.addEOS == true ? ids.eos : nil
        for id in [prefix, suffix].compactMap({ $0 }) {
            guard id >= 0, Int(id) < gguf.tokens.count else {
                throw TokenizerError(
                    "a special token has the id \(id); the vocabulary ends at "
                        + "\(gguf.tokens.count - 1)")
            }
        }
        if prefix != nil || suffix != nil {
            components.postProcessor = Self.template(prefix: prefix, suffix: suffix) {
                String(decoding: gguf.tokens[Int($0)], as: UTF8.self)
            }
        }
        var postProcessor = PostProcessor()
        postProcessor.prefix = prefix.map { [$0] } ?? []
        postProcessor.suffix = suffix.map { [$0] } ?? []
        try self.init(
            components: components, postProcessor: postProcessor, vocabulary: vocabulary,
            description: description,
            preTokenizer: try PreTokenizer(json: components.preTokenizer), special: ids)
    }

    /// - Parameter addedAreInModel: Whether merges may lead to tokens that are matched as a whole.
    private static func vocabulary(_ gguf: GGUFVocabulary, addedAreInModel: Bool)
        throws(TokenizerError) -> VocabularyBuilder
    {
        guard !gguf.tokens.isEmpty else { throw TokenizerError("the vocabulary has no tokens") }
        guard gguf.tokens.count <= VocabularyBuilder.largestID else {
            throw TokenizerError("the vocabulary has \(gguf.tokens.count) tokens, too many")
        }
        guard gguf.tokenTypes.isEmpty || gguf.tokenTypes.count == gguf.tokens.count else {
            throw TokenizerError(
                "the vocabulary has \(gguf.tokenTypes.count) token types for "
                    + "\(gguf.tokens.count) tokens")
        }
        var vocabulary = VocabularyBuilder()
        vocabulary.spelled.reserveCapacity(gguf.tokens.count)
        for (id, token) in gguf.tokens.enumerated() {
            let type = gguf.tokenTypes.isEmpty ? 1 : gguf.tokenTypes[id]
            var isAdded = false
            var isSpecial = false
            switch GGUFVocabulary.TokenType(rawValue: type) {
            case .unknown, .control: (isAdded, isSpecial) = (true, true)
            case .userDefined: isAdded = true
            default: break
            }
            // llama.cpp invents a name for empty tokens; no text leads there.
            vocabulary.spelled.append(token.isEmpty ? nil : token[...])
            vocabulary.isInModel.append(!token.isEmpty && (!isAdded || addedAreInModel))
            if isAdded, !token.isEmpty {
                vocabulary.added.append(
                    AddedToken(id: Int32(id), content: token, isSpecial: isSpecial))
            }
        }
        return vocabulary
    }
}
