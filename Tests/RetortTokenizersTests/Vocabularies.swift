// SPDX-License-Identifier: Apache-2.0
//
// The fixtures: real vocabularies cut down by Tools/make_tokenizer_fixtures.py, with the ids that
// the reference gives with the whole vocabulary.

import Foundation
import RetortJSON
import RetortTokenizers
import TestSupport

struct FixtureError: Error {
    let description: String
}

func readFixture(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: [UInt8](Data(contentsOf: fixture(name))))
}

extension JSONValue {
    var ids: [Int32] { (arrayValue ?? []).compactMap { $0.intValue.map(Int32.init) } }
    var strings: [String] { (arrayValue ?? []).compactMap(\.stringValue) }
    var id: Int32? { intValue.map(Int32.init) }
}

/// A text and its ids.
struct EncodingCase: Sendable {
    let text: String
    let ids: [Int32]
}

/// A vocabulary of a GGUF file and what the reference makes of texts.
struct ReferenceVocabulary: Sendable {
    let gguf: GGUFVocabulary
    let cases: [EncodingCase]

    init(_ name: String) throws {
        let json = try readFixture("vocab-\(name).json")
        guard let count = json["count"]?.intValue, let model = json["model"]?.stringValue else {
            throw FixtureError(description: "\(name) is no vocabulary")
        }
        var tokens = [[UInt8]](repeating: [], count: count)
        var types = [Int32](repeating: 1, count: count)
        var scores = [Float](repeating: 0, count: count)
        for (index, id) in (json["ids"]?.ids ?? []).enumerated() {
            tokens[Int(id)] = Array((json["tokens"]?.arrayValue?[index].stringValue ?? "").utf8)
            types[Int(id)] = json["types"]?.arrayValue?[index].id ?? 1
            scores[Int(id)] = Float(json["scores"]?.arrayValue?[index].doubleValue ?? 0)
        }
        gguf = GGUFVocabulary(
            model: model, pre: json["pre"]?.stringValue, tokens: tokens, tokenTypes: types,
            scores: scores, merges: (json["merges"]?.strings ?? []).map { Array($0.utf8) },
            bosID: json["bos"]?.id, eosID: json["eos"]?.id, unknownID: json["unknown"]?.id,
            padID: json["pad"]?.id, addBOS: json["add_bos"]?.boolValue,
            addEOS: json["add_eos"]?.boolValue)
        cases = (json["cases"]?.arrayValue ?? []).map {
            EncodingCase(text: $0["text"]?.stringValue ?? "", ids: $0["ids"]?.ids ?? [])
        }
    }

    static let names = [
        "deepseek-coder", "deepseek-llm", "gpt-2", "llama-bpe", "llama-spm", "qwen2",
    ]
}

/// DeepSeek V3's tokenizer.json, cut down.
func deepSeekV3() throws -> (json: JSONValue, cases: [JSONValue]) {
    let file = try readFixture("deepseek-v3.json")
    guard let json = file["tokenizer"], let cases = file["cases"]?.arrayValue else {
        throw FixtureError(description: "deepseek-v3.json is no tokenizer")
    }
    return (json, cases)
}

/// A byte-level tokenizer.json with a token for each byte and the merges given, in GPT-2's
/// spelling.
func tinyTokenizer(merges: [(String, String)] = [], extra: [String: JSONValue] = [:]) -> JSONValue {
    var vocabulary: [(String, JSONValue)] = []
    for byte in UInt8.min...UInt8.max {
        vocabulary.append((spelling([byte]), .integer(Int64(byte))))
    }
    for (left, right) in merges
    where !vocabulary.contains(where: { JSONObject.sameBytes($0.0, left + right) }) {
        vocabulary.append((left + right, .integer(Int64(vocabulary.count))))
    }
    var object = JSONObject([
        ("added_tokens", []), ("normalizer", nil),
        (
            "pre_tokenizer",
            ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true]
        ),
        ("post_processor", nil), ("decoder", ["type": "ByteLevel"]),
        (
            "model",
            [
                "type": "BPE", "vocab": .object(JSONObject(vocabulary)),
                "merges": .array(merges.map { .string($0.0 + " " + $0.1) }),
            ]
        ),
    ])
    for (key, value) in extra { object[key] = value }
    return .object(object)
}

/// GPT-2's spelling of bytes, written down anew.
func spelling(_ bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes {
        switch byte {
        case 0x00...0x20: text.append(Unicode.Scalar(0x100 + UInt32(byte)) ?? "?")
        case 0x7F...0xA0: text.append(Unicode.Scalar(0x121 + UInt32(byte) - 0x7F) ?? "?")
        case 0xAD: text.append("\u{143}")
        default: text.append(Unicode.Scalar(byte))
        }
    }
    return String(text)
}

/// A random text of scalars from all of Unicode, most of them likely ones.
func randomText(_ random: inout SeededRandom, longest: Int = 40) -> String {
    let pools: [ClosedRange<UInt32>] = [
        0x20...0x7E, 0x20...0x7E, 0x9...0xD, 0x20...0x20, 0x30...0x39, 0xA0...0x24F, 0x300...0x36F,
        0x370...0x52F, 0x590...0x6FF, 0x900...0xE7F, 0x1100...0x11FF, 0x1E00...0x206F,
        0x3000...0x30FF, 0x4E00...0x9FFF, 0xAC00...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
        0x1F300...0x1FAFF,
    ]
    var text = String.UnicodeScalarView()
    let pool = pools.randomElement(using: &random) ?? 0x20...0x7E
    for _ in 0..<Int.random(in: 0...longest, using: &random) {
        let from = Bool.random(using: &random) ? pool : pools.randomElement(using: &random) ?? pool
        if let scalar = Unicode.Scalar(UInt32.random(in: from, using: &random)) {
            text.append(scalar)
        }
    }
    return String(text)
}

/// A tokenizer that only splits, at a pattern.
@discardableResult
func splitter(_ pattern: String, behavior: String, invert: Bool) throws -> Tokenizer {
    let split: JSONValue = [
        "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": .string(behavior),
        "invert": .bool(invert),
    ]
    return try Tokenizer(tokenizerJSON: tinyTokenizer(extra: ["pre_tokenizer": split]), config: nil)
}
