// SPDX-License-Identifier: Apache-2.0
//
// `tokenizer.ggml.pre` names a pre-tokenizer; tokenizer.json spells it out. A family is both.

import RetortJSON

/// The pre-tokenizers that GGUF files name.
enum PreTokenizerFamily: CaseIterable {
    case gpt2
    case starcoder
    case llama3
    case qwen2
    case qwen2WithoutNFC
    case qwen35
    case deepSeekLLM
    case deepSeekCoder
    case deepSeekV3
    case gpt4o
    case tekken
    case ggufDefault

    /// The names in GGUF files; the first is the one that is written.
    var names: [String] {
        switch self {
        case .gpt2:
            return [
                "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat",
                "a.x-4.0", "mellum", "olmo", "jais",
            ]
        case .starcoder:
            return [
                "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b",
            ]
        case .llama3:
            return ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"]
        case .qwen2: return ["qwen2", "stablelm2", "hunyuan", "megrez"]
        case .qwen2WithoutNFC: return ["deepseek-r1-qwen", "kormo"]
        case .qwen35: return ["qwen35"]
        case .deepSeekLLM: return ["deepseek-llm"]
        case .deepSeekCoder: return ["deepseek-coder"]
        case .deepSeekV3: return ["deepseek-v3", "deepseek-r1"]
        case .gpt4o: return ["gpt-4o", "llama4"]
        case .tekken: return ["tekken"]
        case .ggufDefault: return ["default"]
        }
    }

    init?(named name: String) {
        guard let family = Self.allCases.first(where: { $0.names.contains(name) }) else {
            return nil
        }
        self = family
    }

    /// Whether llama.cpp lets a word that is a token be that token.
    var ignoresMerges: Bool { self == .llama3 || self == .tekken }

    /// Whether llama.cpp puts BOS before a text if the file does not say.
    var addsBOS: Bool { self == .llama3 || self == .tekken }

    /// Qwen2's tokenizer.json composes the text first; llama.cpp does not.
    var normalizer: JSONValue {
        self == .qwen2 || self == .qwen35 ? ["type": "NFC"] : .null
    }

    /// The regular expressions, then whether each number stands alone.
    private var patterns: (regexes: [String], digits: Bool) {
        typealias Patterns = PreTokenizerPatterns
        switch self {
        case .gpt2: return ([Patterns.gpt2], false)
        case .starcoder: return ([#"\p{N}"#, Patterns.gpt2], false)
        case .llama3: return ([Patterns.llama3], false)
        case .qwen2, .qwen2WithoutNFC: return ([Patterns.qwen2], false)
        case .qwen35: return ([Patterns.qwen35], false)
        case .deepSeekLLM:
            return (
                [
                    Patterns.deepSeekNewlines, Patterns.deepSeekWords,
                    Patterns.deepSeekPunctuation, Patterns.deepSeekTrailingSpace,
                    Patterns.deepSeekIdeographs,
                ], true
            )
        case .deepSeekCoder:
            return (
                [
                    Patterns.deepSeekNewlines, Patterns.deepSeekCoderLetters,
                    Patterns.deepSeekCoderPunctuation, Patterns.deepSeekIdeographs,
                ], true
            )
        case .deepSeekV3:
            return (
                [
                    Patterns.deepSeek3Numbers, Patterns.deepSeek3Ideographs,
                    Patterns.deepSeek3Words,
                ], false
            )
        case .gpt4o: return ([Patterns.gpt4o], false)
        case .tekken: return ([Patterns.tekken], false)
        case .ggufDefault: return (Patterns.ggufDefault, false)
        }
    }

    /// The pre-tokenizer as tokenizer.json spells it.
    var preTokenizer: JSONValue {
        if self == .gpt2 { return Self.byteLevel(usesRegex: true) }
        let (regexes, digits) = patterns
        var steps: [JSONValue] = regexes.map {
            [
                "type": "Split", "pattern": ["Regex": .string($0)], "behavior": "Isolated",
                "invert": false,
            ]
        }
        if digits { steps.append(["type": "Digits", "individual_digits": true]) }
        steps.append(Self.byteLevel(usesRegex: false))
        return ["type": "Sequence", "pretokenizers": .array(steps)]
    }

    static func byteLevel(usesRegex: Bool, addsPrefixSpace: Bool = false) -> JSONValue {
        [
            "type": "ByteLevel", "add_prefix_space": .bool(addsPrefixSpace), "trim_offsets": true,
            "use_regex": .bool(usesRegex),
        ]
    }

    /// The family whose pre-tokenizer and normalizer these are.
    init?(preTokenizer: JSONValue, normalizer: JSONValue) {
        guard let wanted = Self.signature(preTokenizer) else { return nil }
        let normalizes = normalizer["type"]?.stringValue == "NFC"
        let known = Self.allCases.filter { Self.signature($0.preTokenizer) == wanted }
        guard
            let family = known.first(where: { !$0.normalizer.isNull == normalizes }) ?? known.first
        else { return nil }
        self = family
    }

    /// The steps as bytes, so that equal splits are equal however they are written.
    private static func signature(_ json: JSONValue) -> [[UInt8]]? {
        func step(_ kind: UInt8, _ text: String = "") -> [UInt8] { [kind] + Array(text.utf8) }
        switch json["type"]?.stringValue {
        case "Sequence":
            var result: [[UInt8]] = []
            for item in json["pretokenizers"]?.arrayValue ?? [] {
                guard item["type"]?.stringValue != "Sequence", let part = signature(item) else {
                    return nil
                }
                result += part
            }
            return result
        case "Split":
            guard let regex = json["pattern"]?["Regex"]?.stringValue else { return nil }
            let isInverted = json["invert"]?.boolValue ?? false
            switch json["behavior"]?.stringValue {
            case "Isolated": break
            case "Removed" where isInverted: break
            default: return nil
            }
            let isNewline = JSONObject.sameBytes(regex, #"[\r\n]"#)
            return [step(0, isNewline ? PreTokenizerPatterns.deepSeekNewlines : regex)]
        case "Digits":
            return json["individual_digits"]?.boolValue == true ? [step(0, #"\p{N}"#)] : nil
        case "ByteLevel":
            guard json["add_prefix_space"]?.boolValue == false else { return nil }
            return json["use_regex"]?.boolValue ?? true
                ? [step(0, PreTokenizerPatterns.gpt2), step(1)] : [step(1)]
        default: return nil
        }
    }
}
