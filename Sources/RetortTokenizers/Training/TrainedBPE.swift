// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a ``BPETrainer`` learnt.
public struct TrainedBPE: Sendable {
    public let settings: BPETrainingSettings
    /// By id, in the alphabet of byte-level vocabularies.
    public let tokens: [String]
    /// Pairs of ids by rank.
    public let merges: [(left: Int32, right: Int32)]

    /// The contents of tokenizer.json, member for member as `tokenizers` writes them.
    public func tokenizerJSON() -> JSONValue {
        let vocabulary = tokens.enumerated().map { id, token in
            JSONObject.Member(key: token, value: .integer(Int64(id)))
        }
        let merges: [JSONValue] = merges.map {
            [.string(tokens[Int($0.left)]), .string(tokens[Int($0.right)])]
        }
        let added = addedTokens.map { id, token in
            var members: [(String, JSONValue)] = [("id", .integer(Int64(id)))]
            members += Self.description(of: token)
            return JSONValue.object(JSONObject(members))
        }
        return [
            "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
            "normalizer": settings.normalizerJSON, "pre_tokenizer": settings.preTokenizerJSON,
            "post_processor": nil,
            "decoder": [
                "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
                "use_regex": true,
            ],
            "model": [
                "type": "BPE", "dropout": nil, "unk_token": nil,
                "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": false,
                "byte_fallback": false, "ignore_merges": false,
                "vocab": .object(JSONObject(members: vocabulary)), "merges": .array(merges),
            ],
        ]
    }

    /// The tokenizer itself.
    /// - Throws: ``TokenizerError`` as ``tokenizerConfigJSON(_:)`` does.
    public func tokenizer(_ config: TokenizerConfig = .init()) throws(TokenizerError) -> Tokenizer {
        try Tokenizer(
            tokenizerJSON: tokenizerJSON(), config: try tokenizerConfigJSON(config))
    }

    /// Added tokens and their ids, each once.
    private var addedTokens: [(id: Int, token: BPETrainingSettings.AddedToken)] {
        var seen: Set<[UInt8]> = []
        let distinct = settings.addedTokens.filter {
            seen.insert(Array($0.content.utf8)).inserted
        }
        return distinct.enumerated().map { ($0.offset, $0.element) }
    }

    private static func description(of token: BPETrainingSettings.AddedToken)
        -> [(String, JSONValue)]
    {
        [
            ("content", .string(token.content)), ("single_word", false), ("lstrip", false),
            ("rstrip", false), ("normalized", false), ("special", .bool(token.isSpecial)),
        ]
    }
}

extension TrainedBPE {
    /// What tokenizer_config.json says beside the tokens.
    public struct TokenizerConfig: Sendable, Equatable {
        /// Added tokens by content.
        public var bosToken: String?
        public var eosToken: String?
        public var padToken: String?
        /// A Jinja template.
        public var chatTemplate: String?
        /// In tokens.
        public var modelMaxLength: Int?

        public init() {}
    }

    /// The contents of tokenizer_config.json, for transformers' `PreTrainedTokenizerFast`.
    /// - Throws: ``TokenizerError`` if a token that is named is not an added token.
    public func tokenizerConfigJSON(_ config: TokenizerConfig) throws(TokenizerError) -> JSONValue {
        let added = addedTokens
        func named(_ token: String?, _ name: String) throws(TokenizerError) -> JSONValue {
            guard let token else { return .null }
            guard added.contains(where: { JSONObject.sameBytes($0.token.content, token) }) else {
                throw TokenizerError(
                    "the \(name) is none of the \(added.count) added tokens; expected one of them")
            }
            return .string(token)
        }
        if let length = config.modelMaxLength, length <= 0 {
            throw TokenizerError("the model_max_length is \(length); expected 1 or more")
        }
        let decoder = added.map { id, token in
            (String(id), JSONValue.object(JSONObject(Self.description(of: token))))
        }
        var object = JSONObject([
            ("added_tokens_decoder", .object(JSONObject(decoder))),
            ("bos_token", try named(config.bosToken, "bos_token")),
            ("clean_up_tokenization_spaces", false),
            ("eos_token", try named(config.eosToken, "eos_token")),
            ("pad_token", try named(config.padToken, "pad_token")),
            ("unk_token", nil), ("tokenizer_class", "PreTrainedTokenizerFast"),
        ])
        object["chat_template"] = config.chatTemplate.map { .string($0) }
        object["model_max_length"] = config.modelMaxLength.map { .integer(Int64($0)) }
        return .object(object)
    }
}
