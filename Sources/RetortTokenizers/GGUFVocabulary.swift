// SPDX-License-Identifier: Apache-2.0
//
// A vocabulary as GGUF metadata spells it. This module knows no files: whoever reads or writes one
// fills this value from, or into, the `tokenizer.ggml.*` keys.

/// The `tokenizer.ggml.*` keys of a GGUF file.
public struct GGUFVocabulary: Sendable, Equatable {
    /// `tokenizer.ggml.model`: "gpt2" (byte-level BPE) or "llama" (SentencePiece BPE).
    public var model: String
    /// `tokenizer.ggml.pre`: the name of the pre-tokenizer; see ``Tokenizer/knownPreTokenizers``.
    public var pre: String?
    /// `tokenizer.ggml.tokens`, by id; byte-level tokens in GPT-2's printable spelling.
    public var tokens: [[UInt8]]
    /// `tokenizer.ggml.token_type`, by id (see ``TokenType``); empty: all normal.
    public var tokenTypes: [Int32]
    /// `tokenizer.ggml.scores`, by id; only model "llama" uses them.
    public var scores: [Float]
    /// `tokenizer.ggml.merges`: "left right", best first; only model "gpt2" uses them.
    public var merges: [[UInt8]]
    public var bosID: Int32?
    public var eosID: Int32?
    public var unknownID: Int32?
    public var padID: Int32?
    /// `tokenizer.ggml.add_bos_token`; nil: as llama.cpp does for the model and `pre`.
    public var addBOS: Bool?
    public var addEOS: Bool?
    /// `tokenizer.ggml.add_space_prefix`; nil: true for model "llama".
    public var addSpacePrefix: Bool?

    public init(
        model: String, pre: String? = nil, tokens: [[UInt8]], tokenTypes: [Int32] = [],
        scores: [Float] = [], merges: [[UInt8]] = [], bosID: Int32? = nil, eosID: Int32? = nil,
        unknownID: Int32? = nil, padID: Int32? = nil, addBOS: Bool? = nil, addEOS: Bool? = nil,
        addSpacePrefix: Bool? = nil
    ) {
        self.model = model
        self.pre = pre
        self.tokens = tokens
        self.tokenTypes = tokenTypes
        self.scores = scores
        self.merges = merges
        self.bosID = bosID
        self.eosID = eosID
        self.unknownID = unknownID
        self.padID = padID
        self.addBOS = addBOS
        self.addEOS = addEOS
        self.addSpacePrefix = addSpacePrefix
    }

    /// Values of `tokenizer.ggml.token_type`.
    public enum TokenType: Int32, Sendable {
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }
}
