// SPDX-License-Identifier: Apache-2.0
//
// Writes a tokenizer as either kind of file, whichever it came from.

import RetortJSON

extension Tokenizer {
    private var isByteLevel: Bool {
        if case .bytes = model.alphabet { return true }
        return false
    }

    /// The token as vocabularies spell it.
    private func spelling(_ id: Int32) -> [UInt8] {
        isVerbatim[Int(id)] ? Array(keys[id]) : Array(ByteLevelAlphabet.encode(keys[id]).utf8)
    }

    /// A tokenizer.json that gives the same ids.
    public func tokenizerJSON() -> JSONValue {
        let spelled = keys.count > 0 ? (0..<Int32(keys.count)).map(spelling) : []
        func text(_ id: Int32) -> JSONValue {
            .string(String(decoding: spelled[Int(id)], as: UTF8.self))
        }
        // Every token goes into the model's list, which fixes its id; where two are spelled alike,
        // the one that encoding uses.
        var members: [JSONObject.Member] = []
        members.reserveCapacity(keys.count)
        var isAdded = [Bool](repeating: false, count: keys.count)
        for token in added { isAdded[Int(token.id)] = true }
        for id in 0..<Int32(keys.count) where isPresent[Int(id)] {
            if !isAdded[Int(id)], let used = model.table.find(keys[id]), used != id,
                isVerbatim[Int(id)] != isByteLevel
            {
                continue
            }
            members.append(
                .init(
                    key: String(decoding: spelled[Int(id)], as: UTF8.self),
                    value: .integer(Int64(id))))
        }
        let addedTokens: [JSONValue] = added.sorted { $0.id < $1.id }.map { token in
            [
                "id": .integer(Int64(token.id)),
                "content": .string(String(decoding: token.content, as: UTF8.self)),
                "single_word": .bool(token.isSingleWord), "lstrip": .bool(token.stripsLeft),
                "rstrip": .bool(token.stripsRight), "normalized": .bool(token.isNormalized),
                "special": .bool(token.isSpecial),
            ]
        }
        let modelJSON: JSONValue = [
            "type": "BPE", "dropout": nil,
            "unk_token": model.unknownID.map(text) ?? .null,
            "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
            "fuse_unk": .bool(model.fusesUnknown),
            "byte_fallback": .bool(!model.byteTokens.isEmpty),
            "ignore_merges": .bool(model.ignoresMerges),
            "vocab": .object(JSONObject(members: members)),
            "merges": .array(
                merges.filter { $0.left < model.firstPseudoID && $0.right < model.firstPseudoID }
                    .map { .array([text($0.left), text($0.right)]) }),
        ]
        return [
            "version": "1.0", "truncation": nil, "padding": nil,
            "added_tokens": .array(addedTokens), "normalizer": components.normalizer,
            "pre_tokenizer": components.preTokenizer,
            "post_processor": components.postProcessor, "decoder": components.decoder,
            "model": modelJSON,
        ]
    }

    /// The vocabulary for a GGUF file; nil if GGUF has no name for the pre-tokenizer, so that
    /// other programs would encode differently.
    public func ggufVocabulary() -> GGUFVocabulary? {
        var result: GGUFVocabulary
        if isByteLevel {
            guard
                let family = PreTokenizerFamily(
                    preTokenizer: components.preTokenizer, normalizer: components.normalizer)
            else { return nil }
            result = GGUFVocabulary(model: "gpt2", pre: family.names[0], tokens: [])
            result.merges = merges.map { spelling($0.left) + [0x20] + spelling($0.right) }
        } else {
            guard let addsSpace = sentencePiecePrefix else { return nil }
            result = GGUFVocabulary(model: "llama", pre: "default", tokens: [])
            result.addSpacePrefix = addsSpace
            result.scores = scores.isEmpty ? scoresOfMerges() : scores
        }
        let normal = GGUFVocabulary.TokenType.normal.rawValue
        result.tokenTypes = [Int32](repeating: normal, count: keys.count)
        for id in 0..<Int32(keys.count) {
            // A hole needs a name of its own.
            if isPresent[Int(id)] {
                result.tokens.append(spelling(id))
            } else {
                result.tokens.append(Array("[PAD\(id)]".utf8))
                result.tokenTypes[Int(id)] = GGUFVocabulary.TokenType.unused.rawValue
            }
        }
        for id in model.byteTokens {
            result.tokenTypes[Int(id)] = GGUFVocabulary.TokenType.byte.rawValue
        }
        for token in added {
            let type: GGUFVocabulary.TokenType = token.isSpecial ? .control : .userDefined
            result.tokens[Int(token.id)] = token.content
            result.tokenTypes[Int(token.id)] = type.rawValue
        }
        if let unknown = model.unknownID, !isByteLevel {
            result.tokenTypes[Int(unknown)] = GGUFVocabulary.TokenType.unknown.rawValue
        }
        result.bosID = bosID
        result.eosID = eosID
        result.padID = padID
        result.unknownID = unknownID
        result.addBOS = bosID != nil && postProcessor.prefix.first == bosID
        result.addEOS = eosID != nil && postProcessor.suffix.last == eosID
        return result
    }

    /// Whether a text gets a space in front, if that and U+2581 for spaces are all that the
    /// pipeline does; else nil.
    private var sentencePiecePrefix: Bool? {
        guard !model.byteTokens.isEmpty, preTokenizer.steps.count <= 1 else { return nil }
        let mark: [UInt8] = [0xE2, 0x96, 0x81]
        var prepends = false
        var replaces = false
        for step in normalizer.steps {
            switch step {
            case .prepend(mark): prepends = true
            case .replace(.literal([0x20]), mark): replaces = true
            default: return nil
            }
        }
        if let step = preTokenizer.steps.first {
            guard case .metaspace(replacement: mark, let scheme, split: _) = step else {
                return nil
            }
            return prepends || scheme != .never
        }
        return replaces ? prepends : nil
    }

    /// Scores that give the merges' order: the better the earlier a merge makes the token.
    private func scoresOfMerges() -> [Float] {
        var result = [Float](repeating: 0, count: keys.count)
        for (rank, merge) in merges.enumerated() {
            let id = Int(model.merges.find(merge.left, merge.right).id)
            if result.indices.contains(id), result[id] == 0 { result[id] = -Float(rank + 1) }
        }
        return result
    }
}
