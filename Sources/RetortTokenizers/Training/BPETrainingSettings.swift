// SPDX-License-Identifier: Apache-2.0

import RetortJSON

/// What a byte-level BPE tokenizer is to be like. Names and effects are those of `BpeTrainer` in
/// the Python library `tokenizers`.
public struct BPETrainingSettings: Sendable, Equatable {
    /// How a text is cut into words, which merges never cross.
    public enum PreTokenizer: String, Sendable, CaseIterable {
        /// GPT-2's ByteLevel, without a space in front.
        case gpt2
        /// Qwen2's pattern: each digit alone.
        case qwen2
        /// Llama 3's pattern: up to three digits together.
        case llama3
        /// The three patterns of DeepSeek V3 and R1: up to three digits together.
        case deepSeek = "deepseek"
    }

    /// A token that is matched as a whole and never cut. Ids go by the order of the list.
    public struct AddedToken: Sendable, Equatable, ExpressibleByStringLiteral {
        public var content: String
        /// Whether the token controls the model, so that decoding may leave it out; not so for
        /// tokens that belong to the text, such as `<think>`.
        public var isSpecial: Bool

        public init(_ content: String, isSpecial: Bool = true) {
            self.content = content
            self.isSpecial = isSpecial
        }

        public init(stringLiteral value: String) { self.init(value) }
    }

    /// Tokens in all, added ones and bytes included. Training ends earlier if the words run out.
    public var vocabularySize: Int
    /// Pairs that come less often are not merged.
    public var minimumFrequency = 0
    /// They take the first ids.
    public var addedTokens: [AddedToken] = []
    /// Whether bytes that the corpus lacks get a token too. Without, they cannot be encoded.
    public var includesAllBytes = true
    /// Merges make only tokens of fewer bytes than this, those of two bytes aside (the library
    /// compares so).
    public var maximumTokenLength: Int?
    public var preTokenizer = PreTokenizer.gpt2
    /// Whether each digit is cut off first, whatever the pattern says.
    public var splitsDigits = false
    /// Whether texts are composed first (NFC).
    public var composes = false

    public init(vocabularySize: Int) { self.vocabularySize = vocabularySize }
}

extension BPETrainingSettings {
    var normalizerJSON: JSONValue { composes ? ["type": "NFC"] : .null }

    /// As tokenizer.json spells it.
    var preTokenizerJSON: JSONValue {
        let family: PreTokenizerFamily =
            switch preTokenizer {
            case .gpt2: .gpt2
            case .qwen2: .qwen2
            case .llama3: .llama3
            case .deepSeek: .deepSeekV3
            }
        guard splitsDigits else { return family.preTokenizer }
        let steps = family.preTokenizer["pretokenizers"]?.arrayValue ?? [family.preTokenizer]
        let digits: JSONValue = ["type": "Digits", "individual_digits": true]
        return ["type": "Sequence", "pretokenizers": .array([digits] + steps)]
    }

    /// - Throws: ``TokenizerError`` for settings that no corpus can meet.
    func check() throws(TokenizerError) {
        guard vocabularySize <= VocabularyBuilder.largestID else {
            throw TokenizerError(
                "the vocabulary size is \(vocabularySize); expected at most "
                    + "\(VocabularyBuilder.largestID)")
        }
        guard minimumFrequency >= 0 else {
            throw TokenizerError(
                "the minimum frequency is \(minimumFrequency); expected 0 or more")
        }
        if let maximumTokenLength, maximumTokenLength < 0 {
            throw TokenizerError(
                "the maximum token length is \(maximumTokenLength); expected 0 or more")
        }
        if let index = addedTokens.firstIndex(where: \.content.isEmpty) {
            throw TokenizerError("added token \(index) is empty; expected a text")
        }
    }
}
